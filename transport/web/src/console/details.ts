// What is known of the open chat beside its messages: the visitor, how the chat is
// served and filed, who takes part.

import type { Desk, OperatorClient, Session } from "../../client/src/index.ts";
import { byId, h, keyed, show, text } from "../dom.ts";
import { operator as words } from "../strings.ts";
import { clockTime, stopwatch } from "../time.ts";
import type { Attempt } from "./desk.ts";
import { colleague } from "./names.ts";

export class Details {
  private readonly client: OperatorClient;
  private readonly desk: Desk;
  private readonly attempt: Attempt;
  private readonly priority = byId<HTMLSelectElement>("priority");
  private readonly tag = byId<HTMLInputElement>("tag");
  private session: Session | null = null;

  constructor(client: OperatorClient, attempt: Attempt) {
    this.client = client;
    this.desk = client.desk;
    this.attempt = attempt;
    for (let p = 10; p >= -5; p--) this.priority.append(h("option", { value: String(p) }, words.priority(p)));
    this.priority.addEventListener("change", () => void this.setPriority());
    this.tag.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      void this.addTag();
    });
    byId("tag-add").addEventListener("click", () => void this.addTag());
  }

  draw(session: Session | null, mayChange: boolean): void {
    this.session = session;
    if (!session) return;
    this.drawVisitor(session);
    this.drawFacts(session);
    this.drawTags(session, mayChange);
    this.drawPeople(session);
    this.priority.disabled = !mayChange;
    this.tag.disabled = !mayChange;
    if (document.activeElement !== this.priority) this.priority.value = String(session.serving?.priority ?? 0);
  }

  private drawVisitor(session: Session): void {
    const held = session.visitor?.identity ?? [];
    const place = byId("identity");
    keyed(place, held, ({ name }) => name, ({ name }) => h("div", {}, h("dt", {}, words.attributes[name] ?? name), h("dd", { dir: "auto" })), (element, { value, verified }) => {
      text(element.lastElementChild as Element, verified ? `${value} ✓` : value);
    });
    show(byId("identity-none"), held.length === 0);
  }

  private drawFacts(session: Session): void {
    const { serving } = session;
    const rows: [string, string][] = [[words.factDepartment, this.desk.department(session.department)], [words.factState, words.states[session.state] ?? session.state]];
    if (serving) {
      const now = this.client.connection.now();
      rows.push([words.factSince, clockTime(Date.parse(serving.first_queued_at))]);
      if (session.state === "queued") rows.push([words.factWaits, stopwatch(now - Date.parse(serving.queued_at))]);
      if (serving.step > 0) rows.push([words.factStep, String(serving.step)]);
      if (serving.skills.length > 0) rows.push([words.factSkills, serving.skills.map(({ skill, level }) => (level ? `${skill} ${level}` : skill)).join(", ")]);
      if (serving.previous) rows.push([words.factPrevious, words.chat(serving.previous)]);
      if (serving.follow_up_at) rows.push([words.factFollowUp, clockTime(Date.parse(serving.follow_up_at))]);
    }
    if (session.score > 0) rows.push([words.factRating, words.stars(session.score)]);
    rows.push([words.factId, session.sid]);
    keyed(byId("facts"), rows, ([name]) => name, ([name]) => h("div", {}, h("dt", {}, name), h("dd", {})), (element, [, value]) => text(element.lastElementChild as Element, value));
  }

  private drawTags(session: Session, mayChange: boolean): void {
    const tags = session.serving?.tags ?? [];
    keyed(byId("tags"), tags, (tag) => tag, (tag) => this.chip(tag), (element) => ((element.querySelector("button") as HTMLButtonElement).disabled = !mayChange));
  }

  private chip(tag: string): HTMLElement {
    return h("li", { class: "chip", "data-testid": "tag-chip" }, tag, h("button", { type: "button", class: "chip-remove", "aria-label": words.removeTag(tag), onclick: () => void this.setTags((tags) => tags.filter((one) => one !== tag)) }, "×"));
  }

  private drawPeople(session: Session): void {
    const people: [string, string][] = session.owner ? [[session.owner, words.owner]] : [];
    for (const [id, part] of session.members) if (id !== session.owner) people.push([id, words.parts[part] ?? part]);
    keyed(byId("members"), people, ([id]) => id, () => h("li", {}, h("span", { dir: "auto" }), h("span", { class: "soft" })), (element, [id, part]) => {
      text(element.firstElementChild as Element, colleague(this.client, this.desk, id));
      text(element.lastElementChild as Element, part);
    });
  }

  private async setPriority(): Promise<void> {
    const { session } = this;
    if (session) await this.attempt(() => this.client.set(session.sid, { priority: Number(this.priority.value) }));
  }

  private async addTag(): Promise<void> {
    const tag = this.tag.value.trim();
    if (tag === "") return;
    if (await this.setTags((tags) => [...tags.filter((one) => one !== tag), tag])) this.tag.value = "";
  }

  private async setTags(change: (tags: string[]) => string[]): Promise<boolean> {
    const { session } = this;
    return session !== null && this.attempt(() => this.client.set(session.sid, { tags: change(session.serving?.tags ?? []) }));
  }
}
