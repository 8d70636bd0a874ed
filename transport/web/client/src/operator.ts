// The operator's side: a console, or a program that answers as one.

import type { ClientEvents, ClientOptions, Field, TokenSource, TokenWanted } from "./client.ts";
import { Client } from "./client.ts";
import { Desk } from "./desk.ts";
import type { BanReason, BodyIn, IntentWord, Offer, OperatorOps, Part, Target, Watch } from "./frames.ts";
import type { Hello, OperatorHello } from "./protocol.ts";
import { ParleyError } from "./protocol.ts";

export interface OperatorOptions extends ClientOptions {
  /** Answers the operator's token, signed by the tenant. */
  getToken: TokenSource;
  /** The operator's id: keeps what several operators left unsent in one store apart. */
  operator?: string;
  /** Where the operator sits, shown where an intent was set. */
  device?: string;
  /** The intent to begin with; used only when signed out. */
  intent?: IntentWord;
}

/** What a verb's request says besides the session, its epoch, its key, and what the verb takes by itself. */
export type More<Op extends keyof OperatorOps, Taken extends string = never> = Omit<Field<OperatorOps[Op], "d">, "sid" | "ep" | "idem" | Taken>;

export interface OperatorEvents extends ClientEvents {
  /** A chat is offered: accept or reject it before it expires. */
  offer: Offer;
  /** The operator owns this session from here. */
  gained: string;
  /** The operator does not own this session any more. */
  lost: string;
}

export class OperatorClient extends Client<OperatorOps, OperatorEvents> {
  /** The operator's offers, chats and intent, and who waits. */
  readonly desk: Desk = new Desk({
    offered: (offer) => this.emit("offer", offer),
    gained: (sid) => {
      this.session(sid).mine = true;
      this.emit("gained", sid);
    },
    lost: (sid) => {
      const session = this.session(sid);
      session.mine = session.members.has(this.desk.operator.id);
      if (!session.mine) this.outbox.fail(sid, "not_owner");
      this.emit("lost", sid);
    },
    hole: (topic) => {
      if (topic === "me" || topic === "queue") return this.connection.renew();
      this.connection.request("watch", { topics: [topic] }).catch(() => undefined); // it begins anew
    },
  });
  /** What is watched besides `me`, over reconnects. */
  private readonly topics = new Set<string>(["queue"]);

  private readonly who: OperatorOptions;
  private wanted: TokenWanted = "connect";
  private shown = "";
  /** A token that the server will not have again, and why. */
  private bad = { token: "", code: "" };

  constructor(options: OperatorOptions) {
    super("operator", options, `parley.unsent.operator.${options.tenant}.${options.operator ?? ""}.`);
    this.who = options;
    this.on("passing", (eph) => eph.t === "load" && this.desk.load(eph.d));
    this.on("entry", ({ session, entry }) => {
      if ((entry.t !== "participant.joined" && entry.t !== "participant.left") || entry.d.operator !== this.desk.operator.id || entry.seq <= session.head) return;
      session.mine = entry.t === "participant.joined" || this.desk.mine.has(session.sid);
    });
  }

  /** What the operator is in a session: its owner, or as what it takes part; undefined: nothing. */
  partIn(sid: string): Part | "owner" | undefined {
    const { operator, mine } = this.desk;
    return mine.has(sid) ? "owner" : this.sessions.get(sid)?.members.get(operator.id);
  }

  /** Takes an offer; fails with `offer_gone` if it was too late. */
  async accept(offer: Offer): Promise<string> {
    const { sid } = await this.call("offer.accept", { offer_id: offer.offer_id, ep: offer.ep });
    this.desk.took(offer);
    this.session(sid).mine = true;
    return sid;
  }

  async reject(offer: Offer): Promise<void> {
    await this.call("offer.reject", { offer_id: offer.offer_id, ep: offer.ep });
    this.desk.offers.delete(offer.offer_id);
  }

  /** Says whether the operator, or as a supervisor whom `for` names, takes new chats. */
  async setIntent(intent: IntentWord, more: More<"intent.set", "intent"> = {}): Promise<void> {
    const set = await this.call("intent.set", { intent, ...more });
    if (!more.for || more.for === this.desk.operator.id) this.desk.intent = set;
  }

  /** Says that nobody sits here, or somebody does again; the operator is away when all its connections are. */
  setAway(on: boolean): Promise<unknown> {
    return this.call("away.set", { on });
  }

  /** Watches lines, boards or operators: `queue`, `queue:DEPARTMENT`, `board:DEPARTMENT`, `operators`; the desk has what they say. */
  async watch(...topics: string[]): Promise<void> {
    await this.call("watch", { topics });
    for (const topic of topics) this.topics.add(topic);
  }

  /** Watches them no longer. */
  async unwatch(...topics: string[]): Promise<void> {
    for (const topic of topics) {
      this.topics.delete(topic);
      this.desk.ended(topic, topic.slice(topic.indexOf(":") + 1));
    }
    await this.call("unwatch", { topics });
  }

  /** Changes what one of the operator's own messages says. */
  edit(sid: string, target: number, body: string | BodyIn): Promise<unknown> {
    return this.call("message.edit", { sid, target, body: typeof body === "string" ? { type: "text", text: body } : body });
  }

  /** Removes one of the operator's own messages, for good. */
  redact(sid: string, target: number): Promise<unknown> {
    return this.call("message.redact", { sid, target });
  }

