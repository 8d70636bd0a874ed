// The operator's console.

import type { EphNotice, Offer, Session } from "../client/src/index.ts";
import { newId, OperatorClient, ParleyError } from "../client/src/index.ts";
import { ask } from "./ask.ts";
import { Alerts } from "./console/alerts.ts";
import { BoardView } from "./console/board.ts";
import { DeskBar } from "./console/desk.ts";
import { filing, resetFiling } from "./console/ending.ts";
import { ExplainDialog } from "./console/explain.ts";
import { visitorOf } from "./console/names.ts";
import { Pane } from "./console/pane.ts";
import { Sidebar } from "./console/sidebar.ts";
import { ServedList } from "./console/served.ts";
import { SignIn } from "./console/signin.ts";
import { JoinDialog } from "./console/supervise.ts";
import { TransferDialog } from "./console/transfer.ts";
import { attr, byId, coalesced, isWatched, show, text } from "./dom.ts";
import { LineView } from "./line.ts";
import { tenantOfPage } from "./page.ts";
import { lasting, tab } from "./storage.ts";
import { common, explain, operator as words } from "./strings.ts";

class ConsolePage {
  private readonly tenant = tenantOfPage();
  private readonly signIn = new SignIn(this.tenant);
  private readonly place = `${this.tenant}.${this.signIn.subject}`;
  private readonly keys = { selected: `parley.selected.${this.place}`, draft: `parley.draft.${this.place}.` };
  private selected = tab.get(this.keys.selected) ?? "";
  /** The chat of a colleague that the last notice was about: what one would join. */
  private noticed = "";
  private readonly redraw = coalesced(() => this.draw());
  private readonly alerts = new Alerts();

  private readonly client = new OperatorClient({
    server: location.origin,
    tenant: this.tenant,
    operator: this.signIn.subject,
    device: deviceName(),
    unsent: tab,
    getToken: () => this.signIn.token,
  });
  private readonly desk = this.client.desk;
  private readonly line = new LineView(byId("line"), this.client.connection, words.refusedLine);
  private readonly attempt = (run: () => Promise<unknown>) => this.tried(run);
  private readonly pane = new Pane(this.client, this.desk, (problem) => this.toast(problem), this.attempt, this.signIn.supervises);
  private readonly deskBar = new DeskBar(this.client, this.attempt, () => this.mayLeave(), this.redraw);
  private readonly served = new ServedList({
    client: this.client,
    watch: (sid) => this.join.open(sid),
    takeOver: (sid) => void this.takeOver(sid),
    changed: this.redraw,
  });
  private readonly board = new BoardView(this.client, this.attempt, this.served);
  private readonly transfer = new TransferDialog(this.client, this.attempt);
  private readonly explain = new ExplainDialog(this.client, this.attempt, () => this.toast(words.notExplained));
  private readonly join = new JoinDialog(this.client, this.attempt, (sid) => this.select(sid));
  private readonly sidebar = new Sidebar({
    desk: this.desk,
    client: this.client,
    accept: (offer) => void this.accept(offer),
    decline: (offer) => void this.decline(offer),
    select: (sid) => this.select(sid),
    pick: (sid) => void this.pick(sid),
    why: (sid) => this.explain.open(sid, words.chat(sid)),
  });

  run(): void {
    this.client.on("offer", (offer) => this.offered(offer));
    this.client.on("message", ({ session }) => this.message(session));
    this.client.on("passing", (eph) => eph.t === "notice" && this.notice(eph.d));
    this.client.on("state", this.redraw);
    this.client.on("changed", this.redraw);
    byId("close").addEventListener("click", () => void this.close());
    byId("done").addEventListener("click", () => void this.done());
    byId("transfer-open").addEventListener("click", () => this.withCurrent((session) => this.transfer.open(session)));
    byId("explain-open").addEventListener("click", () => this.withCurrent((session) => this.explain.open(session.sid, visitorOf(session))));
    byId("release").addEventListener("click", () => this.withCurrent((session) => void this.release(session)));
    byId("take-over").addEventListener("click", () => this.withCurrent((session) => void this.tried(() => this.client.takeOver(session.sid))));
    byId("leave").addEventListener("click", () => this.withCurrent((session) => void this.leave(session)));
    byId("join-open").addEventListener("click", () => this.join.open(this.noticed));
    byId("details-open").addEventListener("click", () => this.toggleDetails());
    byId("details-close").addEventListener("click", () => this.toggleDetails());
    byId("board-open").addEventListener("click", () => void this.showBoard(!this.board.isOpen));
    byId("board-close").addEventListener("click", () => void this.showBoard(false));
    show(byId("join-open"), this.signIn.supervises);
    show(byId("board-open"), this.signIn.supervises);
    byId("back").addEventListener("click", () => this.select(""));
    byId("keys").addEventListener("click", () => byId<HTMLDialogElement>("help").showModal());
    byId("help-close").addEventListener("click", () => byId<HTMLDialogElement>("help").close());
    document.addEventListener("keydown", (event) => this.shortcut(event));
    addEventListener("focus", this.redraw);
    document.addEventListener("visibilitychange", this.redraw);
    addEventListener("hashchange", () => void this.tokenCame());
    setInterval(this.redraw, 1_000); // waiting times and countdowns tick
    this.draw();
    if (this.signIn.token) this.client.connection.connect();
  }

