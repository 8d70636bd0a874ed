// Says that somebody writes, and shows operators what, no more often than they need.

import type { Connection } from "./connection.ts";

/** A receiver forgets typing after 6 s: it is repeated every 3 s. */
const again = 3_000;
/** What is typed is shown a little later, and only the latest. */
const peekDelay = 400;

export class Typing {
  private readonly connection: Connection;
  private readonly said = new Map<string, number>();
  private readonly peeks = new Map<string, string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  typing(sid: string, on: boolean): void {
    const last = this.said.get(sid) ?? 0;
    if (on ? Date.now() - last < again : last === 0) return;
    this.said.set(sid, on ? Date.now() : 0);
    this.connection.tell("typing", { sid, on });
  }

  /** Shows operators what is typed and not sent, where the tenant wants it. */
  peek(sid: string, text: string): void {
    if (this.connection.limits.peek !== true) return;
    this.peeks.set(sid, text);
    this.timer ??= setTimeout(() => this.show(), peekDelay);
  }

  /** What was typed is a message now. */
  sent(sid: string): void {
    this.typing(sid, false);
    this.peeks.delete(sid);
  }

  stop(): void {
    this.said.clear();
    this.peeks.clear();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private show(): void {
    this.timer = undefined;
    for (const [sid, text] of this.peeks) this.connection.tell("peek", { sid, text });
    this.peeks.clear();
  }
}
