// The supervisors' board: each department in counts, and who is at work.

import type { Board, Desk, IntentWord, OperatorClient, OperatorRow } from "../../client/src/index.ts";
import { attr, byId, h, keyed, show, text } from "../dom.ts";
import { operator as words } from "../strings.ts";
import { span, stopwatch } from "../time.ts";
import type { Attempt } from "./desk.ts";
import { colleague } from "./names.ts";
import type { ServedList } from "./served.ts";

export class BoardView {
  private readonly client: OperatorClient;
  private readonly desk: Desk;
  private readonly attempt: Attempt;
  private readonly served: ServedList;
  /** Is it on screen? Nothing is watched otherwise. */
  isOpen = false;

  constructor(client: OperatorClient, attempt: Attempt, served: ServedList) {
    this.served = served;
    this.client = client;
    this.desk = client.desk;
    this.attempt = attempt;
  }

  async toggle(open: boolean): Promise<void> {
    if (open === this.isOpen) return;
    const topics = [...this.desk.departments.map(({ id }) => `board:${id}`), "operators"];
    this.isOpen = open;
    if (open) this.isOpen = await this.attempt(() => this.client.watch(...topics));
    else await this.client.unwatch(...topics).catch(() => undefined); // cut off: it ends by itself
  }

  draw(visible: boolean): void {
    show(byId("board"), visible);
    attr(byId("board-open"), "aria-pressed", String(this.isOpen));
    if (!visible) return;
    this.served.draw();
    const boards = this.desk.departments.map(({ id }) => this.desk.boards.get(id)).filter((board) => board !== undefined);
    keyed(byId("boards"), boards, ({ department }) => department, (board) => this.card(board), (element, board) => this.update(element, board));
    const team = [...this.desk.team.values()].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.operator.localeCompare(b.operator));
    keyed(byId("team"), team, ({ operator }) => operator, (row) => this.person(row), (element, row) => this.updatePerson(element, row));
    show(byId("team-part"), team.length > 0);
  }

  private card(board: Board): HTMLElement {
    const figure = (name: string, id: string) => h("div", { class: "figure", "data-figure": id }, h("dd", { "data-testid": `board-${id}` }), h("dt", {}, name));
    const fact = (name: string, id: string) => h("div", { "data-fact": id }, h("dt", {}, name), h("dd"));
    return h(
      "li",
      { class: "board", "data-testid": "board-department", "data-id": board.department },
      h("h3", {}, this.desk.department(board.department)),
      h("dl", { class: "figures" }, figure(words.boardWaiting, "waiting"), figure(words.boardActive, "active"), figure(words.boardSlots, "slots")),
      h("dl", { class: "facts" }, ...words.boardFacts.map(([id, name]) => fact(name, id))),
    );
  }

  private update(element: HTMLElement, board: Board): void {
    const now = this.client.connection.now();
    const figures: Record<string, number> = { waiting: board.waiting + board.offered, active: board.active + board.detached, slots: board.slots };
    for (const [id, value] of Object.entries(figures)) text(element.querySelector(`[data-figure=${id}] dd`) as Element, String(value));
    attr(element.querySelector("[data-figure=waiting]") as Element, "data-bad", figures.waiting > 0 && board.slots === 0);
    const { hour, operators } = board;
    const facts: Record<string, string> = {
      oldest: board.oldest_since ? stopwatch(now - Date.parse(board.oldest_since)) : words.none,
      wait: board.p50_s === undefined ? words.unknown : words.boardWait(span(board.p50_s), span(board.p90_s ?? board.p50_s)),
      offered: String(board.offered),
      detached: String(board.detached),
      closing: String(board.closing),
      unattended: String(board.unattended),
      people: words.boardPeople(operators.accepting, operators.paused + operators.away),
      hour: words.boardHour(hour.served, hour.abandoned),
      reply: hour.first_reply_ms === undefined ? words.unknown : stopwatch(hour.first_reply_ms),
    };
    for (const [id, value] of Object.entries(facts)) text(element.querySelector(`[data-fact=${id}] dd`) as Element, value);
  }

  private person({ operator }: OperatorRow): HTMLElement {
    const choice = h("select", { "aria-label": words.intentOf(colleague(this.client, this.desk, operator)), "data-testid": "team-intent", onchange: () => void this.set(operator, choice) });
    choice.append(h("option", { value: "" }, words.change), ...(["accepting", "paused", "signed_out"] as const).map((intent) => h("option", { value: intent }, words.intents[intent])));
    return h(
      "tr",
      { "data-testid": "team-row", "data-id": operator },
      h("th", { scope: "row" }, h("span", { class: "dot", "aria-hidden": "true" }), h("span", { dir: "auto" })),
      h("td"),
      h("td", { class: "number" }),
      h("td", { class: "number" }),
      h("td", {}, choice),
    );
  }

  private updatePerson(element: HTMLElement, row: OperatorRow): void {
    const [name, state, load, open] = Array.from(element.children);
    attr(element, "data-state", row.state);
    text(name.lastElementChild as Element, colleague(this.client, this.desk, row.operator));
    const since = row.since ? ` · ${stopwatch(this.client.connection.now() - Date.parse(row.since))}` : "";
    text(state, `${words.operatorStates[row.state] ?? row.state}${since}`);
    text(load, words.loadShort(row.used / 1000, row.capacity / 1000));
    text(open, words.loadShort(row.open, row.open_cap));
  }

  /** A supervisor's word about somebody else. */
  private async set(operator: string, choice: HTMLSelectElement): Promise<void> {
    const intent = choice.value as IntentWord;
    choice.value = "";
    if (!intent) return;
    await this.attempt(() => this.client.setIntent(intent, operator === this.desk.operator.id ? {} : { for: operator }));
  }
}

const order = ["accepting", "away", "paused", "reconnecting", "offline", "signed_out"];
