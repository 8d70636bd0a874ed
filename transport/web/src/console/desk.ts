// The operator's situation as the watches `me` and `queue` tell it.

import type { IntentInfo, Me, Named, Offer, OperatorHello, QueueRow, QueueWatch, Watch } from "../protocol.ts";

export interface DeskEvents {
  offered: (offer: Offer) => void;
  gained: (sid: string) => unknown;
  lost: (sid: string) => unknown;
  /** A revision is missing: only a new connection helps. */
  hole: () => void;
}

export class Desk {
  operator: Named = { id: "", name: "" };
  tenant: Named = { id: "", name: "" };
  departments: Named[] = [];
  intent: IntentInfo = { intent: "" };
  away = false;
  used = 0;
  capacity = 0;
  readonly mine = new Set<string>();
  readonly offers = new Map<string, Offer>();
  readonly queue = new Map<string, QueueRow>();
  private readonly revs = new Map<string, number>();
  private readonly events: DeskEvents;

  constructor(events: DeskEvents) {
    this.events = events;
  }

  hello(d: OperatorHello): void {
    this.operator = d.operator;
    this.tenant = d.tenant;
    this.departments = d.departments;
    this.revs.clear();
    this.queue.clear();
    if (!d.me) return;
    this.revs.set("me", d.me.rev);
    this.snapshot(d.me);
  }

  watch(frame: Watch): void {
    const last = this.revs.get(frame.w);
    if (frame.t === "snapshot") this.revs.set(frame.w, frame.rev);
    else if (last !== undefined && frame.rev <= last) return;
    else if (last === undefined || frame.rev > last + 1) return this.events.hole();
    else this.revs.set(frame.w, frame.rev);
    if (frame.w === "me") this.changed(frame.t, frame.d);
    if (frame.w === "queue") this.waiting(frame.t === "snapshot", (frame.d ?? {}) as QueueWatch);
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
    this.used = me.used;
    this.capacity = me.capacity;
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

  private changed(t: string, data: unknown): void {
    if (t === "snapshot") return this.snapshot(data as Me);
    if (t === "offer.new") {
      const offer = data as Offer;
      this.offers.set(offer.offer_id, offer);
      return this.events.offered(offer);
    }
    if (t === "offer.revoked") {
      this.offers.delete((data as Offer).offer_id);
      return;
    }
    if (t === "intent.changed") {
      const d = data as { intent: IntentInfo; away: boolean };
      this.intent = d.intent;
      this.away = d.away;
    }
    if (t === "mine.changed") this.mineChanged(data as { sid: string; owned: boolean; used: number });
  }

  private mineChanged(d: { sid: string; owned: boolean; used: number }): void {
    this.used = d.used;
    if (d.owned) {
      this.mine.add(d.sid);
      for (const offer of this.offers.values()) if (offer.sid === d.sid) this.offers.delete(offer.offer_id);
      this.events.gained(d.sid);
    } else if (this.mine.delete(d.sid)) {
      this.events.lost(d.sid);
    }
  }

  private waiting(whole: boolean, d: QueueWatch): void {
    if (whole) this.queue.clear();
    for (const row of d.rows ?? []) this.queue.set(row.sid, row);
    for (const sid of d.gone ?? []) this.queue.delete(sid);
  }
}
