// The visitor's page.

import type { Entry, ParleyError, Session, Unsent } from "../client/src/index.ts";
import { VisitorClient } from "../client/src/index.ts";
import { ask } from "./ask.ts";
import { wordsOf } from "./body.ts";
import { Composer } from "./composer.ts";
import { attr, byId, coalesced, isWatched, show, text } from "./dom.ts";
import { Uploads } from "./files.ts";
import { LineView } from "./line.ts";
import { takeFromFragment, tenantOfPage } from "./page.ts";
import { lasting, tab } from "./storage.ts";
import { common, explain, visitor as words } from "./strings.ts";
import { opening } from "./time.ts";
import { Timeline } from "./timeline.ts";
import { Departments } from "./visitor/departments.ts";
import { endingOf, noticeOf } from "./visitor/notices.ts";
import { Questions } from "./visitor/questions.ts";
import { Rating } from "./visitor/rating.ts";
import { Waiting } from "./visitor/waiting.ts";

class VisitorPage {
  private readonly tenant = tenantOfPage();
  private readonly keys = {
    last: `parley.last.${this.tenant}`, // the chat on screen, also once it is closed
    draft: `parley.draft.${this.tenant}`,
    jwt: `parley.visitor.jwt.${this.tenant}`, // what the tenant signed: who this visitor has proven to be
  };
  private current: Session | null = null;
  /** The chat that is over, and that the next one continues. */
  private before = "";
  private greeted = false;
  private problem = "";

  private readonly redraw = coalesced(() => this.draw());
  private readonly client = new VisitorClient({
    server: location.origin,
    tenant: this.tenant,
    unsent: tab,
    tokens: lasting, // who this visitor is; outlives the tab
    getToken: (wanted) => this.proof(wanted === "refused"),
  });
  private readonly line = new LineView(byId("line"), this.client.connection, words.refusedLine);
  private readonly timeline = new Timeline({
    client: this.client,
    side: "visitor",
    scroller: byId("log"),
    earlier: byId<HTMLButtonElement>("earlier"),
    remove: (evt) => void this.takeBack(evt),
    notice: (session, evt) => noticeOf(this.client, session, evt),
    asked: (session) => this.client.departments.find(({ id }) => id === session.department)?.form,
  });
  private readonly departments = new Departments(this.redraw);
  private readonly questions = new Questions(() => this.composer.focus());
  private readonly waiting = new Waiting(this.client, () => void this.leaveMessage());
  private readonly rating = new Rating(this.client);
  private readonly uploads = new Uploads({
    client: this.client,
    list: byId("uploads"),
    button: byId<HTMLButtonElement>("attach"),
    input: byId<HTMLInputElement>("file"),
    place: byId("panel"),
    box: byId("input"),
  });
  private readonly composer = new Composer({
    input: byId<HTMLTextAreaElement>("input"),
    send: byId<HTMLButtonElement>("send"),
    counter: byId("counter"),
    storage: tab,
    limit: () => this.client.connection.limits.message_bytes,
    submit: (message) => this.submit(message),
    typing: (on) => this.current && this.client.typing(this.current.sid, on),
    changed: (text) => this.current && !this.current.isOver && this.client.peek(this.current.sid, text),
  });

  run(): void {
    this.client.on("hello", () => this.hello());
    this.client.on("started", (session) => this.enter(session));
    this.client.on("notStarted", ({ error, unsent }) => this.notStarted(error.code, unsent));
    this.client.on("state", this.redraw);
    this.client.on("changed", this.redraw);
    byId("close").addEventListener("click", () => void this.close());
    byId("again").addEventListener("click", () => this.startOver());
    byId("log").addEventListener("scroll", () => this.markRead());
    addEventListener("focus", this.redraw);
    document.addEventListener("visibilitychange", this.redraw);
    text(byId("peeked"), words.peeked);
    this.composer.open(this.keys.draft);
    addEventListener("hashchange", () => void this.proofCame());
    this.takeProof();
    this.draw();
    this.client.connection.connect();
  }

