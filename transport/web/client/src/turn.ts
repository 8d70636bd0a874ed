// One tab at a time, by the browser's locks: https://w3c.github.io/web-locks/

import type { Store } from "./storage.ts";

/** A tab that hangs must not hold up the others for longer, in milliseconds. */
const atMost = 5_000;

export class Turn {
  private readonly name: string;
  private release: (() => void) | null = null;

  constructor(name: string) {
    this.name = name;
  }

  /** Only tabs that share the store can be in each other's way. */
  isNeeded(store: Store): boolean {
    return store.isShared === true && this.release === null && typeof navigator !== "undefined" && navigator.locks !== undefined;
  }

  /** Waits for the turn. */
  begin(): Promise<void> {
    return new Promise((begun) => {
      const held = () =>
        new Promise<void>((done) => {
          const timer = setTimeout(done, atMost);
          this.release = () => (clearTimeout(timer), done());
          begun();
        });
      navigator.locks.request(this.name, held).catch(() => begun());
    });
  }

  /** Lets the next tab go on. */
  end(): void {
    this.release?.();
    this.release = null;
  }
}
