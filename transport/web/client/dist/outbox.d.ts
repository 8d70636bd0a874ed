import type { BodyIn } from "./frames.ts";
import { ParleyError } from "./protocol.ts";
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
export declare class Outbox {
    private items;
    /** Sessions with a message on its way: one at a time keeps their order. */
    private readonly busy;
    private readonly tries;
    private readonly options;
    private readonly newId;
    private online;
    constructor(options: OutboxOptions);
    list(sid: string): Unsent[];
    get size(): number;
    /** Takes a message to be sent. Throws `outbox_full` when too many wait. */
    add(sid: string, body: BodyIn, { note, ifSeq }?: SendOptions): Unsent;
    /** The connection came or went. */
    setOnline(online: boolean): void;
    /** The started session takes what was written before it had an id. */
    adopt(sid: string): void;
    /** The message is in the log: it was acknowledged, or its entry came first. */
    settle(cmid: string): void;
    discard(cmid: string): void;
    /** Tries a refused message once more, under the same client id, whatever was written meanwhile. */
    retry(cmid: string): void;
    /** Gives a session's messages up: nobody will take them any more. */
    fail(sid: string, code: string): void;
    private pump;
    private after;
    /** Answers how long to wait before the next try, in milliseconds. */
    private refused;
    private giveUp;
    private remove;
    /** Each message has a key of its own, so that tabs that share a store do not overwrite each other's. */
    private keep;
    private read;
}
