import type { ClientEvents, ClientOptions, TokenSource } from "./client.ts";
import { Client } from "./client.ts";
import { Desk } from "./desk.ts";
import type { BodyIn, IntentWord, Offer, OperatorOps, Watch } from "./frames.ts";
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
    private readonly who;
    private wanted;
    private shown;
    /** A token that the server will not have again, and why. */
    private bad;
    constructor(options: OperatorOptions);
    /** Takes an offer; fails with `offer_gone` if it was too late. */
    accept(offer: Offer): Promise<string>;
    reject(offer: Offer): Promise<void>;
    /** Says whether the operator takes new chats. */
    setIntent(intent: IntentWord): Promise<void>;
    /** Changes what one of the operator's own messages says. */
    edit(sid: string, target: number, body: string | BodyIn): Promise<unknown>;
    /** Removes one of the operator's own messages, for good. */
    redact(sid: string, target: number): Promise<unknown>;
    /** Ends the chat. */
    end(sid: string): Promise<unknown>;
    protected credentials(): Promise<object>;
    protected refused(error: ParleyError): boolean;
    protected renewal(): Promise<string>;
    protected renewed(): void;
    protected greeted(hello: Hello): void;
    protected watched(frame: Watch): void;
}