  /** Ends the chat. */
  end(sid: string, more: More<"session.close"> = {}): Promise<unknown> {
    return this.call("session.close", { sid, ep: this.session(sid).epoch, ...more });
  }

  /** Takes a waiting chat out of turn; fails with `capacity_exceeded` when there is no room. `ep` 0: whatever happened to it meanwhile. */
  async pick(sid: string, more: More<"session.pick"> = {}): Promise<void> {
    await this.call("session.pick", { sid, ep: this.sessions.get(sid)?.epoch ?? 0, ...more });
    this.session(sid).mine = true;
  }

  /** A supervisor becomes the owner; the old one stays a member. */
  async takeOver(sid: string, more: More<"session.takeover"> = {}): Promise<void> {
    await this.call("session.takeover", { sid, ep: this.sessions.get(sid)?.epoch ?? 0, ...more });
    this.session(sid).mine = true;
  }

  /** Gives the chat back to its line, or to that of another department. */
  release(sid: string, more: More<"session.release"> = {}): Promise<unknown> {
    return this.call("session.release", { sid, ep: this.session(sid).epoch, ...more });
  }

  /** Hands the chat on. `warm`: it stays here until somebody has accepted. */
  transfer(sid: string, target: Target, more: More<"transfer.start", "target"> = {}): Promise<unknown> {
    return this.call("transfer.start", { sid, ep: this.session(sid).epoch, target, ...more });
  }

  /** Where the chat could be handed on to, those first who could take it now. */
  /** Which chats operators have, newest first: a supervisor's. */
  servedChats(department = ""): Promise<OperatorOps["session.list"]["res"]> {
    return this.call("session.list", department ? { department } : {});
  }

  async transferTargets(sid: string): Promise<OperatorOps["transfer.targets"]["res"]["targets"]> {
    return (await this.call("transfer.targets", { sid })).targets;
  }

  /** Takes a pending transfer back. */
  cancelTransfer(sid: string): Promise<unknown> {
    return this.call("transfer.cancel", { sid, ep: this.session(sid).epoch });
  }

  /** Takes part in somebody else's chat. */
  async join(sid: string, as: Part, more: More<"session.join", "as"> = {}): Promise<void> {
    await this.call("session.join", { sid, as, ...more });
    const session = this.session(sid);
    session.members.set(this.desk.operator.id, as);
    session.mine = true;
    this.changed();
  }

  /** Takes part no longer. */
  async leave(sid: string): Promise<void> {
    await this.call("session.leave", { sid });
    const session = this.session(sid);
    session.members.delete(this.desk.operator.id);
    session.mine = this.desk.mine.has(sid);
    this.changed();
  }

  /** Changes priority, needs, tags, or of a chat that waits its department. */
  set(sid: string, more: More<"session.set">): Promise<unknown> {
    return this.call("session.set", { sid, ...more });
  }

  /** As much time for notes again as there was, from now on. */
  extendWrapUp(sid: string): Promise<unknown> {
    return this.call("wrapup.extend", { sid });
  }

  /** The notes are written: there is room for another chat. */
  endWrapUp(sid: string): Promise<unknown> {
    return this.call("wrapup.done", { sid });
  }

  /** Adds a note after the chat's end; before it, `send` with `note`. */
  addNote(sid: string, text: string): Promise<unknown> {
    return this.call("note.add", { sid, body: { type: "text", text } });
  }

  /** A bot says that a person is wanted. */
  handOff(sid: string, more: More<"session.handoff"> = {}): Promise<unknown> {
    return this.call("session.handoff", { sid, ep: this.session(sid).epoch, ...more });
  }

  /** What is known of a chat's visitor: its chats that the asker may see, whether it is banned. */
  visitor(sid: string): Promise<OperatorOps["visitor.get"]["res"]> {
    return this.call("visitor.get", { sid });
  }

  /** A supervisor bans a chat's visitor for some days; 0 lifts it. */
  ban(sid: string, days: number, reason?: BanReason): Promise<unknown> {
    return this.call("visitor.ban", { sid, days, ...(reason ? { reason } : {}) });
  }

  /** How the chat found its operators; `operator`: why not this one. */
  explain(sid: string, more: Omit<OperatorOps["explain"]["d"], "sid"> = {}): Promise<OperatorOps["explain"]["res"]> {
    return this.call("explain", { sid, ...more });
  }

  protected async credentials(): Promise<object> {
    const token = (await this.who.getToken(this.wanted)) ?? "";
    if (!token) throw new ParleyError({ code: "auth_required" });
    if (token === this.bad.token) throw new ParleyError({ code: this.bad.code });
    this.shown = token;
    const { tenant, device, intent } = this.who;
    const watch = this.topics.size === 1 && this.topics.has("queue") ? {} : { watch: [...this.topics] };
    return { tenant, token, ...watch, ...(device ? { device } : {}), ...(intent ? { intent } : {}) };
  }

  protected refused(error: ParleyError): boolean {
    if (!["auth_invalid", "auth_expired"].includes(error.code)) return false;
    this.bad = { token: this.shown, code: error.code };
    this.wanted = "refused";
    return true;
  }

  protected async renewal(): Promise<string> {
    return (await this.who.getToken("expiring")) ?? "";
  }

  protected renewed(): void {}

  protected greeted(hello: Hello): void {
    this.wanted = "connect";
    this.bad = { token: "", code: "" };
    this.desk.hello(hello as OperatorHello);
  }

  protected override watched(frame: Watch): void {
    this.desk.watch(frame);
    this.changed();
  }
}
