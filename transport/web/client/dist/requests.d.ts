import type { Answer } from "./protocol.ts";
import { ParleyError } from "./protocol.ts";
import type { World } from "./world.ts";
export interface RequestOptions {
    /** How long to wait for the answer, in milliseconds. */
    within?: number;
    /** Gives up waiting. What was asked for may still be done. */
    signal?: AbortSignal;
}
/** Hears of the answer before the next frame is read. A promise would be later: several frames come in one go. */
export interface AtOnce {
    done: (d: unknown) => void;
    failed: (error: ParleyError) => void;
}
export declare class Requests {
    private readonly pending;
    private readonly world;
    /** Called when the server did not answer in time: then the line is dead. */
    private readonly unanswered;
    private made;
    constructor(world: World, unanswered: () => void);
    /** Sends a request, and answers what the server does. Fails with a ParleyError. */
    ask<T>(send: (frame: object) => void, op: string, d: object, within: number, signal?: AbortSignal, atOnce?: AtOnce): Promise<T>;
    answered(res: Answer): void;
    /** The line is gone: nothing that waits will be answered. */
    failAll(code: string): void;
    private fail;
}
