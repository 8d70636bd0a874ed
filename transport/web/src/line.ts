// Shows what the connection is doing.

import type { Connection } from "../client/src/index.ts";
import { attr, h, text } from "./dom.ts";
import { common, explain } from "./strings.ts";

export class LineView {
  private readonly words: HTMLElement;
  private readonly again: HTMLButtonElement;
  private readonly root: HTMLElement;
  private readonly connection: Connection;
  private readonly refused: (why: string) => string;

  constructor(root: HTMLElement, connection: Connection, refused: (why: string) => string) {
    this.root = root;
    this.connection = connection;
    this.refused = refused;
    this.words = h("span", { class: "line-words" });
    this.again = h("button", { type: "button", class: "link", "data-testid": "reconnect", onclick: () => connection.restart() }, common.retry);
    root.append(h("span", { class: "dot", "aria-hidden": "true" }), this.words, this.again);
    this.draw();
  }

  draw(): void {
    const { state, reason } = this.connection;
    attr(this.root, "data-state", state);
    text(this.words, state === "refused" ? this.refused(explain(reason || "unavailable")) : common[state]);
    this.again.hidden = state !== "refused";
  }
}
