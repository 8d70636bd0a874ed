// The bar at the top: whether the operator takes chats, why not, until when, and
// what it carries.

import type { Desk, IntentWord, OperatorClient } from "../../client/src/index.ts";
import { attr, byId, show, text } from "../dom.ts";
import { operator as words } from "../strings.ts";
import { clockTime, stopwatch } from "../time.ts";

/** Runs a request and tells the person if it did not work. True: it did. */
export type Attempt = (run: () => Promise<unknown>) => Promise<boolean>;

export class DeskBar {
  private readonly client: OperatorClient;
  private readonly desk: Desk;
  private readonly attempt: Attempt;
  private readonly reason = byId<HTMLSelectElement>("pause-reason");
  private readonly until = byId<HTMLSelectElement>("pause-until");

  /** `mayLeave` asks the person before signing out with open chats. */
  constructor(client: OperatorClient, attempt: Attempt, mayLeave: () => Promise<boolean>, changed: () => void) {
    this.client = client;
    this.desk = client.desk;
    this.attempt = attempt;
    for (const radio of radios()) {
      radio.addEventListener("change", () => void this.set(radio.value as IntentWord, mayLeave).then(changed));
    }
    this.reason.addEventListener("change", () => void this.pause());
    this.until.addEventListener("change", () => void this.pause());
  }

  private async set(intent: IntentWord, mayLeave: () => Promise<boolean>): Promise<void> {
    if (intent === "signed_out" && this.desk.mine.size > 0 && !(await mayLeave())) return;
    this.reason.value = this.until.value = "";
    await this.attempt(() => this.client.setIntent(intent));
  }

  private async pause(): Promise<void> {
    const minutes = Number(this.until.value);
    const until = minutes > 0 ? new Date(this.client.connection.now() + minutes * 60_000).toISOString() : "";
    await this.attempt(() => this.client.setIntent("paused", { ...(this.reason.value ? { reason: this.reason.value } : {}), ...(until ? { until } : {}) }));
  }

  draw(tenant: string): void {
    const { desk } = this;
    const intent = desk.intent.intent || "signed_out";
    const online = this.client.connection.isOnline;
    text(byId("tenant"), desk.tenant.name || tenant);
    text(byId("me"), desk.operator.name);
    this.drawLoad();
    for (const radio of radios()) {
      radio.checked = desk.operator.id !== "" && radio.value === intent;
      radio.disabled = !online;
    }
    const missed = intent === "paused" && desk.intent.cause === "missed";
    text(byId("intent-hint"), desk.operator.id ? this.hint(missed ? "missed" : intent) : "");
    attr(byId("intent-hint"), "data-intent", missed ? "missed" : intent);
    show(byId("pause"), intent === "paused" && !missed && online);
    if (document.activeElement !== this.reason) this.reason.value = Array.from(this.reason.options).some(({ value }) => value === desk.intent.reason) ? desk.intent.reason ?? "" : "";
  }

  private hint(intent: string): string {
    const { until, drain } = this.desk.intent;
    const parts = [words.intentHints[drain ? "drain" : intent] ?? ""];
    if (until) parts.push(words.pausedUntil(clockTime(Date.parse(until))));
    return parts.join(" ");
  }

  private drawLoad(): void {
    const { used, capacity, open, openCap, breathingUntil } = this.desk;
    const breath = Date.parse(breathingUntil) - this.client.connection.now();
    const load = byId("load");
    text(load, capacity > 0 ? words.load(units(used), units(capacity)) : "");
    attr(load, "title", openCap > 0 ? words.openOf(open, openCap) : undefined);
    const bar = byId<HTMLProgressElement>("load-bar");
    show(bar, capacity > 0);
    bar.max = Math.max(1, capacity);
    bar.value = Math.min(used, capacity);
    attr(bar, "data-full", used >= capacity);
    show(byId("breathing"), breath > 0);
    text(byId("breathing"), breath > 0 ? words.breathing(stopwatch(breath)) : "");
  }
}

function radios(): NodeListOf<HTMLInputElement> {
  return document.querySelectorAll<HTMLInputElement>("input[name=intent]");
}

/** Thousandths of a chat as a person reads them. */
function units(thousandths: number): string {
  return String(Math.round(thousandths / 100) / 10);
}
