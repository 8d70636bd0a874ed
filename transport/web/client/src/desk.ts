// The operator's situation as the watches `me` and `queue` tell it.

import type { Board, EphLoad, Intent, Me, Offer, OperatorRow, QueueLine, Watch, WatchMeMineChanged, WatchQueueSnapshot } from "./frames.ts";
import type { OperatorHello } from "./protocol.ts";

/** Somebody, or something, by its id and its name. */
export interface Named {
  id: string;
  name: string;
}
/** A waiting chat. */
export type QueueRow = WatchQueueSnapshot["d"]["rows"][number];

export interface DeskEvents {
  offered: (offer: Offer) => void;
  gained: (sid: string) => unknown;
  lost: (sid: string) => unknown;
  /** A revision of a topic is missing: a new connection helps, and for all but `me` watching it again. */
  hole: (topic: string) => void;
}

export class Desk {
  operator: Named = { id: "", name: "" };
  tenant: Named = { id: "", name: "" };
  departments: OperatorHello["departments"] = [];
  intent: Intent = { intent: "" };
  away = false;
  /** Thousandths of a chat, as is `capacity`. */
  used = 0;
  capacity = 0;
  /** Open chats, those that rest included, and how many there may be; 0: not told. */
  open = 0;
  openCap = 0;
  /** Until when no chat is offered after the last one (RFC 3339); empty: it is not so. */
  breathingUntil = "";
  readonly mine = new Set<string>();
  readonly offers = new Map<string, Offer>();
  readonly queue = new Map<string, QueueRow>();
  /** The figures of the lines in `queue`, by department. */
  readonly lines = new Map<string, QueueLine>();
  /** Departments in counts, those that are watched. */
  readonly boards = new Map<string, Board>();
  /** Operators, where they are watched. */
  readonly team = new Map<string, OperatorRow>();
  private readonly revs = new Map<string, number>();
  private readonly events: DeskEvents;

  constructor(events: DeskEvents) {
    this.events = events;
  }

  hello(d: OperatorHello): void {
    this.operator = { id: d.operator.id, name: d.operator.name ?? d.operator.id };
    this.tenant = d.tenant;
    this.departments = d.departments;
    this.revs.clear();
    this.queue.clear();
    this.lines.clear();
    if (!d.me) return;
    this.revs.set("me", d.me.rev ?? 0);
    this.snapshot(d.me);
  }

  watch(frame: Watch): void {
    const topic = topicOf(frame);
    if (!topic) return; // a watch of a later version
    const last = this.revs.get(topic);
    if (frame.t === "ended") return this.ended(topic, (frame.d as { department?: string }).department ?? "");
    if (frame.t === "snapshot") this.revs.set(topic, frame.rev);
    else if (last !== undefined && frame.rev <= last) return;
    else if (last === undefined || frame.rev > last + 1) return this.events.hole(topic);
    else this.revs.set(topic, frame.rev);
    if (frame.w === "me") this.changed(frame);
    else if (topic === "queue" && frame.w === "queue") this.waiting(frame.t === "snapshot", frame.d);
    else if (frame.w === "board") this.boards.set(frame.d.department, frame.d);
    else if (frame.w === "operators") this.people(frame.t === "snapshot", frame.d);
  }

  /** The right to it is gone, or nobody wants it any more. */
  ended(topic: string, department: string): void {
    this.revs.delete(topic);
    if (topic === "operators") this.team.clear();
    else if (topic === "queue") this.waiting(true, { rows: [], gone: [], lines: [] });
    else if (topic.startsWith("board:")) this.boards.delete(department);
  }

  /** What the operator carries. */
  load(d: EphLoad["d"]): void {
    this.used = d.used;
    this.capacity = d.capacity;
    this.open = d.open ?? 0;
    this.openCap = d.open_cap ?? 0;
    this.breathingUntil = d.breathing_until ?? "";
  }

  /** May the operator do so in a department? The server judges it at each use. */
  may(right: "supervise" | "pick" | "hide", department: string): boolean {
    return this.departments.find(({ id }) => id === department)?.rights?.includes(right) === true;
  }

  /** The operator took the offer: the watch says so a little later. */
  took(offer: Offer): void {
    this.offers.delete(offer.offer_id);
    this.mine.add(offer.sid);
  }

  department(id: string): string {
    return this.departments.find((department) => department.id === id)?.name ?? id;
  }

  /** Offers, the one that ends first at the top. */
  offersInOrder(): Offer[] {
    return [...this.offers.values()].sort((a, b) => a.expires_at.localeCompare(b.expires_at));
  }

  /** Waiting chats, the longest waiting at the top. */
  queueInOrder(): QueueRow[] {
    return [...this.queue.values()].sort((a, b) => a.since.localeCompare(b.since) || a.sid.localeCompare(b.sid));
  }

  private snapshot(me: Me): void {
    this.intent = me.intent;
    this.away = me.away;
    this.load(me);
    const lost = [...this.mine].filter((sid) => !me.sessions.includes(sid));
    this.mine.clear();
    for (const sid of me.sessions) {
      this.mine.add(sid);
      this.events.gained(sid);
    }
    for (const sid of lost) this.events.lost(sid);
    this.offers.clear();
    for (const offer of me.offers) this.offers.set(offer.offer_id, offer);
  }

  private changed(frame: Extract<Watch, { w: "me" }>): void {
    switch (frame.t) {
      case "snapshot":
        return this.snapshot(frame.d);
      case "offer.new":
        this.offers.set(frame.d.offer_id, frame.d);
        return this.events.offered(frame.d);
      case "offer.revoked":
        this.offers.delete(frame.d.offer_id);
        return;
      case "intent.changed":
        this.intent = frame.d.intent;
        this.away = frame.d.away;
        return;
      case "mine.changed":
        return this.mineChanged(frame.d);
    }
  }

  private mineChanged(d: WatchMeMineChanged["d"]): void {
    this.used = d.used;
    this.open = d.open ?? this.open;
    this.openCap = d.open_cap ?? this.openCap;
    const { sid } = d;
    if (!sid) return;
    if (d.owned) {
      this.mine.add(sid);
      for (const offer of this.offers.values()) if (offer.sid === sid) this.offers.delete(offer.offer_id);
      this.events.gained(sid);
    } else if (this.mine.delete(sid)) {
      this.events.lost(sid);
    }
  }

  private waiting(whole: boolean, d: WatchQueueSnapshot["d"]): void {
    if (whole) this.queue.clear();
    if (whole) this.lines.clear();
    for (const row of d.rows ?? []) this.queue.set(row.sid, row);
    for (const sid of d.gone ?? []) this.queue.delete(sid);
    for (const line of d.lines ?? []) this.lines.set(line.department, line);
  }

  private people(whole: boolean, d: { rows: OperatorRow[]; gone: string[] }): void {
    if (whole) this.team.clear();
    for (const row of d.rows) this.team.set(row.operator, row);
    for (const id of d.gone) this.team.delete(id);
  }
}

/** What one would ask to watch; empty: nothing that this version knows. */
function topicOf(frame: Watch): string {
  if (frame.w === "me" || frame.w === "operators") return frame.w;
  if (frame.w !== "queue" && frame.w !== "board") return "";
  return frame.d.department ? `${frame.w}:${frame.d.department}` : frame.w;
}
