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
import type { Attempt } from "./desk.ts";
import { Details } from "./details.ts";
import { Ending } from "./ending.ts";
import { isVerified, targetName, visitorOf } from "./names.ts";
import { noticeOf } from "./notices.ts";
import { Person } from "./person.ts";

export class Pane {
  readonly composer: Composer;
  private readonly timeline: Timeline;
  private readonly uploads: Uploads;
  private readonly client: OperatorClient;
  private readonly desk: Desk;
  private readonly report: (problem: string) => void;
  private readonly details: Details;
  private readonly person: Person;
  readonly ending: Ending;
  /** May the person supervise, as far as its token says? The server judges. */
  private readonly supervises: boolean;
  private session: Session | null = null;
  private draftKey = "";
  /** The message whose words stand in the box; null: a new one is written. */
  private editing: Entry | null = null;

  /** `report` shows the person what went wrong. */
  constructor(client: OperatorClient, desk: Desk, report: (problem: string) => void, attempt: Attempt, supervises: boolean) {
    this.report = report;
    this.client = client;
    this.desk = desk;
    this.supervises = supervises;
    this.details = new Details(client, attempt);
    this.person = new Person(client, attempt, supervises);
    this.ending = new Ending(client, attempt);
    byId("transfer-undo").addEventListener("click", () => void attempt(async () => this.session && client.cancelTransfer(this.session.sid)));
    this.timeline = new Timeline({
      client,
      side: "operator",
      scroller: byId("log"),
      earlier: byId<HTMLButtonElement>("earlier"),
      edit: (evt, said) => this.startEdit(evt, said),
      remove: (evt) => void this.takeBack(evt),
      notice: (session, evt) => noticeOf(client, session, evt),
      asked: (session) => desk.departments.find(({ id }) => id === session.department)?.form,
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
    show(byId("pane"), session !== null);
    if (!session) show(byId("details"), false);
    if (!session) attr(byId("details-open"), "aria-expanded", "false");
    if (!session) return;
    const part = this.client.partIn(session.sid);
    const silent = part === "observer" || part === "follower";
    const writable = session.mine && !session.isOver && !silent;
    if (this.editing && (!writable || session.isRemoved(this.editing))) this.endEdit();
    this.composer.open(this.boxKey);
    this.composer.enable(writable);
    this.drawMode();
    this.uploads.draw(writable && !this.editing && part !== "whisper" ? session.sid : "");
    show(byId("composer"), writable);
    show(byId("ended"), session.isOver || !session.mine);
    this.drawTools(session, part);
    this.ending.draw(session);
    text(byId("who"), visitorOf(session));
    show(byId("verified"), isVerified(session));
    this.details.draw(session, session.mine && !session.isOver && (part === "owner" || this.supervises));
    this.person.draw(session, !byId("details").hidden);
    this.drawVisitor(session);
    this.timeline.draw(session, this.client.outbox.list(session.sid));
    this.drawPeek(session.isOver ? "" : session.peeked);
    text(byId("typing"), session.isTyping("visitor", Date.now()) ? common.typing(common.visitor) : "");
    this.markRead();
  }

  /** What can be done with the chat, and what is special about it. */
  private drawTools(session: Session, part: string | undefined): void {
    const open = session.mine && !session.isOver;
    const owns = open && part === "owner";
    const { transfer } = session.serving ?? {};
    show(byId("close"), open && (owns || this.supervises));
    show(byId("transfer-open"), owns && !transfer);
    show(byId("release"), owns && !transfer);
    show(byId("take-over"), open && !owns && this.supervises);
    show(byId("leave"), open && !owns);
    show(byId("transfer-undo"), open && transfer !== undefined);
    text(byId("strip-words"), this.special(session, part));
    show(byId("strip"), open && byId("strip-words").textContent !== "");
    attr(byId("strip"), "data-kind", transfer ? "transfer" : part && part !== "owner" ? "part" : session.state);
  }

  private special(session: Session, part: string | undefined): string {
    const { serving } = session;
    if (serving?.transfer) return words.pending(targetName(this.client, this.desk, serving.transfer.target), serving.transfer.mode);
    if (session.state === "detached") return words.ownerLost(this.client.people.operator(session.owner));
    if (part && part !== "owner") return words.youTakePart[part] ?? "";
    return serving?.idle ? words.rests : "";
  }

  markRead(): void {
    if (this.session && this.client.partIn(this.session.sid) === "owner" && this.session?.mine && isWatched() && this.timeline.isAtEnd && byId("pane").offsetParent !== null) this.client.markRead(this.session);
  }

  private get boxKey(): string {
    return this.editing ? `${this.draftKey}.edit` : this.draftKey;
  }

  /** A note stays a note over a reload: its draft must not go to the visitor. */
  private get isNote(): boolean {
    return this.whispers || tab.get(`${this.draftKey}.note`) !== null;
  }

  /** Who whispers writes to colleagues only. */
  private get whispers(): boolean {
    return this.session !== null && this.client.partIn(this.session.sid) === "whisper";
  }

  chooseNote(on: boolean): void {
    if (!this.session || this.editing || this.whispers) return;
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
    box.disabled = this.editing !== null || this.whispers;
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

  /** What ArrowUp corrects; while a message is on its way that one is the last, and cannot be corrected yet. */
  private lastOwn(): Entry | undefined {
    const { session, desk } = this;
    if (session && this.client.outbox.list(session.sid).some((item) => !item.failed)) return undefined;
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
}
