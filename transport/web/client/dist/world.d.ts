export interface World {
    open: (url: string, protocol: string) => WebSocket;
    random: () => number;
    now: () => number;
    after: (ms: number, run: () => void) => number;
    cancel: (timer: number) => void;
    /** What the browser believes. It may be wrong, and loopback needs no network. */
    hasNetwork: () => boolean;
}
/** A browser, or a Node.js with WebSocket (22; 20 with --experimental-websocket). */
export declare const standard: Readonly<World>;
export interface Watched {
    /** Do not wait any longer: somebody looks, or the network is back. */
    nudge(): void;
    /** The network is gone: so is the socket. */
    renew(): void;
}
/** Tabs sleep and networks go: uses every hint that the line should be looked at. Does nothing where there is no page. */
export declare function listenToPage(line: Watched, signal: AbortSignal): void;
