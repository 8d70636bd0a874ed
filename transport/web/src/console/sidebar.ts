// The left side: offers, my chats, who waits.

import type { Offer, QueueRow, Session } from "../../client/src/index.ts";
import { isNote, wordsOf } from "../body.ts";
import { attr, byId, h, keyed, show, text } from "../dom.ts";
import { operator as words } from "../strings.ts";
import { clockTime, stopwatch } from "../time.ts";
import { empty } from "./empty.ts";
import { visitorOf } from "./names.ts";
import type { OffersOptions } from "./offers.ts";
import { Offers } from "./offers.ts";

export interface SidebarOptions extends OffersOptions {
  select: (sid: string) => void;
  pick: (sid: string) => void;
  /** Shows how a chat is being served, and why not by this person. */
  why: (sid: string) => void;
}

export class Sidebar {
  private readonly options: SidebarOptions;
  private readonly offers: Offers;
  /** False once the server said that this person may not take chats out of turn. */
  mayPick = true;

  constructor(options: SidebarOptions) {
    this.options = options;
    this.offers = new Offers(options);
  }

  get answering(): Set<Offer["offer_id"]> {
    return this.offers.answering;
  }

  draw(chats: Session[], selected: string): void {
    const queue = this.options.desk.queueInOrder();
    this.offers.draw();
    keyed(byId("chats"), chats, (chat) => chat.sid, (chat) => this.chat(chat), (element, chat) => this.drawChat(element, chat, chat.sid === selected));
    keyed(byId("queue"), queue, (row) => row.sid, (row) => this.row(row), (element, row) => this.drawRow(element, row));
    empty("chats", chats.length, words.noChats);
    empty("queue", queue.length, words.nobodyWaits);
  }

  private chat(chat: Session): HTMLElement {
    const { select } = this.options;
    const badge = h("span", { class: "badge", "data-testid": "unread", hidden: true }, h("span", { "aria-hidden": "true" }), h("span", { class: "visually-hidden" }));
    return h(
      "li",
      {},
      h(
        "button",
        { type: "button", class: "chat-row", "data-testid": "chat-row", "data-sid": chat.sid, onclick: () => select(chat.sid) },
        h("span", { class: "row-head" }, h("span", { class: "dot", "aria-hidden": "true" }), h("strong", { dir: "auto" }), h("time")),
        h("span", { class: "row-sub" }, h("span", { class: "mark", "data-testid": "mark", hidden: true }), h("span", { class: "snippet", dir: "auto" }), badge),
      ),
    );
  }

  private drawChat(element: HTMLElement, chat: Session, selected: boolean): void {
    const row = element.firstElementChild as HTMLElement;
    const unread = chat.unread("operator");
    const last = chat.lastMessage();
    const typing = chat.isTyping("visitor", Date.now());
    const over = chat.isOver || !chat.mine;
    attr(row, "aria-current", selected ? "true" : undefined);
    attr(row, "data-present", chat.visitor?.present ?? false);
    attr(row, "data-over", over);
    attr(row, "data-unread", unread > 0);
    text(row.querySelector("strong") as Element, visitorOf(chat));
    text(row.querySelector("time") as Element, last ? clockTime(Date.parse(last.at)) : "");
    text(row.querySelector(".snippet") as Element, this.snippet(chat, typing));
    this.drawMark(row.querySelector(".mark") as HTMLElement, chat);
    const badge = row.querySelector(".badge") as HTMLElement;
    show(badge, unread > 0);
    text(badge.firstElementChild as Element, String(unread));
    text(badge.lastElementChild as Element, words.unread(unread));
  }

  /** The one thing that matters most about a chat. */
  private drawMark(mark: HTMLElement, chat: Session): void {
    const kind = markOf(chat, this.options.client.partIn(chat.sid));
    show(mark, kind !== "");
    attr(mark, "data-mark", kind);
    text(mark, words.marks[kind] ?? "");
  }

  private snippet(chat: Session, typing: boolean): string {
    if (chat.isOver || !chat.mine) return words.closed;
    if (typing) return words.writing;
    const last = chat.lastMessage();
    if (!last) return words.noMessages;
    const said = wordsOf(chat.bodyOf(last)).slice(0, 90);
    return isNote(last) ? words.noteSnippet(said) : said;
  }

  private row({ sid }: QueueRow): HTMLElement {
    const { pick, why } = this.options;
    const name = `queue-${sid}`;
    return h(
      "li",
      { class: "queue-row", "data-testid": "queue-row", "data-sid": sid },
      h("span", { class: "row-head" }, h("strong", { id: name }, words.chat(sid)), h("span", { class: "wait", "data-testid": "queue-wait" })),
      h(
        "span",
        { class: "row-sub" },
        h("span", { class: "where" }),
        h("span", { class: "offered" }, words.offered),
        h(
          "span",
          { class: "row-actions" },
          h("button", { type: "button", class: "link", "data-testid": "queue-why", "aria-describedby": name, onclick: () => why(sid) }, words.whyShort),
          h("button", { type: "button", class: "link", "data-testid": "pick", "aria-describedby": name, onclick: () => pick(sid) }, words.pick),
        ),
      ),
    );
  }

  private drawRow(element: HTMLElement, row: QueueRow): void {
    const { desk, client } = this.options;
    text(element.querySelector(".where") as Element, desk.department(row.department));
    text(element.querySelector(".wait") as Element, stopwatch(client.connection.now() - Date.parse(row.since)));
    show(element.querySelector(".offered") as HTMLElement, row.offered);
    const pick = element.querySelector<HTMLButtonElement>("[data-testid=pick]") as HTMLButtonElement;
    show(pick, this.mayPick && desk.may("pick", row.department));
    pick.disabled = !client.connection.isOnline;
  }
}

function markOf(chat: Session, part: string | undefined): string {
  if (chat.state === "closing" && part === "owner") return "wrapup";
  if (chat.isOver || !chat.mine) return "";
  if (part && part !== "owner") return part;
  if (chat.state === "detached") return "detached";
  if (chat.serving?.transfer) return "transfer";
  if (chat.serving?.idle) return "idle";
  return chat.turn === "operator" && chat.log.last > 0 ? "turn" : "";
}
