// The chats that operators have, for supervisors: to watch one, or to take it over.

import type { OperatorClient, OperatorOps } from "../../client/src/index.ts";
import { byId, h, keyed, show, text } from "../dom.ts";
import { operator as words } from "../strings.ts";
import { stopwatch } from "../time.ts";
import { colleague } from "./names.ts";

type Served = OperatorOps["session.list"]["res"]["sessions"][number];

/** How often the list is asked for while it is on screen, in milliseconds. */
const every = 3_000;

export interface ServedOptions {
  client: OperatorClient;
  watch: (sid: string) => void;
  takeOver: (sid: string) => void;
  changed: () => void;
}

export class ServedList {
  private readonly options: ServedOptions;
  private all: Served[] = [];
  private more = false;
  private asked = 0;

  constructor(options: ServedOptions) {
    this.options = options;
  }

  /** Nothing is asked for while nobody looks. */
  draw(): void {
    void this.ask();
    const { desk } = this.options.client;
    const all = this.all.filter(({ sid }) => !desk.mine.has(sid));
    keyed(byId("served"), all, ({ sid }) => sid, (one) => this.row(one), (element, one) => this.update(element, one));
    show(byId("served-part"), all.length > 0);
    show(byId("served-more"), this.more);
    text(byId("served-more"), words.servedMore);
  }

  private async ask(): Promise<void> {
    const now = Date.now();
    const { client, changed } = this.options;
    if (now - this.asked < every || !client.connection.isOnline || !client.desk.departments.some(({ id }) => client.desk.may("supervise", id))) return;
    this.asked = now;
    try {
      const { sessions, more } = await client.servedChats();
      [this.all, this.more] = [sessions, more];
      changed();
    } catch {
      // Refused, or cut off: what is shown grows old until the next answer.
    }
  }

  private row({ sid }: Served): HTMLElement {
    const name = `served-${sid}`;
    const button = (id: string, label: string, run: () => void) =>
      h("button", { type: "button", class: "link", "data-testid": id, "aria-describedby": name, onclick: run }, label);
    const { watch, takeOver } = this.options;
    return h(
      "tr",
      { "data-testid": "served-row", "data-sid": sid },
      h("th", { scope: "row", id: name }, words.chat(sid)),
      h("td"),
      h("td", { dir: "auto" }),
      h("td", { class: "number" }),
      h("td", {}, button("served-watch", words.watch, () => watch(sid)), " ", button("served-take", words.takeOver, () => takeOver(sid))),
    );
  }

  private update(element: HTMLElement, one: Served): void {
    const { client } = this.options;
    const [, where, who, since] = Array.from(element.children);
    text(where, client.desk.department(one.department));
    text(who, one.owner ? colleague(client, client.desk, one.owner) : "");
    text(since, stopwatch(client.connection.now() - Date.parse(one.began_at)));
  }
}
