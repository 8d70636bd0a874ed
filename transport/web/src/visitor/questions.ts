// What the chosen department asks before a chat.

import type { Department, StartOptions } from "../../client/src/index.ts";
import { byId, h, show } from "../dom.ts";
import { visitor as words } from "../strings.ts";

type Question = NonNullable<Department["form"]>[number];

export class Questions {
  private readonly form = byId<HTMLFormElement>("questions");
  private shown = "";
  private asked: Question[] = [];

  /** `done`: the visitor has answered the last one by Enter. */
  constructor(done: () => void) {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      done();
    });
  }

  draw(asked: Question[] = [], visible: boolean): void {
    show(this.form, visible && asked.length > 0);
    this.asked = visible ? asked : [];
    const key = JSON.stringify(asked);
    if (!visible || key === this.shown) return; // what was typed stays
    this.shown = key;
    this.form.replaceChildren(...asked.map((question) => this.make(question)), h("button", { type: "submit", hidden: true }));
  }

  /** Is all answered that must be? If not, the first field that is not gets the focus and says so. */
  check(): boolean {
    return this.asked.length === 0 || this.form.reportValidity();
  }

  /** What a start says. */
  get answers(): Pick<StartOptions, "subject" | "form"> {
    const form: Record<string, string> = {};
    let subject = "";
    for (const { name } of this.asked) {
      const said = this.field(name).value.trim();
      if (name === "subject") subject = said;
      else if (said) form[name] = said;
    }
    return { ...(subject ? { subject } : {}), ...(Object.keys(form).length > 0 ? { form } : {}) };
  }

  clear(): void {
    this.form.reset();
  }

  private field(name: string): HTMLInputElement | HTMLSelectElement {
    return byId(`question-${name}`);
  }

  private make({ name, label, required, options }: Question): HTMLElement {
    const common = { id: `question-${name}`, name, required: required === true, "data-testid": "question" };
    const field = options
      ? h("select", common, h("option", { value: "" }, words.choose), ...options.map((one) => h("option", { value: one }, one)))
      : h("input", { ...common, type: "text", dir: "auto", maxlength: name === "subject" ? "256" : "512", autocomplete: "off" });
    return h("label", {}, h("span", {}, label, !required && h("span", { class: "soft" }, ` ${words.optional}`)), field);
  }
}
