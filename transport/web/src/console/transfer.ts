// Handing a chat on: to whom, how, and what if nobody is there.

import type { Desk, OperatorClient, OperatorOps, Session, Target } from "../../client/src/index.ts";
import { attr, byId, h, show, text } from "../dom.ts";
import { operator as words } from "../strings.ts";
import type { Attempt } from "./desk.ts";

type Found = OperatorOps["transfer.targets"]["res"]["targets"][number];

interface Choice {
  target: Target;
  name: string;
  about: string;
  routable: boolean;
}

export class TransferDialog {
  private readonly dialog = byId<HTMLDialogElement>("transfer");
  private readonly list = byId("transfer-targets");
  private readonly note = byId<HTMLTextAreaElement>("transfer-note");
  private readonly otherwise = byId<HTMLSelectElement>("transfer-otherwise");
  private readonly go = byId<HTMLButtonElement>("transfer-go");
  private readonly client: OperatorClient;
  private readonly desk: Desk;
  private readonly attempt: Attempt;
  private session: Session | null = null;
  private chosen: Choice | null = null;

  constructor(client: OperatorClient, attempt: Attempt) {
    this.client = client;
    this.desk = client.desk;
    this.attempt = attempt;
    byId("transfer-cancel").addEventListener("click", () => this.dialog.close());
    this.go.addEventListener("click", () => void this.send());
  }

  open(session: Session): void {
    this.session = session;
    this.chosen = null;
    this.note.value = "";
    this.fill([]);
    show(byId("transfer-none"), false);
    this.dialog.showModal();
    void this.load(session);
  }

  private async load(session: Session): Promise<void> {
    const choices = await this.choices(session);
    if (this.session !== session || !this.dialog.open) return;
    this.fill(choices);
    show(byId("transfer-none"), choices.length === 0);
  }

  private async choices(session: Session): Promise<Choice[]> {
    let found: Found[] = [];
    await this.attempt(async () => (found = await this.client.transferTargets(session.sid)));
    return found.map((one) => ({ target: { [one.kind]: one.id } as unknown as Target, name: this.name(one), about: aboutOf(one), routable: one.routable }));
  }

  private name({ kind, id }: Found): string {
    if (kind === "operator") return this.client.people.operator(id);
    return kind === "department" ? this.desk.department(id) : words.whoever(id);
  }

  private fill(choices: Choice[]): void {
    this.list.replaceChildren(...choices.map((choice) => this.row(choice)));
    this.go.disabled = true;
  }

  private row(choice: Choice): HTMLElement {
    const pick = () => {
      this.chosen = choice;
      this.go.disabled = false;
    };
    const row = h(
      "label",
      { class: "target", "data-testid": "transfer-target", "data-kind": Object.keys(choice.target)[0], "data-id": Object.values(choice.target)[0] as string },
      h("input", { type: "radio", name: "target", onchange: pick }),
      h("span", { class: "dot", "aria-hidden": "true" }),
      h("strong", { dir: "auto" }, choice.name),
      h("span", { class: "target-about" }, choice.about),
    );
    attr(row, "data-routable", choice.routable);
    return row;
  }

  private async send(): Promise<void> {
    const { session, chosen } = this;
    if (!session || !chosen) return;
    const mode = byId<HTMLInputElement>("transfer-warm").checked ? "warm" : "cold";
    const otherwise = this.otherwise.value as "fail" | "queue" | "wait";
    const note = this.note.value.trim();
    this.go.disabled = true;
    text(this.go, words.transferring);
    const more = { mode, on_unavailable: otherwise, ...(otherwise === "wait" ? { wait_s: 300 } : {}), ...(note ? { note } : {}) } as const;
    const done = await this.attempt(() => this.client.transfer(session.sid, chosen.target, more));
    text(this.go, words.transfer);
    this.go.disabled = false;
    if (done) this.dialog.close();
  }
}

/** What speaks for or against a target: why it cannot, what it lacks, what it carries. */
function aboutOf({ kind, routable, reason, load, missing_skills: missing }: Found): string {
  const parts = [routable ? "" : words.targetReasons[reason ?? ""] ?? words.notNow];
  if (missing.length > 0) parts.push(words.lacks(missing.join(", ")));
  if (load && routable) parts.push(words.loadShort(load.used / 1000, load.capacity / 1000));
  return parts.filter(Boolean).join(" · ") || (kind === "department" ? words.aDepartment : kind === "operator" ? words.aColleague : "");
}
