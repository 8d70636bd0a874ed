import type { AnyEntry } from "./protocol.ts";
/** What became of an entry that was offered to the log. */
export type Outcome = "new" | "held" | "known";
export declare class SessionLog<E extends AnyEntry = AnyEntry> {
    /** Entries in order, contiguous as far as this reader may see. */
    entries: E[];
    /** Entries that came too early: a hole is before them. Keyed by seq. */
    private early;
    /** After a reset the next entry is accepted whatever its prev. */
    private open;
    /** The last entry without a hole before it; 0 means nothing. */
    get last(): number;
    /** Does something lie before the first entry that we hold? */
    get hasEarlier(): boolean;
    /** Is an entry waiting for one that we missed? */
    get hasGap(): boolean;
    /** The first entry behind the hole; 0 without one. */
    get gapBefore(): number;
    /** Drops everything: the server will send the tail of the log only. */
    reset(): void;
    /** Takes one entry as it comes from the server, in any order, any number of times. */
    accept(evt: E): Outcome;
    /** Takes a page of history that lies before everything held. */
    prepend(page: E[]): void;
    /** Forgets all but the newest entries. */
    trim(keep: number): void;
    /** Moves early entries over whose hole is now filled. */
    private drain;
}
