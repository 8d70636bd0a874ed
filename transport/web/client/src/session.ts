// What one side knows of one session: the log and the situation around it.

import type { Body, By, Entry, EphQueuePosition, Part, Passing, Serving, State, Turn, VisitorState } from "./frames.ts";
import { SessionLog } from "./log.ts";
import type { Resumed } from "./protocol.ts";

/** A receiver forgets somebody's typing after this long, in milliseconds. */
export const typingFades = 6_000;

export class Session {
  readonly sid: string;
  /** It may hold entries of kinds that this version does not know: they count for seq, and say nothing. */
  readonly log = new SessionLog<Entry>();
  state: State = "new";
  /** Why the session ended, once it did. */
  endCause = "";
  endedBy: By | null = null;
  epoch = 0;
  department = "";
  owner = "";
  readonly read = { visitor: 0, operator: 0 };
  /** Is the visitor there, and to operators what is held about it. */
  visitor: VisitorState | null = null;
  /** Entries up to here are history: they arrived while nobody could look. */
  head = 0;
  /** False once the session went elsewhere: back to the queue or to a colleague. */
  mine = true;
  /** Gap filling or paging is under way. */
  loading = false;
  /** What the visitor has typed and not sent, where the tenant lets operators see it. */
  peeked = "";
  /** Who is expected to write next. */
  turn: Turn = "operator";
  /** When the state ends by itself (RFC 3339); empty: not known, or never. */
  deadline = "";
  /** Until when the visitor may rate the chat; empty: it is not asked to. */
  rateBy = "";
  /** The visitor's rating, 1 to 5; 0: none. */
  score = 0;
  /** The visitor was asked whether it is there, and has not written since. */
  warned = false;
  /** A visitor's place in line, while it waits. */
  place: Omit<EphQueuePosition["d"], "sid"> | null = null;
  /** How the chat is served, as far as operators are told. */
  serving: Serving | null = null;
  /** Who takes part besides the owner. Visitors hear of members only. */
  readonly members = new Map<string, Part>();
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
    this.state = d.state;
    this.epoch = d.ep;
    this.head = d.head;
    this.department = d.department ?? this.department;
    this.owner = d.owner ?? "";
    this.visitor = d.visitor ?? this.visitor;
    this.mine = true;
    this.turn = d.turn;
    this.deadline = d.deadline ?? "";
    this.rateBy = d.rate_by ?? this.rateBy;
    this.serving = d.serving ?? this.serving;
    if (d.serving) {
      this.members.clear();
      for (const member of d.serving.members) this.members.set(member.operator, member.as);
    }
    this.moveRead("visitor", d.read?.visitor ?? 0);
    this.moveRead("operator", d.read?.operator ?? 0);
    this.typingUntil.clear();
    this.peeked = "";
  }

  /** Takes an entry. The answer: it and others that waited for it, if they are new, in order. */
  accept(evt: Entry): Entry[] {
    const before = this.log.entries.length;
    if (this.log.accept(evt) !== "new") return [];
    const fresh = this.log.entries.slice(before);
    for (const entry of fresh) this.apply(entry);
    return fresh;
  }

  /** Entries after `head` move the state; those before it are in the snapshot. */
  private apply(evt: Entry): void {
    if (evt.t === "message.new") {
      this.typingUntil.delete(evt.by.kind);
      if (evt.by.kind === "visitor") {
        this.peeked = "";
        this.warned = false;
      }
    }
    if (evt.t === "rating.requested") this.rateBy = evt.d.deadline;
    if (evt.t === "rated") this.score = evt.d.facts?.score ?? 0;
    if (evt.t === "warned") this.warned = true;
    if (evt.t === "message.redacted") this.forget(evt.d.target);
    if (evt.t === "session.closing" || (evt.t === "session.closed" && !this.endedBy) || evt.t === "session.refused") {
      this.endCause = evt.cause ?? "";
      this.endedBy = evt.by;
    }
    if (evt.seq <= this.head) return;
    this.epoch = Math.max(this.epoch, evt.ep);
    this.state = stateAfter[evt.t] ?? this.state;
    if (evt.t in stateAfter) this.moved(evt);
    if (evt.t === "wrapup.extended") this.deadline = evt.d.deadline;
    if (evt.t === "message.new" && evt.vis !== "operators" && evt.by.kind !== "system") this.turn = evt.by.kind === "visitor" ? "operator" : "visitor";
    if (evt.t === "participant.joined") this.members.set(evt.d.operator, evt.d.facts?.as ?? "member");
    if (evt.t === "participant.left") this.members.delete(evt.d.operator);
    if (evt.t === "attrs.set" && evt.d.identity) this.visitor = { present: false, ...this.visitor, identity: evt.d.identity };
    if (this.serving) this.served(this.serving, evt);
  }

  /** The session is in another state. */
  private moved(evt: Entry): void {
    const d = (evt.d ?? {}) as { operator?: string; department?: string; deadline?: string };
    this.deadline = d.deadline ?? "";
    this.department = d.department ?? this.department;
    if (evt.t === "session.assigned") this.owner = d.operator ?? "";
    if (evt.t === "session.assigned") this.members.delete(this.owner);
    if (["session.queued", "session.requeued", "session.unattended"].includes(evt.t)) this.owner = "";
    if (this.state !== "queued" && this.state !== "offered") this.place = null;
    else if (this.owner === "") this.turn = "operator";
  }

  /** What operators are told of how the chat is served moves with its entries. */
  private served(serving: Serving, evt: Entry): void {
    if (evt.t === "tags.set") serving.tags = evt.d.facts?.tags ?? [];
    else if (evt.t === "priority.set") serving.priority = evt.d.facts?.priority ?? 0;
    else if (evt.t === "step.relaxed") serving.step = evt.d.facts?.step ?? serving.step;
    else if (evt.t === "idle.on") serving.idle = true;
    else if (evt.t === "idle.off") delete serving.idle;
    else if (evt.t === "transfer.ended" || evt.t === "session.assigned") delete serving.transfer;
    else if (evt.t === "transfer.started") {
      const { target, mode, on_unavailable, force } = evt.d.facts;
      const until = evt.d.deadline;
      if (target) serving.transfer = { id: evt.seq, target, by: evt.by.id, mode: mode ?? "warm", on_unavailable: on_unavailable ?? "fail", ...(until ? { until } : {}), ...(force ? { force } : {}) };
    }
  }

  /** What was removed is not kept here either. */
  private forget(target: number): void {
    for (const evt of this.log.entries) {
      if (evt.t === "form.filled" && evt.seq === target) evt.d = {};
      if (evt.t !== "message.new" && evt.t !== "message.edited") continue;
      const about = evt.t === "message.new" ? evt.seq : evt.d.target;
      if (about === target) evt.d = { ...evt.d, body: { type: "redacted" } };
    }
  }

  /** What a message says now: its last edit, if there is one. */
  bodyOf(evt: Entry): Body | undefined {
    return evt.t !== "message.new" ? undefined : this.isRemoved(evt) ? evt.d.body : this.lastEdits().get(evt.seq) ?? evt.d.body;
  }

  isEdited(evt: Entry): boolean {
    return this.lastEdits().has(evt.seq);
  }

  isRemoved(evt: Entry): boolean {
    if (evt.t === "form.filled") return evt.d.subject === undefined && evt.d.form === undefined;
    return evt.t === "message.new" && evt.d.body?.type === "redacted";
  }

  private lastEdits(): Map<number, Body> {
    const { entries } = this.log;
    const state = `${entries.length} ${entries[0]?.seq} ${this.log.last}`;
    if (state !== this.editsOf) {
      this.editsOf = state;
      this.edits = new Map();
      for (const evt of entries) if (evt.t === "message.edited") this.edits.set(evt.d.target, evt.d.body);
    }
    return this.edits;
  }

  /** Takes something passing. True: it changed what is shown. */
  notice(eph: Passing, now: number): boolean {
    switch (eph.t) {
      case "typing":
        if (eph.d.on) this.typingUntil.set(eph.d.by.kind, now + typingFades);
        else this.typingUntil.delete(eph.d.by.kind);
        return true;
      case "presence":
        if (eph.d.by.kind !== "visitor") return false;
        this.visitor = { ...this.visitor, present: eph.d.present, last_activity_at: eph.d.last_activity_at ?? this.visitor?.last_activity_at };
        if (!eph.d.present) this.peeked = "";
        return true;
      case "peek":
        this.peeked = eph.d.text;
        return true;
      case "queue.position": {
        const { sid: _, ...place } = eph.d;
        this.place = place;
        return true;
      }
      case "read.moved":
        return this.moveRead(eph.d.by.kind, eph.d.seq);
      default:
        return false;
    }
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

  lastMessage(): Entry | undefined {
    for (let i = this.log.entries.length - 1; i >= 0; i--) {
      if (this.log.entries[i].t === "message.new") return this.log.entries[i];
    }
    return undefined;
  }
}

const stateAfter: Record<string, State | undefined> = {
  "session.queued": "queued",
  "offer.made": "offered",
  "offer.ended": "queued",
  "session.assigned": "active",
  "session.detached": "detached",
  "session.restored": "active",
  "session.requeued": "queued",
  "session.unattended": "unattended",
  "session.closing": "closing",
  "session.closed": "closed",
  "session.refused": "closed",
};
