// A session's log on the page: messages, notices, and what is still unsent.

import type { Entry, OperatorClient, Session, Unsent, VisitorClient } from "../client/src/index.ts";
import { formWords, isNote as isNoteEntry, wordsOf } from "./body.ts";
import { attr, h, keyed, show, text } from "./dom.ts";
import type { FileBody } from "./filecard.ts";
import { fileCard } from "./filecard.ts";
import { common, explain, operator } from "./strings.ts";
import { clockTime, fullTime } from "./time.ts";

type Item = { kind: "message"; evt: Entry } | { kind: "notice"; evt: Entry; words: string } | { kind: "unsent"; unsent: Unsent };

export interface TimelineOptions {
  client: VisitorClient | OperatorClient;
  side: "visitor" | "operator";
  /** The element with role=log that scrolls. */
  scroller: HTMLElement;
  earlier: HTMLButtonElement;
  /** Changes one of the person's own messages; absent: not on this page. */
  edit?: (evt: Entry, words: string) => void;
  /** Takes one of the person's own messages back. */
  remove: (evt: Entry) => void;
  /** What the session's department asks before a chat. */
  asked: (session: Session) => { name: string; label: string }[] | undefined;
  /** The sentence for an entry that is no message; empty: nothing is shown. */
  notice: (session: Session, evt: Entry) => string;
}

export class Timeline {
  private readonly options: TimelineOptions;
  private readonly list: HTMLElement;
  private session: Session | null = null;
  private drawn = "";
  /** The reader is at the newest message and wants to stay there. */
  private sticks = true;

  constructor(options: TimelineOptions) {
    this.options = options;
    this.list = h("ol", { class: "messages", "data-testid": "messages" });
    options.scroller.append(this.list);
    options.scroller.addEventListener("scroll", () => (this.sticks = this.isAtEnd));
    // A phone's keyboard, a longer draft or a turned screen must not hide the newest message.
    // Nor must a picture that comes late.
    const resized = new ResizeObserver(() => this.sticks && this.toEnd());
    resized.observe(options.scroller);
    resized.observe(this.list);
    options.earlier.addEventListener("click", () => {
      // Without an answer the button stays; the person may press it again.
      if (this.session) options.client.loadEarlier(this.session).catch(() => undefined);
    });
  }

