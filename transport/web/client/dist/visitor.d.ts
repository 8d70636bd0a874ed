import type { ClientEvents, ClientOptions, Field, TokenSource } from "./client.ts";
import { Client } from "./client.ts";
import type { VisitorOps } from "./frames.ts";
import type { Unsent } from "./outbox.ts";
import type { Hello, Renewed, VisitorHello } from "./protocol.ts";
import { ParleyError } from "./protocol.ts";
import type { Session } from "./session.ts";
import type { Store } from "./storage.ts";
export interface VisitorOptions extends ClientOptions {
    /** Answers the token by which the tenant says who the visitor is; without one the visitor is anonymous. */
    getToken?: TokenSource;
    /** Keeps the token that makes the visitor the same one at the next visit. Default: memory. */
    tokens?: Store;
}
export interface VisitorEvents extends ClientEvents {
    /** The chat that was asked for is open. */
    started: Session;
    /** The server will not start a chat. What was written for it is given back, and no longer in the outbox. */
    notStarted: {
        error: ParleyError;
        unsent: Unsent[];
    };
}
/** A department, and what it is now as far as that is known. */
export type Department = VisitorHello["departments"][number] & Partial<Omit<VisitorOps["department.list"]["res"]["departments"][number], "id" | "name">>;
/** What a start says besides the department. */
export type StartOptions = Omit<Field<VisitorOps["session.start"], "d">, "department" | "idem"> & {
    /** The chat that is over and continued. */
    continues?: string;
};
export declare class VisitorClient extends Client<VisitorOps, VisitorEvents> {
    /** The server's id of this visitor; empty before the first hello. */
    visitor: string;
    /** The visitor has proven who it is. */
    verified: boolean;
    /** Until when no chat can be started or written in (RFC 3339); empty: it is not so. */
    bannedUntil: string;
    tenant: VisitorHello["tenant"];
    /** What they are now: see listDepartments. */
    departments: Department[];
    /** The chat that is open, or the last one. */
    current: Session | null;
    private readonly who;
    private readonly tokens;
    private readonly unsent;
    private readonly keys;
    /** Tabs of one browser do not become several visitors: the first one in gets the token, the others wait for it. */
    private readonly turn;
    private wanted;
    private shownJwt;
    private refusals;
    private starting;
    constructor(options: VisitorOptions);
    /** Has a chat been asked for that is not open yet? Also over a reload. */
    get isStarting(): boolean;
    /** Opens a chat, or answers the one that is open. What is sent to the session "" before that goes into it. */
    start(department?: string, { continues: sid, ...more }?: StartOptions): Promise<Session>;
    /** Writes to the open chat, or opens one with this as its first message. */
    say(text: string, department?: string, options?: StartOptions): Unsent;
    /** Asks what the departments are now; changes come by themselves from then on. */
    listDepartments(): Promise<Department[]>;
    /** Waits no longer: ends the chat, or leaves what was written as a message. */
    leaveQueue(sid: string, choice: "close" | "message"): Promise<unknown>;
    /** Rates a chat that is over, 1 to 5, once. */
    rate(sid: string, score: number, comment?: string): Promise<unknown>;
    /** Asks for a person, in a chat that a bot has. */
    handOff(sid: string): Promise<unknown>;
    /** Shows operators what is typed and not sent, where the tenant wants it (`connection.limits.peek`); say so on the page. */
    peek(sid: string, text: string): void;
    /** Removes one of the visitor's own messages, for good. */
    redact(sid: string, target: number): Promise<unknown>;
    /** Ends the chat. */
    end(sid: string): Promise<unknown>;
    /** Somebody signed in or out: `getToken` has another answer. Of the same visitor it renews the line, else the line begins anew. */
    identify(): Promise<void>;
    protected credentials(): object | Promise<object>;
    /** A token that is no longer good makes this a new visitor. */
    protected refused(error: ParleyError): boolean;
    protected renewal(): Promise<string>;
    protected renewed(d: Renewed): void;
    protected greeted(hello: Hello): void;
    /** What was true of it before is not any more: it may say less now. What it asks stays. */
    private department;
    private get token();
    private gather;
    private showing;
    /** The chat ended while we were away: its last entries come by history. */
    private endedMeanwhile;
    private begin;
    /** Asks for the chat until the server answers. */
    private open;
    /** Nothing that was written is lost: it goes back to who wrote it. */
    private giveBack;
}
