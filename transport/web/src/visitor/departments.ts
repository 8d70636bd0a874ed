// The choice of a department, and what each of them is now.

import type { Department } from "../../client/src/index.ts";
import { attr, byId, h, keyed, show, text } from "../dom.ts";
import { visitor as words } from "../strings.ts";
import { opening, span } from "../time.ts";

export class Departments {
  private readonly list = byId("department-list");
  private readonly changed: () => void;
  private chosen = "";

  constructor(changed: () => void) {
    this.changed = changed;
  }

  /** The chosen department's id; empty: there is nothing to choose. */
  get choice(): string {
    return this.chosen;
  }

  choose(id: string): void {
    this.chosen = id;
    this.changed();
  }

  draw(all: Department[], visible: boolean): void {
    const choosable = all.length > 1;
    if (!all.some(({ id }) => id === this.chosen)) this.chosen = (all.find(({ status }) => status !== "closed") ?? all[0])?.id ?? "";
    show(byId("choice"), visible && choosable);
    if (choosable) keyed(this.list, all, ({ id }) => id, (one) => this.make(one), (element, one) => this.update(element, one));
    const now = all.find(({ id }) => id === this.chosen);
    const note = byId("department-note");
    const said = now ? standing(now) : "";
    show(note, visible && (!choosable || now?.status === "closed" || now?.status === "away") && said !== "" && now?.status !== "open");
    text(note, now ? words.departmentNotes[now.status ?? ""]?.(until(now)) ?? said : "");
  }

  private make({ id, name }: Department): HTMLElement {
    const radio = h("input", { type: "radio", name: "department", value: id, onchange: () => this.choose(id) });
    return h(
      "label",
      { class: "department", "data-testid": "department-option", "data-id": id },
      radio,
      h("span", { class: "dot", "aria-hidden": "true" }),
      h("span", { class: "department-name" }, name),
      h("span", { class: "department-status", "data-testid": "department-status" }),
    );
  }

  private update(element: HTMLElement, one: Department): void {
    const radio = element.firstElementChild as HTMLInputElement;
    radio.checked = one.id === this.chosen;
    attr(element, "data-status", one.status);
    text(element.lastElementChild as Element, standing(one));
  }
}

function until({ opens_at: at }: Department): string {
  return at ? opening(Date.parse(at)) : "";
}

function standing(one: Department): string {
  const { status, queue_len: waiting = 0, eta } = one;
  if (!status) return "";
  if (status === "closed" && one.opens_at) return words.opens(until(one));
  if ((status === "open" || status === "open_queue" || status === "full") && eta) return words.usually(span(eta));
  if (status === "open_queue" && waiting > 0) return words.ahead(waiting);
  return words.statuses[status] ?? "";
}
