// The right side: one chat, with its messages and the box to write in.

import type { Desk, Entry, OperatorClient, Session } from "../../client/src/index.ts";
import { ParleyError } from "../../client/src/index.ts";
import { ask } from "../ask.ts";
import { isNote, wordsOf } from "../body.ts";
import { Composer } from "../composer.ts";
import { attr, byId, isWatched, show, text } from "../dom.ts";
import { Uploads } from "../files.ts";
import { tab } from "../storage.ts";
import { common, explain, operator as words } from "../strings.ts";
import { Timeline } from "../timeline.ts";
import { clockTime } from "../time.ts";

export class Pane {
  readonly composer: Composer;
  private readonly timeline: Timeline;
  private readonly uploads: Uploads;
  private readonly client: OperatorClient;
  private readonly desk: Desk;
  private readonly report: (problem: string) => void;
  private session: Session | null = null;
  private draftKey = "";
  /** The message whose words stand in the box; null: a new one is written. */
  private editing: Entry | null = null;

  /** `report` shows the person what went wrong. */
  constructor(client: OperatorClient, desk: Desk, report: (problem: string) => void) {
    this.report = report;
    this.client = client;
    this.desk = desk;
    this.timeline = new Timeline({
      client,
      side: "operator",
      scroller: byId("log"),
      earlier: byId<HTMLButtonElement>("earlier"),
      edit: (evt, said) => this.startEdit(evt, said),
      remove: (evt) => void this.takeBack(evt),
      notice: (session, evt) => this.notice(session, evt),
    });
    this.composer = new Composer({
      input: byId<HTMLTextAreaElement>("input"),
      send: byId<HTMLButtonElement>("send"),
      counter: byId("counter"),
      storage: tab,
      limit: () => client.connection.limits.message_bytes,
      submit: (message) => this.submit(message),
      // A visitor is not told of what it will not get.
      typing: (on) => this.session && !(on && (this.isNote || this.editing)) && client.typing(this.session.sid, on),
    });
    this.uploads = new Uploads({
      client,
      list: byId("uploads"),
      button: byId<HTMLButtonElement>("attach"),
      input: byId<HTMLInputElement>("file"),
      place: byId("pane"),
      box: byId("input"),
      note: () => this.isNote,
    });
    byId("note").addEventListener("change", () => this.chooseNote(byId<HTMLInputElement>("note").checked));
    byId("edit-cancel").addEventListener("click", () => this.endEdit());
    byId("input").addEventListener("keydown", (event) => this.keydown(event));
    byId("log").addEventListener("scroll", () => this.markRead());
  }

  draw(session: Session | null, draftKey: string): void {
    if (session !== this.session) {
      this.composer.open("");
      this.editing = null;
    }
    this.session = session;
    this.draftKey = draftKey;
    this.timeline.me = this.desk.operator.id;
    show(byId("nothing"), session === null);
    show(byId("pane"), session !== null);
    if (!session) return;
    const writable = session.mine && !session.isOver;
    if (this.editing && (!writable || session.isRemoved(this.editing))) this.endEdit();
    this.composer.open(this.boxKey);
    this.composer.enable(writable);
    this.drawMode();
    this.uploads.draw(writable && !this.editing ? session.sid : "");
    show(byId("composer"), writable);
    show(byId("ended"), !writable);
    show(byId("close"), writable);
    text(byId("ended-words"), session.isOver ? words.isOver : words.gone);
    text(byId("who"), words.chat(session.sid));
    this.drawVisitor(session);
    this.timeline.draw(session, this.client.outbox.list(session.sid));
    this.drawPeek(session.isOver ? "" : session.peeked);
    text(byId("typing"), session.isTyping("visitor", Date.now()) ? common.typing(common.visitor) : "");
    this.markRead();
  }

  markRead(): void {
    if (this.session?.mine && isWatched() && this.timeline.isAtEnd && byId("pane").offsetParent !== null) this.client.markRead(this.session);
  }

  private get boxKey(): string {
    return this.editing ? `${this.draftKey}.edit` : this.draftKey;
  }

  /** A note stays a note over a reload: its draft must not go to the visitor. */
  private get isNote(): boolean {
    return tab.get(`${this.draftKey}.note`) !== null;
  }

  chooseNote(on: boolean): void {
    if (!this.session || this.editing) return;
    if (on) tab.set(`${this.draftKey}.note`, "1");
    else tab.remove(`${this.draftKey}.note`);
    if (on) this.client.typing(this.session.sid, false);
    this.drawMode();
    this.composer.focus();
  }

  toggleNote(): void {
    this.chooseNote(!this.isNote);
  }

