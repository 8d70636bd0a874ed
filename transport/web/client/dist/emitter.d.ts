export type Listener<T> = (value: T) => void;
export interface ListenOptions {
    /** Ends the listening when it is aborted. */
    signal?: AbortSignal;
    /** Ends the listening after the first call. */
    once?: boolean;
}
export declare class Emitter<Events> {
    private readonly listeners;
    /** Calls the listener for each event of the name. The answer ends it. */
    on<K extends keyof Events>(name: K, listener: Listener<Events[K]>, options?: ListenOptions): () => void;
    protected emit<K extends keyof Events>(name: K, value: Events[K]): void;
}
