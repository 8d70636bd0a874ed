// The operator's side: a console, or a program that answers as one.

import type { ClientEvents, ClientOptions, TokenSource, TokenWanted } from "./client.ts";
import { Client } from "./client.ts";
import { Desk } from "./desk.ts";
import type { BodyIn, IntentWord, Offer, OperatorOps, Watch } from "./frames.ts";
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
      this.session(sid).mine = false;
      this.outbox.fail(sid, "not_owner");
      this.emit("lost", sid);
    },
    hole: () => this.connection.renew(),
  });

  private readonly who: OperatorOptions;
  private wanted: TokenWanted = "connect";
  private shown = "";
  /** A token that the server will not have again, and why. */
  private bad = { token: "", code: "" };

  constructor(options: OperatorOptions) {
    super("operator", options, `parley.unsent.operator.${options.tenant}.${options.operator ?? ""}.`);
    this.who = options;
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

  /** Says whether the operator takes new chats. */
  async setIntent(intent: IntentWord): Promise<void> {
    const set = await this.call("intent.set", { intent });
    this.desk.intent = set;
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
  end(sid: string): Promise<unknown> {
    return this.call("session.close", { sid, ep: this.session(sid).epoch });
  }

  protected async credentials(): Promise<object> {
    const token = (await this.who.getToken(this.wanted)) ?? "";
    if (!token) throw new ParleyError({ code: "auth_required" });
    if (token === this.bad.token) throw new ParleyError({ code: this.bad.code });
    this.shown = token;
    const { tenant, device, intent } = this.who;
    return { tenant, token, ...(device ? { device } : {}), ...(intent ? { intent } : {}) };
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
