// Taking part in somebody else's chat: supervisors, and colleagues of the department.

import type { OperatorClient, Part } from "../../client/src/index.ts";
import { byId, show, text } from "../dom.ts";
import { operator as words } from "../strings.ts";
import type { Attempt } from "./desk.ts";

export class JoinDialog {
  private readonly dialog = byId<HTMLDialogElement>("join");
  private readonly id = byId<HTMLInputElement>("join-sid");
  private readonly client: OperatorClient;
  private readonly attempt: Attempt;
  private readonly joined: (sid: string) => void;

  /** `joined` shows the chat. */
  constructor(client: OperatorClient, attempt: Attempt, joined: (sid: string) => void) {
    this.client = client;
    this.attempt = attempt;
    this.joined = joined;
    byId("join-cancel").addEventListener("click", () => this.dialog.close());
    byId("join-go").addEventListener("click", () => void this.go());
    this.id.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      void this.go();
    });
  }

  open(sid = ""): void {
    this.id.value = sid;
    show(byId("join-fault"), false);
    this.dialog.showModal();
    if (!sid) this.id.focus();
  }

  private async go(): Promise<void> {
    const sid = this.id.value.trim().toUpperCase();
    const ok = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(sid);
    show(byId("join-fault"), !ok);
    text(byId("join-fault"), ok ? "" : words.noChatId);
    if (!ok) return this.id.focus();
    const as = (document.querySelector<HTMLInputElement>("input[name=part]:checked")?.value ?? "observer") as Part;
    this.dialog.close();
    if (await this.attempt(() => this.client.join(sid, as))) this.joined(sid);
  }
}
