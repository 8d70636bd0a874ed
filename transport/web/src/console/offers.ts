// Offers: what is asked, why, and how long there is to answer.

import type { Desk, Offer, OperatorClient } from "../../client/src/index.ts";
import { attr, byId, h, keyed, text } from "../dom.ts";
import { operator as words } from "../strings.ts";
import { stopwatch } from "../time.ts";
import { empty } from "./empty.ts";

export interface OffersOptions {
  desk: Desk;
  client: OperatorClient;
  accept: (offer: Offer) => void;
  decline: (offer: Offer) => void;
}

export class Offers {
  private readonly options: OffersOptions;
  /** When each offer was first seen, on the server's clock: the bar's full length. */
  private readonly seen = new Map<string, number>();
  /** Offers with an answer on its way. */
  readonly answering = new Set<string>();

  constructor(options: OffersOptions) {
    this.options = options;
  }

  draw(): void {
    const { desk } = this.options;
    const offers = desk.offersInOrder();
    keyed(byId("offers"), offers, (offer) => offer.offer_id, (offer) => this.make(offer), (element, offer, i) => this.update(element, offer, i));
    for (const id of this.seen.keys()) if (!desk.offers.has(id)) this.seen.delete(id);
    empty("offers", offers.length, words.noOffers);
  }

  private make(offer: Offer): HTMLElement {
    const { accept, decline } = this.options;
    this.seen.set(offer.offer_id, this.options.client.connection.now());
    const name = `offer-${offer.sid}`;
    return h(
      "li",
      { class: "offer", "data-testid": "offer", "data-sid": offer.sid },
      h(
        "p",
        { class: "row-head" },
        h("strong", { id: name, dir: "auto" }, offer.visitor?.name ?? words.chat(offer.sid)),
        offer.visitor?.verified === true && h("span", { class: "verified", title: words.proven }, "✓", h("span", { class: "visually-hidden" }, words.proven)),
        h("span", { class: "left", "data-testid": "offer-left" }),
      ),
      h("p", { class: "row-sub" }, h("span", { class: "where" }), " · ", h("span", { class: "wait" })),
      offer.subject !== undefined && h("p", { class: "subject", dir: "auto", "data-testid": "offer-subject" }, offer.subject),
      skillsOf(offer),
      offer.why && h("p", { class: "why", "data-testid": "offer-why" }, words.offerWhy(offer.why.rule, offer.why.step, offer.parallel ?? 1)),
      h("progress", { "aria-hidden": "true" }),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", class: "primary", "data-testid": "accept", "aria-describedby": name, onclick: () => accept(offer) }, "Accept"),
        h("button", { type: "button", class: "quiet", "data-testid": "decline", "aria-describedby": name, onclick: () => decline(offer) }, "Decline"),
      ),
    );
  }

  private update(element: HTMLElement, offer: Offer, i: number): void {
    const now = this.options.client.connection.now();
    const end = Date.parse(offer.expires_at);
    const left = Math.max(0, end - now);
    const bar = element.querySelector("progress") as HTMLProgressElement;
    bar.max = Math.max(1, end - (this.seen.get(offer.offer_id) ?? now));
    bar.value = left;
    text(element.querySelector(".where") as Element, this.options.desk.department(offer.department));
    text(element.querySelector(".wait") as Element, words.waits(stopwatch(now - Date.parse(offer.waiting_since))));
    text(element.querySelector(".left") as Element, words.secondsLeft(Math.ceil(left / 1000)));
    attr(element, "data-urgent", left < 6_000);
    const busy = left === 0 || this.answering.has(offer.offer_id) || !this.options.client.connection.isOnline;
    const [accept, decline] = element.querySelectorAll("button");
    accept.disabled = decline.disabled = busy;
    // The shortcuts answer the offer that ends first.
    attr(accept, "aria-keyshortcuts", i === 0 ? "Alt+A" : undefined);
    attr(decline, "aria-keyshortcuts", i === 0 ? "Alt+X" : undefined);
  }
}

function skillsOf({ skills_met: skills = [] }: Offer): HTMLElement | false {
  if (skills.length === 0) return false;
  return h("ul", { class: "chips", "aria-label": words.skillsMet }, ...skills.map(({ skill, level }) => h("li", { class: "chip" }, level ? `${skill} ${level}` : skill)));
}
