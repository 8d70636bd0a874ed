// After the chat: one to five stars, and a comment.

import type { ParleyError, Session, VisitorClient } from "../../client/src/index.ts";
import { byId, h, show, text } from "../dom.ts";
import { common, explain, visitor as words } from "../strings.ts";

export class Rating {
  private readonly client: VisitorClient;
  private readonly stars = byId("stars");
  private readonly comment = byId<HTMLTextAreaElement>("comment");
  private session: Session | null = null;
  private score = 0;
  private busy = false;
  private problem = "";

  constructor(client: VisitorClient) {
    this.client = client;
    for (let score = 1; score <= 5; score++) {
      const radio = h("input", { type: "radio", name: "score", value: String(score), "aria-label": words.stars(score), "data-testid": `star-${score}`, onchange: () => this.choose(score) });
      this.stars.append(h("label", { class: "star" }, radio, h("span", { "aria-hidden": "true" }, "★")));
    }
    byId("rate").addEventListener("click", () => void this.send());
  }

  draw(session: Session | null): void {
    if (session !== this.session) this.reset();
    this.session = session;
    const over = session?.isOver === true;
    const score = session?.score ?? 0;
    const open = over && score === 0 && session !== null && Date.parse(session.rateBy) > this.client.connection.now();
    show(byId("rating"), open);
    show(byId("comment-field"), this.score > 0);
    show(byId("rate"), this.score > 0);
    byId<HTMLButtonElement>("rate").disabled = this.busy || !this.client.connection.isOnline;
    for (const [i, star] of Array.from(this.stars.querySelectorAll(".star")).entries()) star.toggleAttribute("data-on", i < this.score);
    byId("again").className = open && this.score > 0 ? "quiet" : "primary"; // one thing at a time
    show(byId("rated"), over && (score > 0 || this.problem !== ""));
    text(byId("rated"), this.problem || (score > 0 ? words.rated(score) : ""));
  }

  private choose(score: number): void {
    this.score = score;
    this.draw(this.session);
  }

  private reset(): void {
    this.score = 0;
    this.problem = "";
    this.comment.value = "";
    for (const radio of this.stars.querySelectorAll("input")) radio.checked = false;
  }

  private async send(): Promise<void> {
    const { session, score } = this;
    if (!session || score === 0 || this.busy) return;
    this.busy = true;
    this.draw(session);
    try {
      await this.client.rate(session.sid, score, this.comment.value.trim());
      session.score = score; // the chat is over: no entry may come any more
      this.problem = "";
    } catch (error) {
      this.problem = common.requestFailed(explain((error as ParleyError).code ?? "internal"));
    }
    this.busy = false;
    this.draw(this.session);
    if (session.score > 0) byId("again").focus(); // the button that had it is gone
  }
}
