import type { World } from "./world.ts";
export declare class Renewal {
    private readonly world;
    private readonly early;
    private readonly due;
    /** The server's clock. */
    private readonly clock;
    private timer;
    private expires;
    constructor(world: World, early: number, clock: () => number, due: () => void);
    /** Forgets the token: its connection is gone. */
    stop(): void;
    /** Notes when the token ends. One that ends no later than the last is not shown again and again. */
    lasts(until: string | undefined): void;
    private wait;
}
