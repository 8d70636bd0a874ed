// The visitor's page.

import { ask } from "./ask.ts";
import { Client } from "./client.ts";
import { Composer } from "./composer.ts";
import { attr, byId, coalesced, h, isWatched, show, text } from "./dom.ts";
import { newId } from "./ids.ts";
import { LineView } from "./line.ts";
import { socketUrl, takeFromFragment, tenantOfPage } from "./page.ts";
import type { Evt, Named, SessionState, VisitorHello, WireError } from "./protocol.ts";
import type { Session } from "./session.ts";
import { lasting, tab } from "./storage.ts";
import { common, explain, visitor as words } from "./strings.ts";
import { Timeline } from "./timeline.ts";

interface Start {
  idem: string;
  department: string;
}

class VisitorPage {
  private readonly tenant = tenantOfPage();
  private readonly keys = {
    token: `parley.visitor.${this.tenant}`, // who this visitor is; outlives the tab
    last: `parley.last.${this.tenant}`, // the chat on screen, also once it is closed
    start: `parley.start.${this.tenant}`, // a start that the server has not answered
    draft: `parley.draft.${this.tenant}`,
    jwt: `parley.visitor.jwt.${this.tenant}`, // what the tenant signed: who this visitor has proven to be
  };
  private name = "";
  private visitor = "";
  private departments: Named[] = [];
  private current: Session | null = null;
  private starting = false;
  private greeted = false;
  private problem = "";