  private drawMode(): void {
    const note = this.editing ? isNote(this.editing) : this.isNote;
    const box = byId<HTMLInputElement>("note");
    box.checked = note;
    box.disabled = this.editing !== null;
    attr(byId("composer"), "data-note", note);
    attr(byId("input"), "placeholder", note ? words.noteHint : words.messageHint);
    show(byId("editing"), this.editing !== null);
    text(byId("send"), this.editing ? words.saveEdit : note ? words.saveNote : words.send);
  }

  private drawPeek(typed: string): void {
    const peek = byId("peek");
    show(peek, typed !== "");
    text(peek.firstElementChild as Element, words.peeked);
    text(peek.lastElementChild as Element, typed);
  }

  private submit(message: string): void {
    if (!this.session) return;
    if (!this.editing) return void this.client.send(this.session.sid, message, { note: this.isNote });
    const evt = this.editing;
    this.endEdit();
    this.client.edit(evt.sid, evt.seq, message).catch((error: unknown) => {
      this.failed(error);
      const free = this.session?.sid === evt.sid && !this.editing && byId<HTMLTextAreaElement>("input").value === "";
      if (free) this.startEdit(evt, message); // what was written is not lost
    });
  }

  private startEdit(evt: Entry, said: string): void {
    this.editing = evt;
    this.composer.open(this.boxKey);
    this.composer.fill(said);
    this.drawMode();
    this.composer.focus();
  }

  private endEdit(): void {
    if (!this.editing) return;
    this.composer.fill("");
    this.editing = null;
    this.composer.open(this.boxKey);
    this.drawMode();
    this.composer.focus();
  }

  private keydown(event: KeyboardEvent): void {
    const { value } = byId<HTMLTextAreaElement>("input");
    if (event.key === "Escape" && this.editing) {
      event.preventDefault();
      this.endEdit();
    } else if (event.key === "ArrowUp" && !event.altKey && value === "" && !this.editing) {
      const own = this.lastOwn();
      if (!own) return;
      event.preventDefault();
      this.startEdit(own, wordsOf(this.session?.bodyOf(own)));
    }
  }

  private lastOwn(): Entry | undefined {
    const { session, desk } = this;
    return session?.log.entries.filter((evt) => evt.t === "message.new" && evt.by.id === desk.operator.id && evt.d.body.type === "text").pop();
  }

  private async takeBack(evt: Entry): Promise<void> {
    if (!(await ask(byId<HTMLDialogElement>("ask-remove"), common.takeBackQuestion))) return;
    try {
      await this.client.redact(evt.sid, evt.seq);
    } catch (error) {
      this.failed(error);
    }
    this.composer.focus(); // the button that had it goes
  }

  private failed(error: unknown): void {
    this.report(common.requestFailed(explain(error instanceof ParleyError ? error.code : "internal")));
  }

  private drawVisitor(session: Session): void {
    const presence = byId("presence");
    const present = session.visitor?.present ?? false;
    attr(presence, "data-present", present);
    const last = Date.parse(session.visitor?.last_activity_at ?? "");
    const parts = [session.visitor ? (present ? words.present : words.absent) : ""];
    if (!Number.isNaN(last)) parts.push(words.lastActive(clockTime(last)));
    text(presence, parts.filter(Boolean).join(" · "));
    text(byId("where"), this.desk.department(session.department));
  }

  private notice(session: Session, evt: Entry): string {
    const who = (id: string | undefined) => this.client.people.operator(id ?? "");
    const cause = evt.cause ?? "";
    switch (evt.t) {
      case "session.queued":
        return cause.startsWith("operator_") ? words.requeued(cause) : words.queued(this.desk.department(evt.d.department));
      case "offer.made":
        return words.offerMade(who(evt.d.operator));
      case "offer.ended":
        return words.offerEnded(who(evt.d.operator), cause);
      case "session.assigned":
        return evt.d.operator === this.desk.operator.id ? common.assignedYou : common.joined(who(evt.d.operator));
      case "identity.upgraded":
        return words.proven;
      case "session.closing":
        return this.ending(evt);
      case "session.closed":
        return session.log.entries.some((entry) => entry.t === "session.closing") ? "" : this.ending(evt);
      default:
        return "";
    }
  }

  private ending(evt: Entry): string {
    if (evt.by.kind === "operator") {
      return evt.by.id === this.desk.operator.id ? words.closedByYou : words.closedBy(this.client.people.author(evt.by) ?? "");
    }
    if (evt.by.kind === "visitor") return words.closedBy("The visitor");
    return words.closedCause(evt.cause ?? "");
  }
}
