// The end of a chat: how it is filed, and the time for notes after it.

import type { OperatorClient, Session } from "../../client/src/index.ts";
import { attr, byId, h, show, text } from "../dom.ts";
import { operator as words } from "../strings.ts";
import { stopwatch } from "../time.ts";
import type { Attempt } from "./desk.ts";

/** What the close dialog says of how the chat is filed. */
export interface Filing {
  tags?: string[];
  reason_code?: string;
  follow_up_at?: string;
  wrapup?: false;
}

/** Nothing is filed yet; `reasons` are those that the department lists. */
export function resetFiling(reasons: string[] = usual): void {
  byId("close-reasons").replaceChildren(...reasons.map((value) => h("option", { value })));
  for (const id of ["close-reason", "close-tags", "close-follow"]) byId<HTMLInputElement>(id).value = "";
  byId<HTMLInputElement>("close-nowrap").checked = false;
}

const usual = ["solved", "not_solved", "no_answer", "spam"];

export function filing(session: Session): Filing {
  const value = (id: string) => byId<HTMLInputElement>(id).value.trim();
  const added = value("close-tags").split(",").map((tag) => tag.trim()).filter(Boolean);
  const follow = Date.parse(value("close-follow"));
  return {
    ...(added.length > 0 ? { tags: [...new Set([...(session.serving?.tags ?? []), ...added])] } : {}),
    ...(value("close-reason") ? { reason_code: value("close-reason").toLowerCase().replace(/[^a-z0-9_-]+/g, "_") } : {}),
    ...(Number.isNaN(follow) ? {} : { follow_up_at: new Date(follow).toISOString() }),
    ...(byId<HTMLInputElement>("close-nowrap").checked ? { wrapup: false as const } : {}),
  };
}

/** What is shown in place of the box once nothing can be written any more. */
export class Ending {
  private readonly client: OperatorClient;
  private readonly attempt: Attempt;
  private readonly note = byId<HTMLTextAreaElement>("after-note");
  private session: Session | null = null;

  constructor(client: OperatorClient, attempt: Attempt) {
    this.client = client;
    this.attempt = attempt;
    byId("wrapup-extend").addEventListener("click", () => void this.extend());
    byId("after-save").addEventListener("click", () => void this.save());
    this.note.addEventListener("input", () => this.drawNote());
  }

  /** Is the operator still writing its notes? */
  isWrappingUp(session: Session): boolean {
    return session.state === "closing" && this.client.partIn(session.sid) === "owner";
  }

  draw(session: Session): void {
    if (session !== this.session) this.note.value = "";
    this.session = session;
    const wraps = this.isWrappingUp(session);
    const left = Date.parse(session.deadline) - this.client.connection.now();
    text(byId("ended-words"), wraps ? words.wrapUp : session.isOver ? words.isOver : words.gone);
    show(byId("wrapup-left"), wraps && left > 0);
    text(byId("wrapup-left"), stopwatch(left));
    attr(byId("wrapup-left"), "data-urgent", left < 10_000);
    show(byId("wrapup-extend"), wraps);
    text(byId("done"), wraps ? words.wrapUpDone : words.done);
    show(byId("after"), session.isOver && this.client.partIn(session.sid) !== undefined);
    this.drawNote();
  }

  private drawNote(): void {
    byId<HTMLButtonElement>("after-save").disabled = this.note.value.trim() === "" || !this.client.connection.isOnline;
  }

  private async extend(): Promise<void> {
    const { session } = this;
    if (session) await this.attempt(() => this.client.extendWrapUp(session.sid));
  }

  private async save(): Promise<void> {
    const { session } = this;
    const said = this.note.value.trim();
    if (!session || said === "" || !(await this.attempt(() => this.client.addNote(session.sid, said)))) return;
    this.note.value = "";
    this.drawNote();
    this.note.focus();
  }
}
