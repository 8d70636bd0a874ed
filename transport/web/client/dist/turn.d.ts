import type { Store } from "./storage.ts";
export declare class Turn {
    private readonly name;
    private release;
    constructor(name: string);
    /** Only tabs that share the store can be in each other's way. */
    isNeeded(store: Store): boolean;
    /** Waits for the turn. */
    begin(): Promise<void>;
    /** Lets the next tab go on. */
    end(): void;
}