  /** A token in the address, `#jwt=`, signed by the tenant. */
  private takeProof(): string {
    const jwt = takeFromFragment("jwt");
    if (jwt) tab.set(this.keys.jwt, jwt);
    return jwt;
  }

  /** Somebody signed in on the page around us. */
  private async proofCame(): Promise<void> {
    if (this.takeProof()) await this.client.identify();
  }

  /** What the tenant signed, unless the server would not have it. */
  private proof(refused: boolean): string {
    if (refused) tab.remove(this.keys.jwt);
    return tab.get(this.keys.jwt) ?? "";
  }

  private hello(): void {
    const { current } = this.client;
    this.greeted = true;
    if (this.current && !this.client.sessions.has(this.current.sid)) this.current = null; // another visitor's
    if (current && !current.isOver) this.enter(current);
    else if (!this.current) void this.lookBack();
    // What they are now; refused or cut off, they are just named.
    this.client.listDepartments().catch(() => undefined);
  }

  private enter(session: Session): void {
    this.current = session;
    this.before = "";
    this.questions.clear();
    tab.set(this.keys.last, session.sid);
    this.redraw();
  }

  /** No chat is open: the one that was on screen before a reload ended meanwhile. */
  private async lookBack(): Promise<void> {
    const sid = tab.get(this.keys.last);
    if (!sid || this.client.isStarting) return;
    try {
      const session = await this.client.load(sid);
      session.state = "closed";
      this.enter(session);
    } catch {
      tab.remove(this.keys.last);
    }
    this.client.outbox.fail(sid, "session_closed");
  }

  private submit(message: string): void {
    this.problem = "";
    if (this.current?.isOver) return;
    if (!this.current && !this.questions.check()) {
      this.composer.fill(message);
      setTimeout(() => this.questions.check()); // the box has taken the focus
      return;
    }
    this.client.say(message, this.departments.choice, this.before ? { continues: this.before } : this.questions.answers);
  }

  /** The words go back into the box: nothing that was written is lost. */
  private notStarted(code: string, unsent: Unsent[]): void {
    const [first] = unsent;
    if (this.before && ["not_found", "erased", "session_closed", "forbidden"].includes(code) && first?.body.type === "text") {
      this.before = ""; // there is nothing any more that could be continued
      return this.submit(first.body.text);
    }
    if (code === "bad_request") this.client.listDepartments().catch(() => undefined); // what is asked may have changed
    this.problem = common.requestFailed(explain(code));
    const input = byId<HTMLTextAreaElement>("input");
    input.value = [...unsent.map((item) => wordsOf(item.body)), input.value].filter(Boolean).join("\n");
    input.dispatchEvent(new Event("input"));
  }

  private async close(): Promise<void> {
    const session = this.current;
    if (!session || !(await ask(byId<HTMLDialogElement>("ask"), "Close this chat?"))) return;
    try {
      await this.client.end(session.sid);
    } catch (error) {
      const { code } = error as ParleyError;
      if (code !== "session_closed") this.problem = common.requestFailed(explain(code));
    }
    this.draw();
    if (session.isOver) byId("again").focus(); // the button that had it is gone
  }

  /** Waits no longer; what was written stays. */
  private async leaveMessage(): Promise<void> {
    const session = this.current;
    if (!session || !(await ask(byId<HTMLDialogElement>("ask-leave"), words.leaveQuestion))) return;
    this.problem = "";
    try {
      await this.client.leaveQueue(session.sid, "message");
    } catch (error) {
      this.problem = common.requestFailed(explain((error as ParleyError).code ?? "internal"));
    }
    this.draw();
    this.composer.focus(); // the button that had it is gone
  }

