// What docs/PROTOCOL.md says beyond the shape of frames, which frames.ts has:
// refusals, which of them pass, and which close codes let a client come back.

import type { By, Code, CtlBye, CtlResumed, Entry, OperatorOps, Passing, ResRefused, VisitorOps, Watch } from "./frames.ts";

export const subprotocol = "parley.v1+json";

/** A session's situation when the connection is seated in it. */
export type Resumed = CtlResumed["d"];
export type Bye = CtlBye["d"];
export type VisitorHello = VisitorOps["auth"]["res"];
export type OperatorHello = OperatorOps["auth"]["res"];
export type Hello = VisitorHello | OperatorHello;
/** The answer to auth.refresh. */
export type Renewed = VisitorOps["auth.refresh"]["res"];
export type Refusal = ResRefused["e"];
export type Side = "visitor" | "operator";

/** How much of a session somebody has: an event's number in it. */
export interface Place {
  sid: string;
  seq: number;
}

/** Any entry of a log as it comes: also of a kind that this version does not know. */
export interface AnyEntry {
  k: "evt";
  t: string;
  sid: string;
  seq: number;
  prev: number;
  ep: number;
  at: string;
  by: By;
  cid?: string;
  cause?: string;
  vis?: string;
  d?: object;
}

export interface Answer {
  k: "res";
  id: string;
  ok: boolean;
  d?: unknown;
  e?: Partial<Refusal> & { code: string };
}

/** A frame of the server's, as far as the connection looks into it. */
export type Frame = AnyEntry | Answer | Passing | Watch | { k: "ctl"; t: string; sid?: string; d?: unknown };

/** Codes of our own: the server has not said them. */
export type OwnCode = "timeout" | "disconnected" | "closed" | "aborted" | "refused" | "outbox_full";

/** A refusal by the server, or one of our own. */
export class ParleyError extends Error {
  /** Stable: see the table of docs/PROTOCOL.md. A later server may know more. */
  readonly code: Code | OwnCode | (string & {});
  /** How long to wait before another try, in milliseconds; 0 if nobody said. */
  readonly retryAfter: number;
  /** All that the server said. */
  readonly refusal: Partial<Refusal>;

  constructor(body: { code: string } & Partial<Omit<Refusal, "code">>) {
    super(body.message ? `${body.code}: ${body.message}` : body.code);
    this.name = "ParleyError";
    this.code = body.code;
    this.retryAfter = body.retry_after_ms ?? 0;
    this.refusal = body as Partial<Refusal>;
  }

  /** What was missed, with `stale_view`. */
  get events(): Entry[] {
    return this.refusal.events ?? [];
  }
}

const passing = ["timeout", "disconnected", "unavailable", "rate_limited", "internal"];

/** Is it worth repeating the request, unchanged, with its key? */
export function isPassing(error: unknown): boolean {
  return error instanceof ParleyError && passing.includes(error.code);
}

/** May a connection closed with this code be opened again? */
export function mayReconnect(code: number): boolean {
  if (code >= 4500 && code <= 4999) return false;
  return ![1002, 1003, 1007, 1009].includes(code);
}
