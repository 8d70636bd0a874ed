// The right side: one chat, with its messages and the box to write in.

import type { Client } from "../client.ts";
import { Composer } from "../composer.ts";
import { attr, byId, isWatched, show, text } from "../dom.ts";
import type { Evt } from "../protocol.ts";
import type { Session } from "../session.ts";
import { tab } from "../storage.ts";
import { common, operator as words } from "../strings.ts";
import { Timeline } from "../timeline.ts";
import { clockTime } from "../time.ts";
import type { Desk } from "./desk.ts";

export class Pane {
  readonly composer: Composer;
  private readonly timeline: Timeline;
  private readonly client: Client;
  private readonly desk: Desk;
  private session: Session | null = null;

  constructor(client: Client, desk: Desk) {
    this.client = client;
    this.desk = desk;
    this.timeline = new Timeline({
      client,
      side: "operator",
      scroller: byId("log"),
      earlier: byId<HTMLButtonElement>("earlier"),
      notice: (session, evt) => this.notice(session, evt),
    });
    this.composer = new Composer({
      input: byId<HTMLTextAreaElement>("input"),
      send: byId<HTMLButtonElement>("send"),
      counter: byId("counter"),
      storage: tab,
      limit: () => client.connection.limits.message_bytes,
      submit: (message) => this.session && client.send(this.session.sid, message),
      typing: (on) => this.session && client.typing(this.session.sid, on),
    });
    byId("log").addEventListener("scroll", () => this.markRead());
  }

  draw(session: Session | null, draftKey: string): void {
    if (session !== this.session) this.composer.open("");
    this.session = session;
    this.timeline.me = this.desk.operator.id;
    show(byId("nothing"), session === null);
    show(byId("pane"), session !== null);
    if (!session) return;
    const writable = session.mine && !session.isOver;
    this.composer.open(draftKey);
    this.composer.enable(writable);
    show(byId("composer"), writable);
    show(byId("ended"), !writable);
    show(byId("close"), writable);
    text(byId("ended-words"), session.isOver ? words.isOver : words.gone);
    text(byId("who"), words.chat(session.sid));
    this.drawVisitor(session);
    this.timeline.draw(session, this.client.outbox.list(session.sid));
    text(byId("typing"), session.isTyping("visitor", Date.now()) ? common.typing(common.visitor) : "");
    this.markRead();
  }

  markRead(): void {
    if (this.session?.mine && isWatched() && this.timeline.isAtEnd && byId("pane").offsetParent !== null) this.client.markRead(this.session);
  }

  private drawVisitor(session: Session): void {
    const presence = byId("presence");
    const present = session.visitor?.present ?? false;
    attr(presence, "data-present", present);
    const last = Date.parse(session.visitor?.last_activity_at ?? "");
    const parts = [session.visitor ? (present ? words.present : words.absent) : ""];
    if (!Number.isNaN(last)) parts.push(words.lastActive(clockTime(last)));
    text(presence, parts.filter(Boolean).join(" · "));
    text(byId("where"), this.desk.department(session.department));
  }

  private notice(session: Session, evt: Evt): string {
    const who = (id: string | undefined) => this.client.people.operator(id ?? "");
    const cause = evt.cause ?? "";
    switch (evt.t) {
      case "session.queued":
        return cause.startsWith("operator_") ? words.requeued(cause) : words.queued(this.desk.department(evt.d?.department ?? ""));
      case "offer.made":
        return words.offerMade(who(evt.d?.operator));
      case "offer.ended":
        return words.offerEnded(who(evt.d?.operator), cause);
      case "session.assigned":
        return evt.d?.operator === this.desk.operator.id ? common.assignedYou : common.joined(who(evt.d?.operator));
      case "session.closing":
        return this.ending(evt);
      case "session.closed":
        return session.log.entries.some((entry) => entry.t === "session.closing") ? "" : this.ending(evt);
      default:
        return "";
    }
  }

  private ending(evt: Evt): string {
    if (evt.by.kind === "operator") {
      return evt.by.id === this.desk.operator.id ? words.closedByYou : words.closedBy(this.client.people.author(evt.by) ?? "");
    }
    if (evt.by.kind === "visitor") return words.closedBy("The visitor");
    return words.closedCause(evt.cause ?? "");
  }
}
