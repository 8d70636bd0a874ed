// How long to wait before another try.

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

export const timing: Readonly<Timing> = {
  request: 10_000,
  handshake: 15_000,
  backoff: 1_000,
  ceiling: 30_000,
  stable: 5_000,
  early: 60_000,
  slack: 12_000,
  repeat: 250,
};

/**
 * Full jitter: anything between nothing and a bound that doubles, so that the thousands of clients of one
 * server do not come back at once. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function fullJitter(random: () => number, base: number, ceiling: number, tries: number): number {
  return random() * Math.min(ceiling, base * 2 ** tries);
}

/** How long to wait before a request is repeated: what the server said at least, and more each time. */
export function repeatAfter(retryAfter: number, tries: number, { repeat, ceiling }: Readonly<Timing> = timing): number {
  return retryAfter + fullJitter(Math.random, repeat, ceiling / 2, tries) + repeat / 2;
}
