/** In milliseconds. Tests and special networks change them. */
export interface Timing {
    /** An answer takes at most this long. */
    request: number;
    /** From opening a socket to its hello. */
    handshake: number;
    /** The first wait's upper bound; it doubles. */
    backoff: number;
    /** The longest wait. */
    ceiling: number;
    /** A connection this old has proved itself: waits start small again. */
    stable: number;
    /** Before a token's end that a newer one is shown, or a quarter of what is left. */
    early: number;
    /** Silence beyond the server's ping interval that means a dead line. */
    slack: number;
    /** The first wait before a request is repeated; it doubles, up to half of the ceiling. */
    repeat: number;
}
export declare const timing: Readonly<Timing>;
/**
 * Full jitter: anything between nothing and a bound that doubles, so that the thousands of clients of one
 * server do not come back at once. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export declare function fullJitter(random: () => number, base: number, ceiling: number, tries: number): number;
/** How long to wait before a request is repeated: what the server said at least, and more each time. */
export declare function repeatAfter(retryAfter: number, tries: number, { repeat, ceiling }?: Readonly<Timing>): number;
