// The left side: offers, my chats, who waits.

import type { Desk, Offer, OperatorClient, QueueRow, Session } from "../../client/src/index.ts";
import { isNote, wordsOf } from "../body.ts";
import { attr, byId, h, keyed, show, text } from "../dom.ts";
import { operator as words } from "../strings.ts";
import { clockTime, stopwatch } from "../time.ts";

export interface SidebarOptions {
  desk: Desk;
  client: OperatorClient;
  accept: (offer: Offer) => void;
  decline: (offer: Offer) => void;
  select: (sid: string) => void;
}

export class Sidebar {
  private readonly options: SidebarOptions;
  /** When each offer was first seen, on the server's clock: the bar's full length. */
  private readonly seen = new Map<string, number>();
  /** Offers with an answer on its way. */
  readonly answering = new Set<string>();

  constructor(options: SidebarOptions) {
    this.options = options;
  }

  draw(chats: Session[], selected: string): void {
    const { desk } = this.options;
    const offers = desk.offersInOrder();
    const queue = desk.queueInOrder();
    keyed(byId("offers"), offers, (offer) => offer.offer_id, (offer) => this.offer(offer), (element, offer, i) => this.drawOffer(element, offer, i));
    keyed(byId("chats"), chats, (chat) => chat.sid, (chat) => this.chat(chat), (element, chat) => this.drawChat(element, chat, chat.sid === selected));
    keyed(byId("queue"), queue, (row) => row.sid, () => queueRow(), (element, row) => this.drawRow(element, row));
    for (const id of this.seen.keys()) if (!desk.offers.has(id)) this.seen.delete(id);
    empty("offers", offers.length, words.noOffers);
    empty("chats", chats.length, words.noChats);
    empty("queue", queue.length, words.nobodyWaits);
  }

  private offer(offer: Offer): HTMLElement {
    const { accept, decline } = this.options;
    this.seen.set(offer.offer_id, this.options.client.connection.now());
    const name = `offer-${offer.sid}`;
    return h(
      "li",
      { class: "offer", "data-testid": "offer", "data-sid": offer.sid },
      h("p", { class: "row-head" }, h("strong", { id: name }, words.chat(offer.sid)), h("span", { class: "left", "data-testid": "offer-left" })),
      h("p", { class: "row-sub" }, h("span", { class: "where" }), " · ", h("span", { class: "wait" })),
      h("progress", { "aria-hidden": "true" }),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", class: "primary", "data-testid": "accept", "aria-describedby": name, onclick: () => accept(offer) }, "Accept"),
        h("button", { type: "button", class: "quiet", "data-testid": "decline", "aria-describedby": name, onclick: () => decline(offer) }, "Decline"),
      ),
    );
  }

  private drawOffer(element: HTMLElement, offer: Offer, i: number): void {
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

  private chat(chat: Session): HTMLElement {
    const { select } = this.options;
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "chat-row", "data-testid": "chat-row", "data-sid": chat.sid, onclick: () => select(chat.sid) },
        h("span", { class: "row-head" }, h("span", { class: "dot", "aria-hidden": "true" }), h("strong", {}, words.chat(chat.sid)), h("time")),
        h("span", { class: "row-sub" }, h("span", { class: "snippet", dir: "auto" }), h("span", { class: "badge", "data-testid": "unread", hidden: true }, h("span", { "aria-hidden": "true" }), h("span", { class: "visually-hidden" }))),
      ),
    );
  }

  private drawChat(element: HTMLElement, chat: Session, selected: boolean): void {
    const row = element.firstElementChild as HTMLElement;
    const unread = chat.unread("operator");
    const last = chat.lastMessage();
    const typing = chat.isTyping("visitor", Date.now());
    attr(row, "aria-current", selected ? "true" : undefined);
    attr(row, "data-present", chat.visitor?.present ?? false);
    attr(row, "data-over", chat.isOver || !chat.mine);
    attr(row, "data-unread", unread > 0);
    text(row.querySelector("time") as Element, last ? clockTime(Date.parse(last.at)) : "");
    text(row.querySelector(".snippet") as Element, this.snippet(chat, typing));
    const badge = row.querySelector(".badge") as HTMLElement;
    show(badge, unread > 0);
    text(badge.firstElementChild as Element, String(unread));
    text(badge.lastElementChild as Element, words.unread(unread));
  }

  private snippet(chat: Session, typing: boolean): string {
    if (chat.isOver || !chat.mine) return words.closed;
    if (typing) return words.writing;
    const last = chat.lastMessage();
    if (!last) return words.noMessages;
    const said = wordsOf(chat.bodyOf(last)).slice(0, 90);
    return isNote(last) ? words.noteSnippet(said) : said;
  }

  private drawRow(element: HTMLElement, row: QueueRow): void {
    const now = this.options.client.connection.now();
    attr(element, "data-sid", row.sid);
    text(element.querySelector("strong") as Element, words.chat(row.sid));
    text(element.querySelector(".where") as Element, this.options.desk.department(row.department));
    text(element.querySelector(".wait") as Element, stopwatch(now - Date.parse(row.since)));
    show(element.querySelector(".offered") as HTMLElement, row.offered);
  }
}

function queueRow(): HTMLElement {
  return h(
    "li",
    { class: "queue-row", "data-testid": "queue-row" },
    h("span", { class: "row-head" }, h("strong"), h("span", { class: "wait", "data-testid": "queue-wait" })),
    h("span", { class: "row-sub" }, h("span", { class: "where" }), h("span", { class: "offered" }, words.offered)),
  );
}

/** The count in the heading, and a sentence when there is nothing. */
function empty(id: string, count: number, sentence: string): void {
  text(byId(`${id}-count`), count > 0 ? String(count) : "");
  const note = byId(`${id}-none`);
  show(note, count === 0);
  text(note, sentence);
}
