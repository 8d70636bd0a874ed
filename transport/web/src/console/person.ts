// Who the visitor of the open chat is: what is known of it, its other chats, and for
// supervisors a ban.

import type { BanReason, OperatorClient, OperatorOps, Session } from "../../client/src/index.ts";
import { byId, show, text } from "../dom.ts";
import { operator as words } from "../strings.ts";
import { fullTime } from "../time.ts";
import type { Attempt } from "./desk.ts";
import { visitorOf } from "./names.ts";

type Known = OperatorOps["visitor.get"]["res"];

export class Person {
  private readonly client: OperatorClient;
  private readonly attempt: Attempt;
  private readonly supervises: boolean;
  private readonly dialog = byId<HTMLDialogElement>("ban");
  private session: Session | null = null;
  private known: Known | null = null;
  private asked = "";

  constructor(client: OperatorClient, attempt: Attempt, supervises: boolean) {
    this.client = client;
    this.attempt = attempt;
    this.supervises = supervises;
    byId("ban-open").addEventListener("click", () => this.open());
    byId("ban-cancel").addEventListener("click", () => this.dialog.close());
    byId("ban-go").addEventListener("click", () => void this.ban());
    byId("ban-lift").addEventListener("click", () => void this.set(0));
  }

  /** `looking`: the details are on screen; nothing is asked for otherwise. */
  draw(session: Session, looking: boolean): void {
    if (session !== this.session) this.known = null;
    this.session = session;
    if (!looking) this.asked = ""; // asked anew whenever they are opened
    else if (this.asked !== session.sid && this.client.connection.isOnline) void this.ask(session);
    const { known } = this;
    const until = known?.banned ? Date.parse(known.banned.until) : 0;
    text(byId("person"), known ? words.person(known.sessions, known.since ? fullTime(Date.parse(known.since)) : "") : "");
    show(byId("banned"), until > 0);
    text(byId("banned"), until > 0 ? words.bannedUntil(fullTime(until), words.banReasons[known?.banned?.reason ?? ""] ?? "") : "");
    show(byId("ban-open"), this.supervises && known !== null && until === 0);
    show(byId("ban-lift"), this.supervises && until > 0);
  }

  private async ask(session: Session): Promise<void> {
    this.asked = session.sid;
    // Who may not ask just does not see it.
    const known = await this.client.visitor(session.sid).catch(() => null);
    if (session !== this.session) return;
    this.known = known;
    this.draw(session, true);
  }

  private open(): void {
    if (!this.session) return;
    text(byId("ban-head"), words.banQuestion(visitorOf(this.session)));
    this.dialog.showModal();
  }

  private async ban(): Promise<void> {
    const days = Number(byId<HTMLSelectElement>("ban-days").value);
    this.dialog.close();
    await this.set(days, byId<HTMLSelectElement>("ban-reason").value as BanReason);
  }

  private async set(days: number, reason?: BanReason): Promise<void> {
    const { session } = this;
    if (!session || !(await this.attempt(() => this.client.ban(session.sid, days, reason)))) return;
    await this.ask(session);
  }
}
