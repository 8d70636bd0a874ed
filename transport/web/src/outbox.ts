// Messages that the server has not acknowledged. They are kept over reloads
// and repeated under the same client id, so that each arrives exactly once.

import { newId } from "./ids.ts";
import { isPassing, WireError } from "./protocol.ts";
import type { Storage } from "./storage.ts";

export interface Unsent {
  cmid: string;
  /** Empty: for the session that is about to be started. */
  sid: string;
  text: string;
  at: number;
  /** Only colleagues see it. */
  note?: boolean;
  /** The code of a final refusal; absent while it may still go out. */
  failed?: string;
}

export interface OutboxOptions {
  storage: Storage;
  key: string;
  send: (item: Unsent) => Promise<void>;
  changed: () => void;
  later?: (run: () => void, ms: number) => void;
}

export class Outbox {
  private items: Unsent[];
  /** Sessions with a message on its way: one at a time keeps their order. */
  private readonly busy = new Set<string>();
  private readonly options: OutboxOptions;
  private online = false;

  constructor(options: OutboxOptions) {
    this.options = options;
    this.items = read(options.storage.get(options.key));
  }

  list(sid: string): Unsent[] {
    return this.items.filter((item) => item.sid === sid);
  }

  get size(): number {
    return this.items.length;
  }

  add(sid: string, text: string, note = false): Unsent {
    const item: Unsent = { cmid: newId(), sid, text, at: Date.now() };
    if (note) item.note = true;
    this.items.push(item);
    this.saved();
    this.pump(sid);
    return item;
  }

  /** The connection came or went. */
  setOnline(online: boolean): void {
    this.online = online;
    if (!online) return;
    for (const sid of new Set(this.items.map((item) => item.sid))) this.pump(sid);
  }

  /** The started session takes what was written before it had an id. */
  adopt(sid: string): void {
    for (const item of this.items) if (item.sid === "") item.sid = sid;
    this.saved();
    this.pump(sid);
  }

  /** The message is in the log: it was acknowledged, or its entry came first. */
  settle(cmid: string): void {
    this.remove(cmid);
  }

  discard(cmid: string): void {
    this.remove(cmid);
  }

  /** Tries a refused message once more, under the same client id. */
  retry(cmid: string): void {
    const item = this.items.find((candidate) => candidate.cmid === cmid);
    if (!item) return;
    delete item.failed;
    this.saved();
    this.pump(item.sid);
  }

  /** Gives a session's messages up: nobody will take them any more. */
  fail(sid: string, code: string): void {
    for (const item of this.items) if (item.sid === sid && !item.failed) item.failed = code;
    this.saved();
  }

  private pump(sid: string): void {
    if (!this.online || sid === "" || this.busy.has(sid)) return;
    const next = this.items.find((item) => item.sid === sid && !item.failed);
    if (!next) return;
    this.busy.add(sid);
    this.options
      .send(next)
      .then(
        () => this.remove(next.cmid),
        (error: unknown) => this.refused(next, error),
      )
      .then((wait) => this.after(sid, wait ?? 0));
  }

  private after(sid: string, wait: number): void {
    if (wait === 0) {
      this.busy.delete(sid);
      this.pump(sid);
      return;
    }
    // Later messages of the session wait as well: they keep their order.
    const later = this.options.later ?? ((run: () => void, ms: number) => void setTimeout(run, ms));
    later(() => this.after(sid, 0), wait);
  }

  /** Answers how long to wait before the next try, in milliseconds. */
  private refused(item: Unsent, error: unknown): number {
    if (isPassing(error)) return Math.max((error as WireError).retryAfter, 250);
    item.failed = error instanceof WireError ? error.code : "internal";
    this.saved();
    return 0;
  }

  private remove(cmid: string): void {
    const kept = this.items.filter((item) => item.cmid !== cmid);
    if (kept.length === this.items.length) return;
    this.items = kept;
    this.saved();
  }

  private saved(): void {
    const { storage, key, changed } = this.options;
    if (this.items.length === 0) storage.remove(key);
    else storage.set(key, JSON.stringify(this.items));
    changed();
  }
}

function read(text: string | null): Unsent[] {
  try {
    const items: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(items) ? items.filter(isUnsent) : [];
  } catch {
    return [];
  }
}

function isUnsent(item: unknown): item is Unsent {
  const candidate = item as Partial<Unsent> | null;
  return typeof candidate?.cmid === "string" && typeof candidate.sid === "string" && typeof candidate.text === "string";
}
