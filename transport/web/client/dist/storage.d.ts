export interface Store {
    get(key: string): string | null;
    set(key: string, value: string): void;
    remove(key: string): void;
    /** The keys that begin so, in no particular order. */
    keys(prefix: string): string[];
    /** Several tabs have it in common. */
    readonly isShared?: boolean;
}
/** Keeps things as long as the page or process lives. The default: nothing is written anywhere. */
export declare function memoryStore(): Store;
/** Keeps things as long as the tab, over reloads. Readable to scripts of the same origin. */
export declare function tabStore(): Store;
/** Keeps things until they are removed, for all tabs. Readable to scripts of the same origin, and on disk in clear. */
export declare function browserStore(): Store;
