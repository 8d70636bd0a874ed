// Messages that the server has not acknowledged. They are kept over reloads,
// where the store keeps anything, and repeated under the same client id, so that
// each arrives exactly once.

import { repeatAfter } from "./backoff.ts";
import type { BodyIn } from "./frames.ts";
import { idSource } from "./ids.ts";
import { isPassing, ParleyError } from "./protocol.ts";
import type { Store } from "./storage.ts";

export interface Unsent {
  /** The client's id of the message: its idempotency key. */
  cmid: string;
  /** Empty: for the session that is about to be started. */
  sid: string;
  body: BodyIn;
  /** When it was written, by this machine's clock, in milliseconds. */
  at: number;
  /** Only colleagues see it. */
  note?: boolean;
  /** Refused with stale_view if somebody else wrote after this entry. */
  ifSeq?: number;
  /** The code of a final refusal; absent while it may still go out. */
  failed?: string;
}

/** What a message may say besides its body. */
export interface SendOptions {
  /** For colleagues only; operators. */
  note?: boolean;
  /** The last entry that was seen: refused with stale_view if somebody else wrote after it. */
  ifSeq?: number;
}

export interface OutboxOptions {
  store: Store;
  /** How the keys begin under which messages are kept: one place per tenant and person. */
  prefix: string;
  send: (item: Unsent) => Promise<unknown>;
  changed: () => void;
  /** A message was refused for good. */
  failed?: (item: Unsent, error: ParleyError) => void;
  later?: (run: () => void, ms: number) => void;
  /** How long to wait before try number `tries`, in milliseconds. */
  wait?: (retryAfter: number, tries: number) => number;
}

const idLength = 26;

/** How many messages may wait; more are refused with `outbox_full`. */
const maxUnsent = 500;

/** How often the server may fail on one message before we give it up. */
const maxInternal = 5;

export class Outbox {
  private items: Unsent[];
  /** Sessions with a message on its way: one at a time keeps their order. */
  private readonly busy = new Set<string>();
  private readonly tries = new Map<string, number>();
  private readonly options: OutboxOptions;
  private readonly newId = idSource();
  private online = false;

  constructor(options: OutboxOptions) {
    this.options = options;
    this.items = this.read();
  }

  list(sid: string): Unsent[] {
    return this.items.filter((item) => item.sid === sid);
  }

  get size(): number {
    return this.items.length;
  }

  /** Takes a message to be sent. Throws `outbox_full` when too many wait. */
  add(sid: string, body: BodyIn, { note, ifSeq }: SendOptions = {}): Unsent {
    if (this.items.length >= maxUnsent) throw new ParleyError({ code: "outbox_full" });
    const item: Unsent = { cmid: this.newId(), sid, body, at: Date.now() };
    if (note) item.note = true;
    if (ifSeq !== undefined) item.ifSeq = ifSeq;
    this.items.push(item);
    this.keep(item);
    this.options.changed();
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
    for (const item of this.items) {
      if (item.sid !== "") continue;
      item.sid = sid;
      this.keep(item);
    }
    this.options.changed();
    this.pump(sid);
  }

  /** The message is in the log: it was acknowledged, or its entry came first. */
  settle(cmid: string): void {
    this.remove(cmid);
  }

  discard(cmid: string): void {
    this.remove(cmid);
  }

  /** Tries a refused message once more, under the same client id, whatever was written meanwhile. */
  retry(cmid: string): void {
    const item = this.items.find((candidate) => candidate.cmid === cmid);
    if (!item) return;
    delete item.failed;
    delete item.ifSeq;
    this.tries.delete(cmid);
    this.keep(item);
    this.options.changed();
    this.pump(item.sid);
  }

  /** Gives a session's messages up: nobody will take them any more. */
  fail(sid: string, code: string): void {
    for (const item of this.items) if (item.sid === sid && !item.failed) this.giveUp(item, new ParleyError({ code }));
    this.options.changed();
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
    const tries = this.tries.get(item.cmid) ?? 0;
    this.tries.set(item.cmid, tries + 1);
    const said = error instanceof ParleyError ? error : new ParleyError({ code: "internal" });
    if (isPassing(said) && (said.code !== "internal" || tries < maxInternal)) {
      // The next connection sends it at once.
      return said.code === "disconnected" ? 0 : (this.options.wait ?? repeatAfter)(said.retryAfter, tries);
    }
    if (this.items.includes(item)) this.giveUp(item, said);
    this.options.changed();
    return 0;
  }

  private giveUp(item: Unsent, error: ParleyError): void {
    item.failed = error.code;
    this.keep(item);
    this.options.failed?.(item, error);
  }

  private remove(cmid: string): void {
    const kept = this.items.filter((item) => item.cmid !== cmid);
    if (kept.length === this.items.length) return;
    this.items = kept;
    this.tries.delete(cmid);
    this.options.store.remove(this.options.prefix + cmid);
    this.options.changed();
  }

  /** Each message has a key of its own, so that tabs that share a store do not overwrite each other's. */
  private keep(item: Unsent): void {
    this.options.store.set(this.options.prefix + item.cmid, JSON.stringify(item));
  }

  private read(): Unsent[] {
    const { store, prefix } = this.options;
    return store
      .keys(prefix)
      .filter((key) => key.length === prefix.length + idLength) // not of somebody whose name begins alike
      .sort() // ids are in the order in which they were made
      .map((key) => parse(store.get(key)))
      .filter((item) => item !== null);
  }
}

function parse(text: string | null): Unsent | null {
  try {
    const item = JSON.parse(text ?? "null") as Partial<Unsent> | null;
    const whole = typeof item?.cmid === "string" && typeof item.sid === "string" && typeof item.body?.type === "string";
    return whole ? (item as Unsent) : null;
  } catch {
    return null;
  }
}