  /** Is the newest message on screen? */
  get isAtEnd(): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.options.scroller;
    return scrollHeight - scrollTop - clientHeight < 48;
  }

  toEnd(): void {
    this.options.scroller.scrollTop = this.options.scroller.scrollHeight;
  }

  draw(session: Session | null, unsent: Unsent[]): void {
    const { scroller, earlier } = this.options;
    const other = session !== this.session;
    if (other) this.list.replaceChildren();
    this.session = session;
    const follow = other || this.sticks;
    const fromEnd = scroller.scrollHeight - scroller.scrollTop;
    const first = this.list.firstElementChild;
    show(earlier, session?.log.hasEarlier ?? false);
    text(earlier, session?.loading ? common.loading : common.earlier);
    keyed(this.list, this.items(session, unsent), keyOf, (item) => this.make(item), (element, item, i) => this.update(element, item, i));
    const last = unsent.length > 0 ? unsent[unsent.length - 1].cmid : "";
    const grew = this.drawn !== last && last !== "";
    this.drawn = last;
    this.sticks = follow || grew;
    if (this.sticks) this.toEnd();
    else if (first && first !== this.list.firstElementChild) scroller.scrollTop = scroller.scrollHeight - fromEnd;
  }

  private items(session: Session | null, unsent: Unsent[]): Item[] {
    const items: Item[] = [];
    const sent = new Set<string>();
    for (const evt of session?.log.entries ?? []) {
      if (evt.cid) sent.add(evt.cid);
      if (evt.t === "message.new" || evt.t === "form.filled") items.push({ kind: "message", evt });
      else {
        const words = session ? this.options.notice(session, evt) : "";
        if (words) items.push({ kind: "notice", evt, words });
      }
    }
    for (const item of unsent) if (!sent.has(item.cmid)) items.push({ kind: "unsent", unsent: item });
    return items;
  }

  private make(item: Item): HTMLElement {
    if (item.kind === "notice") return h("li", { class: "notice", "data-testid": "notice" }, h("span"));
    const author = item.kind === "unsent" ? this.options.side : item.evt.by.kind;
    const own = author === this.options.side;
    return h(
      "li",
      { class: own ? "message own" : "message", "data-testid": "message", "data-author": author },
      h("span", { class: "author" }),
      h("p", { class: "body", dir: "auto", "data-testid": "message-body" }),
      h(
        "span",
        { class: "meta" },
        own && h("span", { class: "actions", hidden: true }),
        h("span", { class: "edited", "data-testid": "edited", hidden: true }, common.edited),
        h("time"),
        own && h("span", { class: "delivery", "data-testid": "delivery" }),
      ),
    );
  }

  private update(element: HTMLElement, item: Item, i: number): void {
    if (item.kind === "notice") return text(element.firstElementChild as Element, item.words);
    const at = item.kind === "unsent" ? item.unsent.at : Date.parse(item.evt.at);
    const time = element.querySelector("time") as HTMLTimeElement;
    attr(time, "datetime", new Date(at).toISOString());
    attr(time, "title", fullTime(at));
    text(time, clockTime(at));
    const author = this.authorOf(item);
    this.content(element, item);
    this.actions(element, item, author === common.you);
    text(element.querySelector(".author") as Element, isNote(item) ? operator.noteOf(author) : author);
    attr(element, "data-you", author === common.you);
    attr(element, "data-follows", this.follows(element, item, i));
    const delivery = element.querySelector<HTMLElement>(".delivery");
    if (delivery) this.delivery(element, delivery, item);
  }

  /** Does the message continue its predecessor's, so that the name need not be repeated? */
  private follows(element: HTMLElement, item: Item, i: number): boolean {
    const before = i === 0 ? null : (element.isConnected ? element.previousElementSibling : this.list.lastElementChild);
    const author = item.kind === "unsent" ? this.options.side : item.kind === "message" ? item.evt.by.kind : "";
    return before?.classList.contains("message") === true && before.getAttribute("data-author") === author && before.querySelector(".author")?.textContent === (isNote(item) ? operator.noteOf(this.authorOf(item)) : this.authorOf(item));
  }

  /** What the message says now: edited, removed, or as it was sent. */
  private content(element: HTMLElement, item: Item): void {
    const evt = item.kind === "message" ? item.evt : null;
    const removed = evt !== null && this.session?.isRemoved(evt) === true;
    const edited = evt !== null && !removed && this.session?.isEdited(evt) === true;
    const body = element.querySelector(".body") as HTMLElement;
    const said = item.kind === "unsent" ? item.unsent.body : evt ? this.session?.bodyOf(evt) : undefined;
    const file = evt && said?.type === "file" && "name" in said ? (said as FileBody) : null;
    const filled = evt?.t === "form.filled" && this.session ? formWords(evt, this.options.asked(this.session)) : "";
    if (!file) text(body, filled || wordsOf(said));
    else if (element.dataset.file !== file.file_id) body.replaceChildren(...fileCard(this.options.client, evt?.sid ?? "", file));
    attr(element, "data-file", file?.file_id);
    attr(element, "data-form", evt?.t === "form.filled");
    attr(element, "data-note", isNote(item));
    attr(element, "data-removed", removed);
    show(element.querySelector(".edited") as HTMLElement, edited);
    if (!evt) return;
    attr(element, "data-seq", String(evt.seq));
    attr(body, "id", `message-${evt.seq}`);
  }

  /** Own messages can be changed while the chat goes on. */
  private actions(element: HTMLElement, item: Item, own: boolean): void {
    const place = element.querySelector<HTMLElement>(".actions");
    if (!place || item.kind !== "message") return;
    const session = this.session;
    const may = own && session !== null && session.mine && !session.isOver && !session.isRemoved(item.evt);
    show(place, may);
    if (!may || place.childElementCount > 0) return;
    const { evt } = item;
    const button = (id: string, words: string, run: () => void) =>
      h("button", { type: "button", class: "link", "data-testid": id, "aria-describedby": `message-${evt.seq}`, onclick: run }, words);
    const { edit, remove } = this.options;
    if (edit && evt.t === "message.new" && evt.d.body.type === "text") place.append(button("edit", common.edit, () => edit(evt, wordsOf(this.session?.bodyOf(evt)))));
    place.append(button("take-back", common.takeBack, () => remove(evt)));
  }

  private authorOf(item: Item): string {
    if (item.kind === "unsent") return common.you;
    const { by } = item.evt;
    const mine = by.kind === this.options.side && (by.kind === "visitor" || by.id === this.me);
    if (mine) return common.you;
    if (by.kind === "visitor") return common.visitor;
    return this.options.client.people.author(by) ?? common.integration;
  }

  /** The operator's own id, so that a colleague's messages show a name. */
  me = "";

  private delivery(element: HTMLElement, delivery: HTMLElement, item: Item): void {
    const state = this.stateOf(item);
    attr(element, "data-state", state);
    if (item.kind !== "unsent" || !item.unsent.failed) {
      const waits = state === "sending" && !this.options.client.connection.isOnline;
      return text(delivery, waits ? common.queued : words[state]);
    }
    if (delivery.childElementCount > 0) return;
    const { cmid, failed } = item.unsent;
    const { outbox } = this.options.client;
    const again = h("button", { type: "button", class: "link", "data-testid": "retry", onclick: () => outbox.retry(cmid) }, common.retry);
    delivery.replaceChildren(
      h("span", { class: "failure" }, common.failed(explain(failed))),
      ...(hopeless.includes(failed) ? [] : [again]),
      h("button", { type: "button", class: "link", "data-testid": "discard", onclick: () => outbox.discard(cmid) }, common.discard),
    );
  }

  private stateOf(item: Item): "sending" | "sent" | "seen" | "failed" {
    if (item.kind === "unsent") return item.unsent.failed ? "failed" : "sending";
    if (isNote(item)) return "sent"; // read marks are the other side's
    const reader = this.options.side === "visitor" ? "operator" : "visitor";
    return item.kind === "message" && (this.session?.read[reader] ?? 0) >= item.evt.seq ? "seen" : "sent";
  }
}

/** Refusals that another try would only get again. */
const hopeless = ["session_closed", "not_owner", "not_found", "erased", "too_large", "idem_conflict"];

const words = { sending: common.sending, sent: common.sent, seen: common.seen, failed: "" };

/** A message keeps its element when its entry replaces the unsent one. */
function keyOf(item: Item): string {
  if (item.kind === "unsent") return `m${item.unsent.cmid}`;
  return item.kind === "message" && item.evt.cid ? `m${item.evt.cid}` : `s${item.evt.seq}`;
}

function isNote(item: Item): boolean {
  return item.kind === "unsent" ? item.unsent.note === true : item.kind === "message" && isNoteEntry(item.evt);
}
