// One session's log as this reader holds it: ordered, each entry once, with no
// hole before `last`.

import type { AnyEntry } from "./protocol.ts";

/** What became of an entry that was offered to the log. */
export type Outcome = "new" | "held" | "known";

export class SessionLog<E extends AnyEntry = AnyEntry> {
  /** Entries in order, contiguous as far as this reader may see. */
  entries: E[] = [];
  /** Entries that came too early: a hole is before them. Keyed by seq. */
  private early = new Map<number, E>();
  /** After a reset the next entry is accepted whatever its prev. */
  private open = false;

  /** The last entry without a hole before it; 0 means nothing. */
  get last(): number {
    return this.entries.length > 0 ? this.entries[this.entries.length - 1].seq : 0;
  }

  /** Does something lie before the first entry that we hold? */
  get hasEarlier(): boolean {
    return this.entries.length > 0 && this.entries[0].prev > 0;
  }

  /** Is an entry waiting for one that we missed? */
  get hasGap(): boolean {
    return this.early.size > 0;
  }

  /** The first entry behind the hole; 0 without one. */
  get gapBefore(): number {
    return this.hasGap ? Math.min(...this.early.keys()) : 0;
  }

  /** Drops everything: the server will send the tail of the log only. */
  reset(): void {
    this.entries = [];
    this.early.clear();
    this.open = true;
  }

  /** Takes one entry as it comes from the server, in any order, any number of times. */
  accept(evt: E): Outcome {
    if (evt.seq <= this.last || this.early.has(evt.seq)) return "known";
    if (evt.prev > this.last && !this.open) {
      this.early.set(evt.seq, evt);
      return "held";
    }
    this.open = false;
    this.entries.push(evt);
    this.drain();
    return "new";
  }

  /** Takes a page of history that lies before everything held. */
  prepend(page: E[]): void {
    const first = this.entries.length > 0 ? this.entries[0].seq : Infinity;
    const older = page.filter((evt) => evt.seq < first).sort((a, b) => a.seq - b.seq);
    this.entries = [...older, ...this.entries];
    this.open = false;
    this.drain();
  }

  /** Forgets all but the newest entries. */
  trim(keep: number): void {
    if (keep > 0 && this.entries.length > keep) this.entries = this.entries.slice(-keep);
  }

  /** Moves early entries over whose hole is now filled. */
  private drain(): void {
    for (const seq of [...this.early.keys()].sort((a, b) => a - b)) {
      const evt = this.early.get(seq) as E;
      if (seq > this.last && evt.prev > this.last) return;
      this.early.delete(seq);
      if (seq > this.last) this.entries.push(evt);
    }
  }
}
