// What stands between the messages and the box while something is awaited: the
// place in line, an operator who reconnects, a question whether somebody is there.

import type { Session, VisitorClient } from "../../client/src/index.ts";
import { attr, byId, show, text } from "../dom.ts";
import { visitor as words } from "../strings.ts";
import { span } from "../time.ts";

export class Waiting {
  private readonly client: VisitorClient;

  /** `leave` leaves what was written as a message. */
  constructor(client: VisitorClient, leave: () => void) {
    this.client = client;
    byId("leave-message").addEventListener("click", leave);
  }

  draw(session: Session | null): void {
    const waits = session?.state === "queued" || session?.state === "offered";
    show(byId("waiting"), waits);
    if (session && waits) this.drawPlace(session);
    const banner = session && !waits ? this.banner(session) : "";
    show(byId("banner"), banner !== "");
    text(byId("banner"), banner);
    attr(byId("banner"), "data-kind", session?.warned ? "warned" : session?.state);
  }

  private drawPlace({ place }: Session): void {
    text(byId("place"), place ? words.place(place.position) : words.placeUnknown);
    const { p50_s: half, p90_s: most } = place ?? {};
    const estimate = half === undefined ? "" : most !== undefined && span(most) !== span(half) ? words.estimates(span(half), span(most)) : words.estimate(span(half));
    text(byId("estimate"), estimate);
  }

  private banner(session: Session): string {
    if (session.state === "detached") return words.detached(this.client.people.operator(session.owner));
    if (session.state === "unattended") return words.unattended;
    return session.warned && !session.isOver ? words.warned : "";
  }
}
