import type { Timing } from "./backoff.ts";
import type { LineState } from "./connection.ts";
import { Connection } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import type { Link, TransferOptions } from "./files.ts";
import type { BodyIn, Entry, EvtMessageNew, Identity, LawfulBasis, OperatorOps, Passing, VisitorOps, Watch } from "./frames.ts";
import type { SendOptions, Unsent } from "./outbox.ts";
import { Outbox } from "./outbox.ts";
import { People } from "./people.ts";
import type { AnyEntry, Hello, Renewed, Side } from "./protocol.ts";
import { ParleyError } from "./protocol.ts";
import type { RequestOptions } from "./requests.ts";
import { Session } from "./session.ts";
import type { Store } from "./storage.ts";
import type { World } from "./world.ts";
/** Why a token is wanted: to connect, because the present one ends soon, or because the last one was refused or has ended. */
export type TokenWanted = "connect" | "expiring" | "refused";
/** Answers a token signed by the tenant; empty or nothing: there is none. */
export type TokenSource = (wanted: TokenWanted) => string | undefined | Promise<string | undefined>;
export interface ClientOptions {
    /** Where Parley is: `https://chat.example.com` or `wss://…`, without the path of the endpoint. */
    server: string;
    tenant: string;
    /** Keeps what is written and not yet taken by the server. Default: memory, so that nothing is written to a disk. */
    unsent?: Store;
    /** Closes the client when it is aborted. */
    signal?: AbortSignal;
    /** How many missed entries of a session are fetched one page after the other; more are a `reset`. Default: 2000. */
    catchUp?: number;
    /** How many entries of a session are kept in memory; 0: all. Default: all. */
    keep?: number;
    /** Where to go when the server names another address; empty: the same. Default: the same, so that no token goes elsewhere. */
    elsewhere?: (url: string) => string;
    world?: Partial<World>;
    timing?: Partial<Timing>;
}
export interface ClientEvents {
    /** The line changed; `reason` says why it was refused. */
    state: {
        state: LineState;
        reason: string;
    };
    /** The connection is made, for the first time or again. */
    hello: Hello;
    /** An entry of a session, each once and in the order of the session. */
    entry: {
        session: Session;
        entry: Entry;
    };
    /** A message by another side that came while we were connected; it was an `entry` before. */
    message: {
        session: Session;
        entry: EvtMessageNew;
    };
    /** An entry of a kind that this version does not know: there is nothing to do. */
    unknown: {
        session: Session;
        entry: AnyEntry;
    };
    /** Entries that will not come by themselves: too many were missed. */
    reset: {
        session: Session;
        from: number;
        to: number;
    };
    /** The connection is seated in a session; its situation is known. */
    resumed: Session;
    passing: Passing;
    watch: Watch;
    /** A message was refused for good; it stays in the outbox until it is retried or discarded. */
    failed: {
        item: Unsent;
        error: ParleyError;
    };
    /** Something changed that a page may show. */
    changed: undefined;
}
/** What both sides may ask for, in the same words. */
type Common = Pick<VisitorOps & OperatorOps, "history.get" | "file.begin" | "file.get" | "client.identify" | "identity.get">;
/** What a request says, where the client adds its key. */
export type Asked<D> = D extends {
    idem?: string;
} ? Omit<D, "idem"> & {
    idem?: string;
} : D;
export declare abstract class Client<Ops extends object, Events extends ClientEvents = ClientEvents> extends Emitter<Events> {
    readonly connection: Connection;
    readonly outbox: Outbox;
    readonly people: People;
    readonly sessions: Map<string, Session>;
    protected readonly options: ClientOptions;
    private readonly side;
    private readonly http;
    private readonly timing;
    private readonly typist;
    private readonly readSent;
    /** The last entry that the application was told of, by session. */
    private readonly told;
    private readonly filling;
    /** Where a gap did not close, by session. */
    private readonly stuck;
    private readonly ended;
    private resumeToken;
    protected constructor(side: Side, options: ClientOptions, unsentPrefix: string);
    /** What auth says of who we are. */
    protected abstract credentials(): object | Promise<object>;
    protected abstract refused(error: ParleyError): boolean;
    protected abstract renewal(): string | Promise<string>;
    protected abstract renewed(d: Renewed): void;
    protected abstract greeted(d: Hello): void;
    protected watched(_frame: Watch): void;
    /** Connects, and stays connected. Resolves with the first hello; fails if the server will not have us. */
    connect(): Promise<void>;
    /** Resolves once the line is up; fails when it was refused or closed. */
    online(signal?: AbortSignal): Promise<void>;
    /** Says goodbye and ends. What is unsent stays in its store. */
    close(): void;
    session(sid: string): Session;
    /** Drops what is held of a session: for programs that live long. */
    forget(sid: string): void;
    /** Asks once. Fails with `disconnected` when there is no line: see call. */
    request<K extends keyof Ops & string>(op: K, d: Asked<Field<Ops[K], "d">>, options?: RequestOptions): Promise<Field<Ops[K], "res">>;
    /** Asks, and repeats the request with its key until the server has answered it, or will not hear us any more. */
    call<K extends keyof Ops & string>(op: K, d: Asked<Field<Ops[K], "d">>, options?: RequestOptions): Promise<Field<Ops[K], "res">>;
    /** Sends a message, now or once there is a line; it arrives once. The answer is its place in the outbox. */
    send(sid: string, body: string | BodyIn, options?: SendOptions): Unsent;
    /**
     * Uploads a file, and sends it as a message. Fails with `type_not_allowed` or `too_large` (see `connection.limits`) where the tenant does
     * not take it. Its bytes are in memory once, for their sum.
     */
    sendFile(sid: string, file: Blob, name: string, options?: SendOptions & TransferOptions): Promise<Unsent>;
    /** Where a file of a message is, for this reader and for a while. Not for others: the address is the right. */
    fileLink(sid: string, fileId: string, options?: RequestOptions): Promise<Link>;
    /** The bytes of a file of a message. Whatever it says of itself, it is somebody else's: do not show it as a page. */
    download(sid: string, fileId: string, options?: TransferOptions): Promise<Blob>;
    /** What is held about the visitor. */
    identity(sid: string, options?: RequestOptions): Promise<Identity>;
    /** Changes what is held about the visitor, on a lawful basis (GDPR Art. 6(1)); an empty text takes a value away. */
    setIdentity(sid: string, set: Record<string, string>, lawful_basis: LawfulBasis): Promise<unknown>;
    /** Passes on that we are, or no longer are, writing. */
    typing(sid: string, on: boolean): void;
    /** Tells the server how far we have read; only forward, and once. */
    markRead(session: Session): void;
    /** The page of history before an entry; without one, the newest. */
    history(sid: string, before?: number, options?: RequestOptions): Promise<Common["history.get"]["res"]>;
    /** Loads the page of history before what we hold. Entries that come so are not told as `entry`. */
    loadEarlier(session: Session): Promise<void>;
    /** Loads the newest entries of a session that may have ended, and what is missing between them and what we hold. */
    load(sid: string): Promise<Session>;
    protected shows(sid: string, text: string): void;
    protected changed(): void;
    /** Emits one of the events that both sides have. */
    protected tell<K extends keyof ClientEvents>(name: K, value: ClientEvents[K]): void;
    private ask;
    private deliver;
    private handlers;
    private auth;
    private have;
    private hello;
    private resumed;
    /** Drops the log: the server sends its tail only. */
    private restart;
    private event;
    /** Takes an entry, and tells the application of it and of those that waited for it. */
    private take;
    /** Fetches what is missing between what we hold and an entry. */
    private fill;
    /** History does not hold what an entry says came before it: a new connection decides, and a second one without it. */
    private staysOpen;
    /** A line may be alive for us and dead for the server's events: its ping says where sessions stand. */
    private compare;
    private passing;
}
/** One of an operation's two parts. */
export type Field<T, K extends "d" | "res"> = T extends Record<K, infer V> ? V : never;
export {};