  private async takeBack(evt: Entry): Promise<void> {
    if (!(await ask(byId<HTMLDialogElement>("ask-remove"), common.takeBackQuestion))) return;
    this.problem = "";
    try {
      await this.client.redact(evt.sid, evt.seq);
    } catch (error) {
      this.problem = common.requestFailed(explain((error as ParleyError).code ?? "internal"));
    }
    this.composer.focus(); // the button that had it goes
    this.draw();
  }

  private startOver(): void {
    this.problem = "";
    tab.remove(this.keys.last);
    for (const item of this.current ? this.client.outbox.list(this.current.sid) : []) this.client.outbox.discard(item.cmid);
    this.before = this.current?.sid ?? "";
    if (this.current?.department) this.departments.choose(this.current.department);
    this.current = null;
    this.draw();
    this.composer.focus();
  }

  private markRead(): void {
    if (this.current && isWatched() && this.timeline.isAtEnd) this.client.markRead(this.current);
  }

  private operatorName(): string {
    return this.client.people.operator(this.current?.owner ?? "");
  }

  private status(): string {
    const session = this.current;
    if (this.problem) return this.problem;
    if (this.banned && !session) return words.banned(opening(Date.parse(this.client.bannedUntil)));
    if (!session) return this.client.isStarting ? words.starting : words.idle;
    if (session.isOver) return endingOf(this.client, session);
    if (session.state === "unattended") return words.leftMessage;
    if (session.state === "detached") return words.reconnecting(this.operatorName());
    if (session.state === "active" && session.owner) return this.company(session);
    const hadOperator = session.log.entries.some((evt) => evt.t === "session.assigned");
    return hadOperator ? words.lookingAgain : words.waiting;
  }

  private get banned(): boolean {
    return Date.parse(this.client.bannedUntil) > this.client.connection.now();
  }

  private company(session: Session): string {
    const others = [...session.members.keys()].filter((id) => id !== session.owner).map((id) => this.client.people.operator(id));
    return others.length > 0 ? words.withOthers(this.operatorName(), others.join(", ")) : words.inChat(this.operatorName());
  }

  private draw(): void {
    const session = this.current;
    const over = session?.isOver ?? false;
    const inChat = session !== null || this.client.isStarting;
    text(byId("tenant"), this.client.tenant.name ? words.with(this.client.tenant.name) : words.title);
    text(byId("status"), this.status());
    this.line.draw();
    this.departments.draw(this.client.departments, !inChat);
    const chosen = this.client.departments.find(({ id }) => id === this.departments.choice) ?? this.client.departments[0];
    this.questions.draw(chosen?.form, !inChat && !this.before);
    this.drawAvatar(session);
    this.waiting.draw(session);
    this.rating.draw(session);
    this.uploads.draw(session && !over ? session.sid : "");
    attr(document.body, "data-view", inChat ? "chat" : "start");
    show(byId("welcome"), !inChat);
    show(byId("chat"), inChat);
    show(byId("close"), session !== null && !over);
    show(byId("composer"), !over);
    show(byId("ended"), over);
    show(byId("peeked"), !over && this.client.connection.limits.peek === true);
    // Before the first hello a chat may be open already: writing would start another one.
    this.composer.enable(!over && !this.banned && (inChat || this.greeted));
    this.timeline.draw(session, this.client.outbox.list(session?.sid ?? ""));
    const writing = session?.isTyping("operator", Date.now()) ?? false;
    text(byId("typing"), writing ? common.typing(this.operatorName()) : "");
    this.markRead();
    const unread = session && !isWatched() ? session.unread("visitor") : 0;
    const title = this.client.tenant.name ? words.with(this.client.tenant.name) : words.title;
    document.title = unread > 0 ? words.unread(unread, title) : title;
  }

  /** The first letter of whoever serves. */
  private drawAvatar(session: Session | null): void {
    const name = session?.owner && !session.isOver ? this.operatorName() : "";
    show(byId("avatar"), name !== "");
    text(byId("avatar"), name.slice(0, 1).toUpperCase());
    attr(byId("avatar"), "data-state", session?.state);
  }
}

new VisitorPage().run();
