// The visitor's side: who it is over reloads and tabs, and its one open chat.

import type { ClientEvents, ClientOptions, Field, TokenSource, TokenWanted } from "./client.ts";
import { Client } from "./client.ts";
import type { EphDepartmentStatus, VisitorOps } from "./frames.ts";
import { newId } from "./ids.ts";
import type { Unsent } from "./outbox.ts";
import type { Hello, Renewed, VisitorHello } from "./protocol.ts";
import { isPassing, ParleyError } from "./protocol.ts";
import type { Session } from "./session.ts";
import type { Store } from "./storage.ts";
import { memoryStore } from "./storage.ts";
import { Turn } from "./turn.ts";

export interface VisitorOptions extends ClientOptions {
  /** Answers the token by which the tenant says who the visitor is; without one the visitor is anonymous. */
  getToken?: TokenSource;
  /** Keeps the token that makes the visitor the same one at the next visit. Default: memory. */
  tokens?: Store;
}

export interface VisitorEvents extends ClientEvents {
  /** The chat that was asked for is open. */
  started: Session;
  /** The server will not start a chat. What was written for it is given back, and no longer in the outbox. */
  notStarted: { error: ParleyError; unsent: Unsent[] };
}

/** A department, and what it is now as far as that is known. */
export type Department = VisitorHello["departments"][number] & Partial<Omit<VisitorOps["department.list"]["res"]["departments"][number], "id" | "name">>;

/** What a start says besides the department. */
export type StartOptions = Omit<Field<VisitorOps["session.start"], "d">, "department" | "idem"> & {
  /** The chat that is over and continued. */
  continues?: string;
};

interface Start extends Omit<StartOptions, "continues"> {
  idem: string;
  department?: string;
  sid?: string;
}

/** Refusals that other credentials may change. */
const aboutWho = ["auth_invalid", "auth_expired", "erased"];

export class VisitorClient extends Client<VisitorOps, VisitorEvents> {
  /** The server's id of this visitor; empty before the first hello. */
  visitor = "";
  /** The visitor has proven who it is. */
  verified = false;
  /** Until when no chat can be started or written in (RFC 3339); empty: it is not so. */
  bannedUntil = "";
  tenant: VisitorHello["tenant"] = { id: "", name: "" };
  /** What they are now: see listDepartments. */
  departments: Department[] = [];
  /** The chat that is open, or the last one. */
  current: Session | null = null;

  private readonly who: VisitorOptions;
  private readonly tokens: Store;
  private readonly unsent: Store;
  private readonly keys: { token: string; start: string };
  /** Tabs of one browser do not become several visitors: the first one in gets the token, the others wait for it. */
  private readonly turn: Turn;
  private wanted: TokenWanted = "connect";
  private shownJwt = "";
  private refusals = 0;
  private starting: Promise<Session> | null = null;

  constructor(options: VisitorOptions) {
    const unsent = options.unsent ?? memoryStore();
    super("visitor", { ...options, unsent }, `parley.unsent.visitor.${options.tenant}.`);
    this.who = options;
    this.unsent = unsent;
    this.tokens = options.tokens ?? memoryStore();
    this.keys = { token: `parley.visitor.${options.tenant}`, start: `parley.start.${options.tenant}` };
    this.turn = new Turn(this.keys.token);
    this.on("passing", (eph) => eph.t === "department.status" && this.department(eph.d));
    // A reload came between the asking and the answer.
    this.on("state", ({ state }) => state === "online" && this.isStarting && void this.begin().catch(() => undefined));
  }

  /** Has a chat been asked for that is not open yet? Also over a reload. */
  get isStarting(): boolean {
    return this.unsent.get(this.keys.start) !== null;
  }

  /** Opens a chat, or answers the one that is open. What is sent to the session "" before that goes into it. */
  start(department?: string, { continues: sid, ...more }: StartOptions = {}): Promise<Session> {
    const what: Start = { idem: newId(), ...more, ...(department ? { department } : {}), ...(sid ? { sid } : {}) };
    // The key goes to the store first: a reload in between repeats the start, not the chat.
    if (!this.isStarting) this.unsent.set(this.keys.start, JSON.stringify(what));
    return this.begin();
  }

  /** Writes to the open chat, or opens one with this as its first message. */
  say(text: string, department?: string, options?: StartOptions): Unsent {
    const sid = this.current && !this.current.isOver ? this.current.sid : "";
    const item = this.send(sid, text);
    if (sid === "") void this.start(department, options).catch(() => undefined); // notStarted tells
    return item;
  }

  /** Asks what the departments are now; changes come by themselves from then on. */
  async listDepartments(): Promise<Department[]> {
    const { departments } = await this.call("department.list", {});
    for (const one of departments) this.department(one, one.form ?? []);
    return this.departments;
  }

  /** Waits no longer: ends the chat, or leaves what was written as a message. */
  leaveQueue(sid: string, choice: "close" | "message"): Promise<unknown> {
    return this.call("session.leave_queue", { sid, choice });
  }

  /** Rates a chat that is over, 1 to 5, once. */
  rate(sid: string, score: number, comment = ""): Promise<unknown> {
    return this.call("session.rate", { sid, score, ...(comment ? { comment } : {}) });
  }

  /** Asks for a person, in a chat that a bot has. */
  handOff(sid: string): Promise<unknown> {
    return this.call("session.handoff", { sid });
  }

