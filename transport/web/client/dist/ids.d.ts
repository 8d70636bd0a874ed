/** A new id. Of no two clients equal, of one client not always in order within a millisecond: see idSource. */
export declare function newId(now?: number): string;
/** Makes ids that are in order, also within a millisecond and when the clock is set back. */
export declare function idSource(clock?: () => number): () => string;
