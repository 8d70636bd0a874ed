// Typed events, without the DOM.

export type Listener<T> = (value: T) => void;

export interface ListenOptions {
  /** Ends the listening when it is aborted. */
  signal?: AbortSignal;
  /** Ends the listening after the first call. */
  once?: boolean;
}

export class Emitter<Events> {
  private readonly listeners = new Map<keyof Events, Set<Listener<never>>>();

  /** Calls the listener for each event of the name. The answer ends it. */
  on<K extends keyof Events>(name: K, listener: Listener<Events[K]>, options: ListenOptions = {}): () => void {
    if (options.signal?.aborted) return () => undefined;
    const run: Listener<Events[K]> = (value) => {
      if (options.once) off();
      listener(value);
    };
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set.add(run as Listener<never>));
    const off = () => {
      set.delete(run as Listener<never>);
      options.signal?.removeEventListener("abort", off);
    };
    options.signal?.addEventListener("abort", off);
    return off;
  }

  protected emit<K extends keyof Events>(name: K, value: Events[K]): void {
    for (const listener of [...(this.listeners.get(name) ?? [])]) {
      try {
        (listener as Listener<Events[K]>)(value);
      } catch (error) {
        // The application's mistake must not cost the others their event, nor be hidden.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
