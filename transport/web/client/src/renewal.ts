// When to show a newer token: before the present one ends.

import type { World } from "./world.ts";

/** The longest that a timer is set for: browsers count no more than 24 days. */
const longest = 86_400_000;

export class Renewal {
  private readonly world: World;
  private readonly early: number;
  private readonly due: () => void;
  /** The server's clock. */
  private readonly clock: () => number;
  private timer = 0;
  private expires = 0; // by the server's clock; 0: never

  constructor(world: World, early: number, clock: () => number, due: () => void) {
    this.world = world;
    this.early = early;
    this.clock = clock;
    this.due = due;
  }

  /** Forgets the token: its connection is gone. */
  stop(): void {
    this.world.cancel(this.timer);
    this.expires = 0;
  }

  /** Notes when the token ends. One that ends no later than the last is not shown again and again. */
  lasts(until: string | undefined): void {
    const at = Date.parse(until ?? "");
    if (Number.isNaN(at) || at <= this.expires) return;
    this.expires = at;
    this.wait();
  }

  private wait(): void {
    this.world.cancel(this.timer);
    const left = this.expires - this.clock();
    const wait = Math.max(left - Math.min(this.early, left / 4), 0);
    this.timer = this.world.after(Math.min(wait, longest), () => (wait > longest ? this.wait() : this.due()));
  }
}