  /** Shows operators what is typed and not sent, where the tenant wants it (`connection.limits.peek`); say so on the page. */
  peek(sid: string, text: string): void {
    this.shows(sid, text);
  }

  /** Removes one of the visitor's own messages, for good. */
  redact(sid: string, target: number): Promise<unknown> {
    return this.call("message.redact", { sid, target });
  }

  /** Ends the chat. */
  end(sid: string): Promise<unknown> {
    return this.call("session.close", { sid });
  }

  /** Somebody signed in or out: `getToken` has another answer. Of the same visitor it renews the line, else the line begins anew. */
  async identify(): Promise<void> {
    const jwt = (await this.who.getToken?.("connect")) ?? "";
    try {
      if (!jwt) throw new ParleyError({ code: "auth_required" });
      await this.connection.refresh(jwt);
      this.shownJwt = jwt;
    } catch {
      this.connection.restart();
    }
  }

  protected credentials(): object | Promise<object> {
    const token = this.token;
    if (!this.who.getToken && (token || !this.turn.isNeeded(this.tokens))) return this.showing("", token);
    return this.gather();
  }

  /** A token that is no longer good makes this a new visitor. */
  protected refused(error: ParleyError): boolean {
    this.turn.end();
    if (!aboutWho.includes(error.code) || this.refusals++ > 2) return false;
    if (this.shownJwt) {
      this.wanted = "refused";
      return true;
    }
    if (!this.token) return false;
    this.tokens.remove(this.keys.token);
    return true;
  }

  protected async renewal(): Promise<string> {
    const jwt = await this.who.getToken?.("expiring");
    return jwt || (this.verified ? "" : this.token);
  }

  protected renewed(d: Renewed): void {
    if (d.token) this.tokens.set(this.keys.token, d.token);
  }

  protected greeted(hello: Hello): void {
    const d = hello as VisitorHello;
    this.tokens.set(this.keys.token, d.token);
    this.turn.end();
    this.refusals = 0;
    this.wanted = "connect";
    const other = this.visitor !== "" && this.visitor !== d.visitor;
    this.visitor = d.visitor;
    this.verified = d.verified === true;
    this.bannedUntil = d.banned_until ?? "";
    this.tenant = d.tenant;
    const before = this.departments;
    this.departments = d.departments.map((one) => {
      const { form: _, ...was } = before.find(({ id }) => id === one.id) ?? {}; // what is asked is what the hello says
      return { ...was, ...one };
    });
    if (other) for (const sid of [...this.sessions.keys()]) if (sid !== d.session) this.sessions.delete(sid);
    if (other && this.current?.sid !== d.session) this.current = null;
    for (const session of this.sessions.values()) if (!session.isOver && session.sid !== d.session) this.endedMeanwhile(session);
    if (d.session) this.current = this.session(d.session);
  }

  /** What was true of it before is not any more: it may say less now. What it asks stays. */
  private department({ form: _, ...now }: EphDepartmentStatus["d"] & Pick<Department, "form">, asks?: Department["form"]): void {
    this.departments = this.departments.map((one) => {
      const form = asks ?? one.form ?? [];
      return one.id === now.id ? { ...now, id: one.id, name: one.name, ...(form.length > 0 ? { form } : {}) } : one;
    });
    this.changed();
  }

  private get token(): string {
    return this.tokens.get(this.keys.token) ?? "";
  }

  private async gather(): Promise<object> {
    const jwt = (await this.who.getToken?.(this.wanted)) ?? "";
    if (!this.token && this.turn.isNeeded(this.tokens)) await this.turn.begin();
    return this.showing(jwt, this.token);
  }

  private showing(jwt: string, token: string): object {
    this.shownJwt = jwt;
    const who = { ...(jwt ? { jwt } : {}), ...(token ? { token } : {}) };
    return { tenant: this.options.tenant, ...(jwt || token ? who : { anonymous: true }) };
  }

  /** The chat ended while we were away: its last entries come by history. */
  private endedMeanwhile(session: Session): void {
    session.head = session.log.last;
    session.state = "closed";
    this.outbox.fail(session.sid, "session_closed");
    this.load(session.sid).catch(() => undefined); // it is gone, with what it said
  }

  private begin(): Promise<Session> {
    this.starting ??= this.open().finally(() => (this.starting = null));
    return this.starting;
  }

  /** Asks for the chat until the server answers. */
  private async open(): Promise<Session> {
    try {
      const { sid, ...what } = JSON.parse(this.unsent.get(this.keys.start) ?? "{}") as Start;
      const got = await (sid ? this.call("session.continue", { sid, ...what }) : this.call("session.start", what));
      const session = this.session(got.sid);
      if (session.state === "new") session.state = got.state;
      this.current = session;
      this.unsent.remove(this.keys.start);
      this.outbox.adopt(got.sid);
      this.emit("started", session);
      return session;
    } catch (error) {
      const said = error instanceof ParleyError ? error : new ParleyError({ code: "internal" });
      if (!isPassing(said) && !["refused", "closed", "aborted"].includes(said.code)) this.giveBack(said);
      throw said;
    } finally {
      this.changed();
    }
  }

  /** Nothing that was written is lost: it goes back to who wrote it. */
  private giveBack(error: ParleyError): void {
    this.unsent.remove(this.keys.start);
    const unsent = this.outbox.list("");
    for (const item of unsent) this.outbox.discard(item.cmid);
    this.emit("notStarted", { error, unsent });
  }
}
