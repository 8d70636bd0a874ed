// What one side knows of one session: the log and the situation around it.

import { SessionLog } from "./log.ts";
import type { Author, Body, Eph, Evt, Presence, Resumed, SessionState } from "./protocol.ts";

/** A receiver forgets somebody's typing after this long. */
export const typingFades = 6_000;

export class Session {
  readonly sid: string;
  readonly log = new SessionLog();
  state: SessionState = "new";
  /** Why the session ended, once it did. */
  endCause = "";
  endedBy: Author | null = null;
  epoch = 0;
  department = "";
  owner = "";
  readonly read = { visitor: 0, operator: 0 };
  visitor: Presence | null = null;
  /** Entries up to here are history: they arrived while nobody could look. */
  head = 0;
  /** False once the session went elsewhere: back to the queue or to a colleague. */
  mine = true;
  /** Gap filling or paging is under way. */
  loading = false;
  /** What the visitor has typed and not sent, where the tenant lets operators see it. */
  peeked = "";
  private typingUntil = new Map<string, number>();
  private edits = new Map<number, Body>();
  private editsOf = "";

  constructor(sid: string) {
    this.sid = sid;
  }

  get isOver(): boolean {
    return this.state === "closing" || this.state === "closed";
  }

  /** The connection is seated here: the situation as of entry `head`. */
  resume(d: Resumed): void {
    if (d.reset) this.log.reset();
    this.state = d.state;
    this.epoch = d.ep;
    this.head = d.head;
    this.department = d.department ?? this.department;
    this.owner = d.owner ?? "";
    this.visitor = d.visitor ?? this.visitor;
    this.mine = true;
    this.moveRead("visitor", d.read?.visitor ?? 0);
    this.moveRead("operator", d.read?.operator ?? 0);
    this.typingUntil.clear();
    this.peeked = "";
  }

  /** Takes an entry. True: it, or others that waited for it, are new in the log. */
  accept(evt: Evt): boolean {
    const before = this.log.entries.length;
    if (this.log.accept(evt) !== "new") return false;
    for (const entry of this.log.entries.slice(before)) this.apply(entry);
    return true;
  }

  /** Entries after `head` move the state; those before it are in the snapshot. */
  private apply(evt: Evt): void {
    if (evt.t === "message.new") {
      this.typingUntil.delete(evt.by.kind);
      if (evt.by.kind === "visitor") this.peeked = "";
    }
    if (evt.t === "message.redacted") this.forget(evt.d?.target ?? 0);
    if (evt.t === "session.closing" || (evt.t === "session.closed" && !this.endedBy) || evt.t === "session.refused") {
      this.endCause = evt.cause ?? "";
      this.endedBy = evt.by;
    }
    if (evt.seq <= this.head) return;
    this.epoch = Math.max(this.epoch, evt.ep);
    const next = stateAfter[evt.t];
    if (next) this.state = next;
    if (evt.t === "session.assigned") this.owner = evt.d?.operator ?? "";
    if (evt.t === "session.queued") this.owner = "";
    this.department = evt.d?.department ?? this.department;
  }

  /** What was removed is not kept here either. */
  private forget(target: number): void {
    for (const evt of this.log.entries) {
      const about = evt.t === "message.new" ? evt.seq : evt.t === "message.edited" ? evt.d?.target : 0;
      if (about === target) evt.d = { ...evt.d, body: { type: "redacted" } };
    }
  }

  /** What a message says now: its last edit, if there is one. */
  bodyOf(evt: Evt): Body | undefined {
    return this.isRemoved(evt) ? evt.d?.body : this.lastEdits().get(evt.seq) ?? evt.d?.body;
  }

  isEdited(evt: Evt): boolean {
    return this.lastEdits().has(evt.seq);
  }

  isRemoved(evt: Evt): boolean {
    return evt.d?.body?.type === "redacted";
  }

  private lastEdits(): Map<number, Body> {
    const { entries } = this.log;
    const state = `${entries.length} ${entries[0]?.seq} ${this.log.last}`;
    if (state !== this.editsOf) {
      this.editsOf = state;
      this.edits = new Map();
      for (const evt of entries) {
        if (evt.t === "message.edited" && evt.d?.body) this.edits.set(evt.d.target ?? 0, evt.d.body);
      }
    }
    return this.edits;
  }

  /** Takes something passing. True: it changed what is shown. */
  notice(eph: Eph, now: number): boolean {
    const d = eph.d ?? {};
    const kind = d.by?.kind ?? "visitor";
    if (eph.t === "typing") {
      if (d.on) this.typingUntil.set(kind, now + typingFades);
      else this.typingUntil.delete(kind);
      return true;
    }
    if (eph.t === "presence" && kind === "visitor") {
      const known = d.last_activity_at ?? this.visitor?.last_activity_at;
      this.visitor = { present: d.present ?? false, last_activity_at: known };
      if (!d.present) this.peeked = "";
      return true;
    }
    if (eph.t === "peek") {
      this.peeked = d.text ?? "";
      return true;
    }
    return eph.t === "read.moved" && this.moveRead(kind, d.seq ?? 0);
  }

  /** Marks only grow. */
  moveRead(kind: string, seq: number): boolean {
    if ((kind !== "visitor" && kind !== "operator") || seq <= this.read[kind]) return false;
    this.read[kind] = seq;
    return true;
  }

  isTyping(kind: string, now: number): boolean {
    return (this.typingUntil.get(kind) ?? 0) > now;
  }

  /** How many of the other side's messages are behind the read mark. */
  unread(reader: "visitor" | "operator"): number {
    const mark = this.read[reader];
    return this.log.entries.filter((evt) => evt.seq > mark && evt.t === "message.new" && evt.by.kind !== reader && !this.isRemoved(evt)).length;
  }

  lastMessage(): Evt | undefined {
    for (let i = this.log.entries.length - 1; i >= 0; i--) {
      if (this.log.entries[i].t === "message.new") return this.log.entries[i];
    }
    return undefined;
  }
}

const stateAfter: Record<string, SessionState> = {
  "session.queued": "queued",
  "offer.made": "offered",
  "offer.ended": "queued",
  "session.assigned": "active",
  "session.closing": "closing",
  "session.closed": "closed",
  "session.refused": "closed",
};