  /** A new token in the address: of the same operator it renews the line, else the page begins anew. */
  private async tokenCame(): Promise<void> {
    const { subject } = this.signIn;
    if (!this.signIn.takeFromAddress()) return;
    if (this.signIn.subject === subject && this.client.connection.isOnline) {
      try {
        await this.client.connection.refresh(this.signIn.token);
        return;
      } catch {
        // Refused, or cut off meanwhile: a fresh start says which.
      }
    }
    location.reload();
  }

  /** Chats in the order in which they came to this operator. */
  private chats(): Session[] {
    const known = [...this.client.sessions.values()];
    return known.filter((session) => this.client.partIn(session.sid) || !session.mine);
  }

  private withCurrent(run: (session: Session) => void): void {
    const session = this.current();
    if (session) run(session);
  }

  /** Asks for something, and says why if it did not work. */
  private async tried(run: () => Promise<unknown>): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      this.toast(common.requestFailed(explain(codeOf(error))));
      return false;
    } finally {
      this.redraw();
    }
  }

  /** Something that the operator should know. */
  private notice({ kind, ...d }: EphNotice["d"]): void {
    const about = d.operator ? this.client.people.operator(d.operator) : d.department ? this.desk.department(d.department) : "";
    const said = words.notices[kind]?.(about);
    if (d.sid) this.noticed = d.sid;
    if (said) this.toast(said);
  }

  private async pick(sid: string): Promise<void> {
    try {
      await this.client.pick(sid);
      this.select(sid);
    } catch (error) {
      const code = codeOf(error);
      if (code === "forbidden") this.sidebar.mayPick = false;
      this.toast(code === "forbidden" ? words.mayNotPick : common.requestFailed(explain(code)));
      this.redraw();
    }
  }

  /** A colleague's chat becomes this operator's. */
  private async takeOver(sid: string): Promise<void> {
    if (await this.tried(() => this.client.takeOver(sid))) this.select(sid);
  }

  private async release(session: Session): Promise<void> {
    if (!(await ask(byId<HTMLDialogElement>("ask-release"), words.releaseQuestion(visitorOf(session))))) return;
    await this.tried(() => this.client.release(session.sid));
  }

  private async leave(session: Session): Promise<void> {
    if (!(await this.tried(() => this.client.leave(session.sid)))) return;
    this.client.forget(session.sid);
    this.select("");
  }

  private toggleDetails(): void {
    const open = byId("details").hidden === true;
    show(byId("details"), open);
    attr(byId("details-open"), "aria-expanded", String(open));
    byId(open ? "details-close" : "details-open").focus();
    this.draw();
  }

  private current(): Session | null {
    return this.chats().find((session) => session.sid === this.selected) ?? null;
  }

  private async showBoard(open: boolean): Promise<void> {
    if (open) this.select("");
    await this.board.toggle(open);
    this.draw();
    byId(this.board.isOpen ? "board-close" : "board-open").focus();
  }

  private select(sid: string): void {
    if (sid && this.board.isOpen) void this.board.toggle(false);
    this.selected = sid;
    if (sid) tab.set(this.keys.selected, sid);
    else tab.remove(this.keys.selected);
    this.draw();
    if (sid) this.pane.composer.focus();
  }

  private offered(offer: Offer): void {
    text(byId("announce"), `${words.newOffer}: ${this.desk.department(offer.department)}`);
    this.alerts.call(words.newOffer, offer.sid, () => undefined);
  }

  private message(session: Session): void {
    if (!session.mine || (isWatched() && session.sid === this.selected)) return;
    this.alerts.call(words.newMessage, session.sid, () => this.select(session.sid));
  }

  private async accept(offer: Offer): Promise<void> {
    if (await this.answer(offer, () => this.client.accept(offer))) this.select(offer.sid);
  }

  private async decline(offer: Offer): Promise<void> {
    await this.answer(offer, () => this.client.reject(offer));
  }

  private async answer(offer: Offer, run: () => Promise<unknown>): Promise<boolean> {
    const { answering } = this.sidebar;
    if (answering.has(offer.offer_id)) return false;
    answering.add(offer.offer_id);
    this.redraw();
    try {
      await run();
      return true;
    } catch (error) {
      const code = codeOf(error);
      if (code === "offer_gone" || code === "not_found") this.desk.offers.delete(offer.offer_id);
      this.toast(code === "offer_gone" ? words.taken : common.requestFailed(explain(code)));
      return false;
    } finally {
      answering.delete(offer.offer_id);
      this.redraw();
    }
  }

  /** Signing out with open chats is asked about. */
  private mayLeave(): Promise<boolean> {
    return ask(byId<HTMLDialogElement>("ask-signout"), words.signOutWarning(this.desk.mine.size));
  }

  private async close(): Promise<void> {
    const session = this.current();
    resetFiling(this.desk.departments.find(({ id }) => id === session?.department)?.close_reasons);
    if (!session || !(await ask(byId<HTMLDialogElement>("ask-close"), words.closeQuestion(visitorOf(session))))) return;
    try {
      await this.client.end(session.sid, filing(session));
    } catch (error) {
      if (codeOf(error) !== "session_closed") this.toast(common.requestFailed(explain(codeOf(error))));
    }
    this.draw();
    if (session.isOver) byId("done").focus(); // the button that had it is gone
  }

  private async done(): Promise<void> {
    const session = this.current();
    // It may have ended by itself just now: then there is nothing more to say.
    if (session && this.pane.ending.isWrappingUp(session)) await this.client.endWrapUp(session.sid).catch(() => undefined);
    this.dismiss();
  }

  private dismiss(): void {
    const session = this.current();
    if (!session) return;
    this.client.forget(session.sid);
    for (const part of ["", ".edit", ".note"]) tab.remove(this.keys.draft + session.sid + part);
    this.select("");
  }

  private shortcut(event: KeyboardEvent): void {
    if (!event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
    const first = this.desk.offersInOrder()[0];
    const actions: Record<string, (() => void) | undefined> = {
      KeyA: first && (() => void this.accept(first)),
      KeyX: first && (() => void this.decline(first)),
      KeyU: () => this.select(this.chats().find((chat) => chat.unread("operator") > 0)?.sid ?? this.selected),
      KeyN: this.current() ? () => this.pane.toggleNote() : undefined,
      ArrowDown: () => this.step(1),
      ArrowUp: () => this.step(-1),
    };
    const action = actions[event.code];
    if (!action) return;
    event.preventDefault();
    action();
  }

  private step(by: number): void {
    const chats = this.chats();
    if (chats.length === 0) return;
    const at = chats.findIndex((chat) => chat.sid === this.selected);
    this.select(chats[(Math.max(at, by > 0 ? -1 : 0) + by + chats.length) % chats.length].sid);
  }

  private toast(message: string): void {
    const toast = byId("toast");
    text(toast, message);
    show(toast, true);
    setTimeout(() => show(toast, toast.textContent !== message), 6_000);
  }

  private draw(): void {
    const chats = this.chats();
    const current = this.current();
    show(byId("no-token"), !this.signIn.token);
    show(byId("desk"), this.signIn.token !== "");
    const board = this.board.isOpen && !current;
    attr(document.body, "data-view", current ? "chat" : board ? "board" : "list");
    this.board.draw(board);
    this.line.draw();
    this.deskBar.draw(this.tenant);
    this.sidebar.draw(chats, current?.sid ?? "");
    this.pane.draw(current, this.keys.draft + (current?.sid ?? ""));
    show(byId("nothing"), !current && !board);
    const unread = chats.reduce((sum, chat) => sum + (chat.mine ? chat.unread("operator") : 0), 0);
    this.alerts.title(unread + this.desk.offers.size);
  }
}

function codeOf(error: unknown): string {
  return error instanceof ParleyError ? error.code : "internal";
}

/** A name for this browser, so that an intent shows where it was set. */
function deviceName(): string {
  const key = "parley.device";
  const name = lasting.get(key) ?? `browser-${newId().slice(-6)}`;
  lasting.set(key, name);
  return name;
}

new ConsolePage().run();
