// "Why this chat, why not me?": what the router decided, in words.

import type { Desk, Entry, OperatorClient, OperatorOps } from "../../client/src/index.ts";
import { ParleyError } from "../../client/src/index.ts";
import { byId, h, show, text } from "../dom.ts";
import { operator as words } from "../strings.ts";
import { clockTime, stopwatch } from "../time.ts";
import type { Attempt } from "./desk.ts";
import { colleague } from "./names.ts";

type Explained = OperatorOps["explain"]["res"];
type Decided = Explained["decisions"][number];
type Candidate = NonNullable<Decided["decision"]["winner"]>;

export class ExplainDialog {
  private readonly dialog = byId<HTMLDialogElement>("explain");
  private readonly who = byId<HTMLSelectElement>("explain-who");
  private readonly client: OperatorClient;
  private readonly desk: Desk;
  private readonly attempt: Attempt;
  private readonly refused: () => void;
  private sid = "";

  /** `refused` tells the person that it may not know. */
  constructor(client: OperatorClient, attempt: Attempt, refused: () => void) {
    this.refused = refused;
    this.client = client;
    this.desk = client.desk;
    this.attempt = attempt;
    byId("explain-close").addEventListener("click", () => this.dialog.close());
    this.who.addEventListener("change", () => void this.ask());
  }

  /** Shows the decisions about a chat, and why somebody was not chosen in the last one. */
  open(sid: string, name: string): void {
    this.sid = sid;
    text(byId("explain-head"), words.explainOf(name));
    const others = this.client.people.operators.filter((id) => id !== this.desk.operator.id);
    this.who.replaceChildren(...[this.desk.operator.id, ...others].map((id) => h("option", { value: id }, colleague(this.client, this.desk, id))));
    byId("decisions").replaceChildren();
    text(byId("explain-why"), "");
    show(byId("explain-none"), false);
    void this.ask(true);
  }

  private async ask(first = false): Promise<void> {
    const { sid } = this;
    let said: Explained | null = null;
    const operator = this.who.value || this.desk.operator.id;
    const done = await this.attempt(async () => (said = await this.asked(sid, operator)));
    if (!done || sid !== this.sid) return;
    if (!said) return this.refused();
    if (first && !this.dialog.open) this.dialog.showModal();
    this.show(said);
  }

  /** Null: it is none of this operator's chats, and nobody asked it about it. */
  private async asked(sid: string, operator: string): Promise<Explained | null> {
    try {
      return await this.client.explain(sid, { operator });
    } catch (error) {
      if (error instanceof ParleyError && ["not_found", "forbidden"].includes(error.code)) return null;
      throw error;
    }
  }

  private show({ decisions, more, why }: Explained): void {
    byId("decisions").replaceChildren(...[...decisions].reverse().map((one) => this.decision(one)));
    show(byId("explain-none"), decisions.length === 0);
    show(byId("explain-more"), more);
    text(byId("explain-why"), why ? words.whyNot(this.name(why.operator), why.reason) : "");
  }

  private decision(one: Decided): HTMLElement {
    const { decision } = one;
    const facts = [
      this.desk.department(decision.department),
      words.waited(stopwatch(decision.waited_ms)),
      words.positionWas(decision.position),
      decision.step > 0 ? words.step(decision.step) : "",
    ];
    const rest = Object.entries(decision.rest ?? {}).map(([reason, count]) => words.restOf(count ?? 0, reason));
    return h(
      "li",
      { class: "decision", "data-testid": "decision" },
      h("p", { class: "row-head" }, h("strong", {}, words.chose(this.name(one.operator), one.direct)), h("time", { datetime: one.at }, clockTime(Date.parse(one.at)))),
      h("p", {}, decision.rule ? `${words.because(decision.rule)} ` : "", outcome(one)),
      h("p", { class: "soft" }, facts.filter(Boolean).join(" · ")),
      decision.needs && decision.needs.length > 0 && h("ul", { class: "chips" }, ...decision.needs.map(({ skill, level }) => h("li", { class: "chip" }, level ? `${skill} ${level}` : skill))),
      this.table([decision.winner, ...(decision.next ?? [])].filter((candidate) => candidate !== undefined)),
      rest.length > 0 && h("p", { class: "soft" }, words.others(rest.join(", "))),
    );
  }

  /** Those who could have been chosen, as the router saw them. */
  private table(candidates: Candidate[]): HTMLElement | false {
    if (candidates.length === 0) return false;
    const cell = (value: string) => h("td", {}, value);
    const head = words.candidateHead.map((name) => h("th", { scope: "col" }, name));
    const rows = candidates.map((one) =>
      h("tr", {}, h("th", { scope: "row" }, this.name(one.operator)), cell(words.tiers[one.tier] ?? one.tier), cell(String(one.fit)), cell(words.loadShort(one.used / 1000, one.capacity / 1000)), cell(one.last_chosen ? clockTime(Date.parse(one.last_chosen)) : "–")),
    );
    return h("div", { class: "table", tabindex: "0", role: "region", "aria-label": words.candidates }, h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)));
  }

  /** Whoever the asker may not know about stays unnamed. */
  private name(id: string | undefined): string {
    return id === undefined ? words.somebody : colleague(this.client, this.desk, id);
  }
}

function outcome(one: Decided): string {
  if (one.accepted) return words.outcomes.accepted;
  return one.ended ? words.endedBy(one.ended) : words.outcomes.open;
}

/** The rule that decided, as an entry of the log has it. */
export function ruleOf(evt: Entry): string {
  const facts = evt.t === "offer.made" || evt.t === "session.assigned" ? evt.d.facts : undefined;
  return facts?.decision?.rule ?? "";
}
