import type { Board, EphLoad, Intent, Offer, OperatorRow, QueueLine, Watch, WatchQueueSnapshot } from "./frames.ts";
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
export declare class Desk {
    operator: Named;
    tenant: Named;
    departments: OperatorHello["departments"];
    intent: Intent;
    away: boolean;
    /** Thousandths of a chat, as is `capacity`. */
    used: number;
    capacity: number;
    /** Open chats, those that rest included, and how many there may be; 0: not told. */
    open: number;
    openCap: number;
    /** Until when no chat is offered after the last one (RFC 3339); empty: it is not so. */
    breathingUntil: string;
    readonly mine: Set<string>;
    readonly offers: Map<string, Offer>;
    readonly queue: Map<string, {
        sid: import("./frames.ts").Id;
        department: import("./frames.ts").Label;
        since: import("./frames.ts").Time;
        offered: boolean;
    }>;
    /** The figures of the lines in `queue`, by department. */
    readonly lines: Map<string, QueueLine>;
    /** Departments in counts, those that are watched. */
    readonly boards: Map<string, Board>;
    /** Operators, where they are watched. */
    readonly team: Map<string, OperatorRow>;
    private readonly revs;
    private readonly events;
    constructor(events: DeskEvents);
    hello(d: OperatorHello): void;
    watch(frame: Watch): void;
    /** The right to it is gone, or nobody wants it any more. */
    ended(topic: string, department: string): void;
    /** What the operator carries. */
    load(d: EphLoad["d"]): void;
    /** May the operator do so in a department? The server judges it at each use. */
    may(right: "supervise" | "pick" | "hide", department: string): boolean;
    /** The operator took the offer: the watch says so a little later. */
    took(offer: Offer): void;
    department(id: string): string;
    /** Offers, the one that ends first at the top. */
    offersInOrder(): Offer[];
    /** Waiting chats, the longest waiting at the top. */
    queueInOrder(): QueueRow[];
    private snapshot;
    private changed;
    private mineChanged;
    private waiting;
    private people;
}
