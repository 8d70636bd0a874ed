import type { ClientEvents, ClientOptions, Field, TokenSource } from "./client.ts";
import { Client } from "./client.ts";
import { Desk } from "./desk.ts";
import type { BanReason, BodyIn, IntentWord, Offer, OperatorOps, Part, Target, Watch } from "./frames.ts";
import type { Hello } from "./protocol.ts";
import { ParleyError } from "./protocol.ts";
export interface OperatorOptions extends ClientOptions {
    /** Answers the operator's token, signed by the tenant. */
    getToken: TokenSource;
    /** The operator's id: keeps what several operators left unsent in one store apart. */
    operator?: string;
    /** Where the operator sits, shown where an intent was set. */
    device?: string;
    /** The intent to begin with; used only when signed out. */
    intent?: IntentWord;
}
/** What a verb's request says besides the session, its epoch, its key, and what the verb takes by itself. */
export type More<Op extends keyof OperatorOps, Taken extends string = never> = Omit<Field<OperatorOps[Op], "d">, "sid" | "ep" | "idem" | Taken>;
export interface OperatorEvents extends ClientEvents {
    /** A chat is offered: accept or reject it before it expires. */
    offer: Offer;
    /** The operator owns this session from here. */
    gained: string;
    /** The operator does not own this session any more. */
    lost: string;
}
export declare class OperatorClient extends Client<OperatorOps, OperatorEvents> {
    /** The operator's offers, chats and intent, and who waits. */
    readonly desk: Desk;
    /** What is watched besides `me`, over reconnects. */
    private readonly topics;
    private readonly who;
    private wanted;
    private shown;
    /** A token that the server will not have again, and why. */
    private bad;
    constructor(options: OperatorOptions);
    /** What the operator is in a session: its owner, or as what it takes part; undefined: nothing. */
    partIn(sid: string): Part | "owner" | undefined;
    /** Takes an offer; fails with `offer_gone` if it was too late. */
    accept(offer: Offer): Promise<string>;
    reject(offer: Offer): Promise<void>;
    /** Says whether the operator, or as a supervisor whom `for` names, takes new chats. */
    setIntent(intent: IntentWord, more?: More<"intent.set", "intent">): Promise<void>;
    /** Says that nobody sits here, or somebody does again; the operator is away when all its connections are. */
    setAway(on: boolean): Promise<unknown>;
    /** Watches lines, boards or operators: `queue`, `queue:DEPARTMENT`, `board:DEPARTMENT`, `operators`; the desk has what they say. */
    watch(...topics: string[]): Promise<void>;
    /** Watches them no longer. */
    unwatch(...topics: string[]): Promise<void>;
    /** Changes what one of the operator's own messages says. */
    edit(sid: string, target: number, body: string | BodyIn): Promise<unknown>;
    /** Removes one of the operator's own messages, for good. */
    redact(sid: string, target: number): Promise<unknown>;
    /** Ends the chat. */
    end(sid: string, more?: More<"session.close">): Promise<unknown>;
    /** Takes a waiting chat out of turn; fails with `capacity_exceeded` when there is no room. `ep` 0: whatever happened to it meanwhile. */
    pick(sid: string, more?: More<"session.pick">): Promise<void>;
    /** A supervisor becomes the owner; the old one stays a member. */
    takeOver(sid: string, more?: More<"session.takeover">): Promise<void>;
    /** Gives the chat back to its line, or to that of another department. */
    release(sid: string, more?: More<"session.release">): Promise<unknown>;
    /** Hands the chat on. `warm`: it stays here until somebody has accepted. */
    transfer(sid: string, target: Target, more?: More<"transfer.start", "target">): Promise<unknown>;
    /** Where the chat could be handed on to, those first who could take it now. */
    /** Which chats operators have, newest first: a supervisor's. */
    servedChats(department?: string): Promise<OperatorOps["session.list"]["res"]>;
    transferTargets(sid: string): Promise<OperatorOps["transfer.targets"]["res"]["targets"]>;
    /** Takes a pending transfer back. */
    cancelTransfer(sid: string): Promise<unknown>;
    /** Takes part in somebody else's chat. */
    join(sid: string, as: Part, more?: More<"session.join", "as">): Promise<void>;
    /** Takes part no longer. */
    leave(sid: string): Promise<void>;
    /** Changes priority, needs, tags, or of a chat that waits its department. */
    set(sid: string, more: More<"session.set">): Promise<unknown>;
    /** As much time for notes again as there was, from now on. */
    extendWrapUp(sid: string): Promise<unknown>;
    /** The notes are written: there is room for another chat. */
    endWrapUp(sid: string): Promise<unknown>;
    /** Adds a note after the chat's end; before it, `send` with `note`. */
    addNote(sid: string, text: string): Promise<unknown>;
    /** A bot says that a person is wanted. */
    handOff(sid: string, more?: More<"session.handoff">): Promise<unknown>;
    /** What is known of a chat's visitor: its chats that the asker may see, whether it is banned. */
    visitor(sid: string): Promise<OperatorOps["visitor.get"]["res"]>;
    /** A supervisor bans a chat's visitor for some days; 0 lifts it. */
    ban(sid: string, days: number, reason?: BanReason): Promise<unknown>;
    /** How the chat found its operators; `operator`: why not this one. */
    explain(sid: string, more?: Omit<OperatorOps["explain"]["d"], "sid">): Promise<OperatorOps["explain"]["res"]>;
    protected credentials(): Promise<object>;
    protected refused(error: ParleyError): boolean;
    protected renewal(): Promise<string>;
    protected renewed(): void;
    protected greeted(hello: Hello): void;
    protected watched(frame: Watch): void;
}
