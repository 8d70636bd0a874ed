import type { Timing } from "./backoff.ts";
import type { Limits, Passing, Watch } from "./frames.ts";
import type { AnyEntry, Place, Renewed, Resumed } from "./protocol.ts";
import { ParleyError } from "./protocol.ts";
import type { RequestOptions } from "./requests.ts";
import type { World } from "./world.ts";
/** connecting: the first try; waiting and offline: until a later try; refused: no further try by itself; closed: by us. */
export type LineState = "connecting" | "online" | "waiting" | "offline" | "refused" | "closed";
export interface Handlers {
    /** The `d` of the auth request, made anew for each socket. A promise that fails is tried again later, unless with a ParleyError. */
    auth: () => object | Promise<object>;
    hello: (d: unknown) => void;
    /** The server refused the credentials, or they have ended. True: there are others, try again. */
    refused: (error: ParleyError) => boolean;
    /** The token to show before the present one ends; none: empty. The server says goodbye to who shows none in time. */
    renewal?: () => string | Promise<string>;
    /** The server has taken the token that was shown. */
    renewed?: (d: Renewed) => void;
    /** The server asks to come back at another address; the answer is where to go, empty: where we are. */
    elsewhere?: (url: string) => string;
    evt: (frame: AnyEntry) => void;
    eph: (frame: Passing) => void;
    watch: (frame: Watch) => void;
    resumed: (sid: string, d: Resumed) => void;
    /** Where sessions stand, as the server's ping says. */
    heads?: (heads: Place[]) => void;
    /** What to show at the next connect, from now on. */
    resumeToken?: (token: string) => void;
    state: (state: LineState) => void;
}
export declare class Connection {
    state: LineState;
    /** Why the line was refused: an error code or the reason of the server's bye. */
    reason: string;
    /** Add to Date.now() to get the server's clock, in milliseconds. */
    skew: number;
    limits: Limits;
    private url;
    private readonly handlers;
    private readonly world;
    private readonly timing;
    private readonly requests;
    private readonly renewal;
    private socket;
    /** Counts the tries to open a socket; a try that another one has overtaken is given up. */
    private attempt;
    private opening;
    private tries;
    private retry;
    private watchdog;
    private heard;
    /** Frames `evt` of this socket. Those in answers do not count: more than the server sent is an error. */
    private counted;
    private onlineSince;
    private bye;
    private refusal;
    constructor(url: string, handlers: Handlers, world?: World, timing?: Partial<Timing>);
    get isOnline(): boolean;
    /** The server's clock, in milliseconds. */
    now(): number;
    /** Opens the socket now, unless one is open or being opened. */
    connect(): void;
    /** Asks the server; the promise fails with a ParleyError. */
    request<T = unknown>(op: string, d: object, options?: RequestOptions): Promise<T>;
    /** Shows the server a newer token; refused, the line goes on as before. */
    refresh(token: string): Promise<Renewed>;
    /** Says something that gets no answer. */
    tell(t: string, d?: object): void;
    /** Gives the socket up and opens another one: it told us less than it should, or its network is gone. */
    renew(): void;
    /** Somebody looks at the page, or the network is back: do not wait any longer. */
    nudge(): void;
    /** Starts over after a refusal, because a person asked for it. */
    restart(): void;
    /** Says goodbye, and stays away. */
    close(): void;
    private open;
    /** Without credentials there is no line; a ParleyError says that trying again would not help. */
    private noCredentials;
    private authenticate;
    private welcomed;
    private showNewer;
    private receive;
    private control;
    private send;
    private lost;
    /** Opens another socket after what the server asked for, and full jitter. */
    private later;
    /** Forgets the socket; what waits for an answer fails with the code. */
    private drop;
    private silence;
    /** Renews the socket once nothing was heard for `limit` milliseconds. */
    private watch;
    private enter;
}
