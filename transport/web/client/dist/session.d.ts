import type { Body, By, Entry, EphQueuePosition, Part, Passing, Serving, State, Turn, VisitorState } from "./frames.ts";
import { SessionLog } from "./log.ts";
import type { Resumed } from "./protocol.ts";
/** A receiver forgets somebody's typing after this long, in milliseconds. */
export declare const typingFades = 6000;
export declare class Session {
    readonly sid: string;
    /** It may hold entries of kinds that this version does not know: they count for seq, and say nothing. */
    readonly log: SessionLog<Entry>;
    state: State;
    /** Why the session ended, once it did. */
    endCause: string;
    endedBy: By | null;
    epoch: number;
    department: string;
    owner: string;
    readonly read: {
        visitor: number;
        operator: number;
    };
    /** Is the visitor there, and to operators what is held about it. */
    visitor: VisitorState | null;
    /** Entries up to here are history: they arrived while nobody could look. */
    head: number;
    /** False once the session went elsewhere: back to the queue or to a colleague. */
    mine: boolean;
    /** Gap filling or paging is under way. */
    loading: boolean;
    /** What the visitor has typed and not sent, where the tenant lets operators see it. */
    peeked: string;
    /** Who is expected to write next. */
    turn: Turn;
    /** When the state ends by itself (RFC 3339); empty: not known, or never. */
    deadline: string;
    /** Until when the visitor may rate the chat; empty: it is not asked to. */
    rateBy: string;
    /** The visitor's rating, 1 to 5; 0: none. */
    score: number;
    /** The visitor was asked whether it is there, and has not written since. */
    warned: boolean;
    /** A visitor's place in line, while it waits. */
    place: Omit<EphQueuePosition["d"], "sid"> | null;
    /** How the chat is served, as far as operators are told. */
    serving: Serving | null;
    /** Who takes part besides the owner. Visitors hear of members only. */
    readonly members: Map<string, Part>;
    private typingUntil;
    private edits;
    private editsOf;
    constructor(sid: string);
    get isOver(): boolean;
    /** The connection is seated here: the situation as of entry `head`. */
    resume(d: Resumed): void;
    /** Takes an entry. The answer: it and others that waited for it, if they are new, in order. */
    accept(evt: Entry): Entry[];
    /** Entries after `head` move the state; those before it are in the snapshot. */
    private apply;
    /** The session is in another state. */
    private moved;
    /** What operators are told of how the chat is served moves with its entries. */
    private served;
    /** What was removed is not kept here either. */
    private forget;
    /** What a message says now: its last edit, if there is one. */
    bodyOf(evt: Entry): Body | undefined;
    isEdited(evt: Entry): boolean;
    isRemoved(evt: Entry): boolean;
    private lastEdits;
    /** Takes something passing. True: it changed what is shown. */
    notice(eph: Passing, now: number): boolean;
    /** Marks only grow. */
    moveRead(kind: string, seq: number): boolean;
    isTyping(kind: string, now: number): boolean;
    /** How many of the other side's messages are behind the read mark. */
    unread(reader: "visitor" | "operator"): number;
    lastMessage(): Entry | undefined;
}
