// Requests that wait for their answers, of one connection.

import type { Answer } from "./protocol.ts";
import { ParleyError } from "./protocol.ts";
import type { World } from "./world.ts";

export interface RequestOptions {
  /** How long to wait for the answer, in milliseconds. */
  within?: number;
  /** Gives up waiting. What was asked for may still be done. */
  signal?: AbortSignal;
}

interface Pending {
  done: (d: unknown) => void;
  failed: (error: ParleyError) => void;
  forget: () => void;
}

/** Hears of the answer before the next frame is read. A promise would be later: several frames come in one go. */
export interface AtOnce {
  done: (d: unknown) => void;
  failed: (error: ParleyError) => void;
}

export class Requests {
  private readonly pending = new Map<string, Pending>();
  private readonly world: World;
  /** Called when the server did not answer in time: then the line is dead. */
  private readonly unanswered: () => void;
  private made = 0;

  constructor(world: World, unanswered: () => void) {
    this.world = world;
    this.unanswered = unanswered;
  }

  /** Sends a request, and answers what the server does. Fails with a ParleyError. */
  ask<T>(send: (frame: object) => void, op: string, d: object, within: number, signal?: AbortSignal, atOnce?: AtOnce): Promise<T> {
    if (signal?.aborted) return Promise.reject(new ParleyError({ code: "aborted" }));
    const id = `c${++this.made}`;
    return new Promise<T>((done, failed) => {
      const timer = this.world.after(within, () => {
        this.fail(id, "timeout");
        this.unanswered();
      });
      const aborted = () => this.fail(id, "aborted");
      signal?.addEventListener("abort", aborted);
      const forget = () => {
        this.pending.delete(id);
        this.world.cancel(timer);
        signal?.removeEventListener("abort", aborted);
      };
      this.pending.set(id, {
        done: (d) => (atOnce?.done(d), done(d as T)),
        failed: (error) => (atOnce?.failed(error), failed(error)),
        forget,
      });
      send({ k: "req", id, op, d });
    });
  }

  answered(res: Answer): void {
    const pending = this.pending.get(res.id);
    if (!pending) return;
    pending.forget();
    if (res.ok) pending.done(res.d ?? {});
    else pending.failed(new ParleyError(res.e ?? { code: "internal" }));
  }

  /** The line is gone: nothing that waits will be answered. */
  failAll(code: string): void {
    for (const id of [...this.pending.keys()]) this.fail(id, code);
  }

  private fail(id: string, code: string): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    pending.forget();
    pending.failed(new ParleyError({ code }));
  }
}