  private readonly redraw = coalesced(() => this.draw());
  private readonly client = new Client({
    url: socketUrl("visitor"),
    side: "visitor",
    storage: tab,
    outboxKey: `parley.outbox.${this.tenant}`,
    auth: () => this.credentials(),
    hello: (d) => this.hello(d as VisitorHello),
    refused: (error) => this.refused(error),
    renewal: () => lasting.get(this.keys.token) ?? "",
    renewed: (d) => d.token && lasting.set(this.keys.token, d.token),
    state: (state) => {
      if (state === "online") void this.begin();
      this.redraw();
    },
    changed: this.redraw,
  });
  private readonly line = new LineView(byId("line"), this.client.connection, words.refusedLine);
  private readonly timeline = new Timeline({
    client: this.client,
    side: "visitor",
    scroller: byId("log"),
    earlier: byId<HTMLButtonElement>("earlier"),
    remove: (evt) => void this.takeBack(evt),
    notice: (_, evt) => this.notice(evt),
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

  /** Somebody signed in on the page around us: of the same visitor it renews the line, else the line begins anew. */
  private async proofCame(): Promise<void> {
    const jwt = this.takeProof();
    if (!jwt) return;
    try {
      await this.client.connection.refresh(jwt);
    } catch {
      this.client.connection.restart();
    }
  }

  private credentials(): Record<string, unknown> {
    const token = lasting.get(this.keys.token);
    const jwt = tab.get(this.keys.jwt);
    if (jwt) return { tenant: this.tenant, jwt, ...(token ? { token } : {}) };
    return token ? { tenant: this.tenant, token } : { tenant: this.tenant, anonymous: true };
  }

  /** A token that is no longer good makes this a new visitor. */
  private refused(error: WireError): boolean {
    if (tab.get(this.keys.jwt) && ["auth_invalid", "auth_expired"].includes(error.code)) {
      tab.remove(this.keys.jwt);
      return true;
    }
    const hadToken = lasting.get(this.keys.token) !== null;
    if (!hadToken || !["auth_invalid", "auth_expired", "erased"].includes(error.code)) return false;
    lasting.remove(this.keys.token);
    return true;
  }

  private hello(d: VisitorHello): void {
    lasting.set(this.keys.token, d.token);
    this.name = d.tenant.name;
    this.departments = d.departments;
    if (this.visitor && this.visitor !== d.visitor) this.current = null;
    this.visitor = d.visitor;
    this.greeted = true;
    if (d.session) this.enter(this.client.session(d.session));
    else void this.lookBack();
  }

  private enter(session: Session): void {
    this.current = session;
    tab.set(this.keys.last, session.sid);
    this.redraw();
  }

  /** No chat is open: the one on screen ended while we were away, or before a reload. */
  private async lookBack(): Promise<void> {
    const sid = this.current?.sid ?? tab.get(this.keys.last);
    if (!sid || tab.get(this.keys.start)) return;
    const session = this.client.session(sid);
    if (this.current) session.state = "closed";
    await Promise.resolve(); // the connection becomes online after hello
    try {
      const page = await this.client.history(sid);
      const first = page.events?.[0];
      if (this.current === null || (first && first.prev > session.log.last)) session.log.reset();
      for (const evt of page.events ?? []) session.accept(evt);
      session.state = "closed";
      this.enter(session);
    } catch {
      if (this.current === null) tab.remove(this.keys.last);
    }
    this.client.outbox.fail(sid, "session_closed");
  }

  private submit(message: string): void {
    this.problem = "";
    if (this.current && !this.current.isOver) return this.client.send(this.current.sid, message);
    if (this.current) return;
    const department = byId<HTMLSelectElement>("department").value;
    // The key goes to storage first: a reload in between repeats the start, not the chat.
    if (!tab.get(this.keys.start)) tab.set(this.keys.start, JSON.stringify({ idem: newId(), department } satisfies Start));
    this.client.outbox.add("", message);
    void this.begin();
  }

  /** Asks for the session that the visitor started, until the server answers. */
  private async begin(): Promise<void> {
    const start = JSON.parse(tab.get(this.keys.start) ?? "null") as Start | null;
    if (!start || this.starting || !this.client.connection.isOnline) return;
    this.starting = true;
    this.redraw();
    try {
      const d = start.department ? { department: start.department, idem: start.idem } : { idem: start.idem };
      const got = await this.client.insist<{ sid: string; ep: number; state: SessionState }>("session.start", d);
      const session = this.client.session(got.sid);
      if (session.state === "new") session.state = got.state;
      this.client.outbox.adopt(got.sid);
      this.enter(session);
    } catch (error) {
      this.notStarted((error as WireError).code ?? "internal");
    } finally {
      this.starting = false;
      tab.remove(this.keys.start);
      this.redraw();
    }
  }

  /** The words go back into the box: nothing that was written is lost. */
  private notStarted(code: string): void {
    this.problem = common.requestFailed(explain(code));
    const unsent = this.client.outbox.list("");
    const input = byId<HTMLTextAreaElement>("input");
    input.value = [...unsent.map((item) => item.text), input.value].filter(Boolean).join("\n");
    for (const item of unsent) this.client.outbox.discard(item.cmid);
    input.dispatchEvent(new Event("input"));
  }

  private async close(): Promise<void> {
    const session = this.current;
    if (!session || !(await ask(byId<HTMLDialogElement>("ask"), "Close this chat?"))) return;
    try {
      await this.client.insist("session.close", { sid: session.sid, idem: newId() });
    } catch (error) {
      const { code } = error as WireError;
      if (code !== "session_closed") this.problem = common.requestFailed(explain(code));
    }
    this.draw();
    if (session.isOver) byId("again").focus(); // the button that had it is gone
  }

  private async takeBack(evt: Evt): Promise<void> {
    if (!(await ask(byId<HTMLDialogElement>("ask-remove"), common.takeBackQuestion))) return;
    this.problem = "";
    try {
      await this.client.redact(evt.sid, evt.seq);
    } catch (error) {
      this.problem = common.requestFailed(explain((error as WireError).code ?? "internal"));
    }
    this.composer.focus(); // the button that had it goes
    this.draw();
  }

  private startOver(): void {
    this.problem = "";
    tab.remove(this.keys.last);
    for (const item of this.current ? this.client.outbox.list(this.current.sid) : []) this.client.outbox.discard(item.cmid);
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
    if (!session) return this.pending() ? words.starting : words.idle;
    if (session.isOver) return this.ending(session);
    if (session.state === "active" && session.owner) return words.inChat(this.operatorName());
    const hadOperator = session.log.entries.some((evt) => evt.t === "session.assigned");
    return hadOperator ? words.lookingAgain : words.waiting;
  }

  private pending(): boolean {
    return this.starting || tab.get(this.keys.start) !== null;
  }

  private ending(session: Session): string {
    if (session.endedBy?.kind === "visitor") return words.closedByYou;
    if (session.endedBy?.kind === "operator") return words.closedBy(this.client.people.author(session.endedBy) ?? "");
    return words.closed(session.endCause);
  }

  private notice(evt: Evt): string {
    const cause = evt.cause ?? "";
    switch (evt.t) {
      case "session.assigned":
        return common.joined(this.client.people.operator(evt.d?.operator ?? ""));
      case "session.queued":
        return cause.startsWith("operator_") ? words.lookingAgain : "";
      case "session.refused":
        return words.refused(cause);
      case "session.closing":
        return this.current ? this.ending(this.current) : "";
      case "session.closed":
        return this.current?.log.entries.some((entry) => entry.t === "session.closing") ? "" : words.closed(cause);
      default:
        return "";
    }
  }

  private draw(): void {
    const session = this.current;
    const over = session?.isOver ?? false;
    const inChat = session !== null || this.pending();
    text(byId("tenant"), this.name ? words.with(this.name) : words.title);
    text(byId("status"), this.status());
    this.line.draw();
    this.drawDepartments();
    attr(document.body, "data-view", inChat ? "chat" : "start");
    show(byId("welcome"), !inChat);
    show(byId("choice"), !inChat && this.departments.length > 1);
    show(byId("chat"), inChat);
    show(byId("close"), session !== null && !over);
    show(byId("composer"), !over);
    show(byId("ended"), over);
    show(byId("peeked"), !over && this.client.connection.limits.peek === true);
    // Before the first hello a chat may be open already: writing would start another one.
    this.composer.enable(!over && (inChat || this.greeted));
    this.timeline.draw(session, this.client.outbox.list(session?.sid ?? ""));
    const writing = session?.isTyping("operator", Date.now()) ?? false;
    text(byId("typing"), writing ? common.typing(this.operatorName()) : "");
    this.markRead();
    const unread = session && !isWatched() ? session.unread("visitor") : 0;
    const title = this.name ? words.with(this.name) : words.title;
    document.title = unread > 0 ? words.unread(unread, title) : title;
  }

  private drawDepartments(): void {
    const select = byId<HTMLSelectElement>("department");
    const known = Array.from(select.options, (option) => option.value).join();
    if (known === this.departments.map((department) => department.id).join()) return;
    select.replaceChildren(...this.departments.map((department) => h("option", { value: department.id }, department.name)));
  }
}

new VisitorPage().run();
