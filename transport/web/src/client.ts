// What the visitor page and the console have in common: sessions, people, the
// outbox, and one connection that feeds them.

import type { Handlers, LineState } from "./connection.ts";
import { browser, Connection } from "./connection.ts";
import { newId } from "./ids.ts";
import { Outbox } from "./outbox.ts";
import type { Unsent } from "./outbox.ts";
import { People } from "./people.ts";
import type { Eph, Evt, Have, Renewed, Resumed, Watch, WireError } from "./protocol.ts";
import { isPassing } from "./protocol.ts";
import { Session } from "./session.ts";
import type { Storage } from "./storage.ts";

export interface ClientOptions {
  url: string;
  side: "visitor" | "operator";
  storage: Storage;
  /** Where unsent messages are kept: one place per tenant and person. */
  outboxKey: string;
  auth: () => Record<string, unknown>;
  hello: (d: unknown) => void;
  refused: (error: WireError) => boolean;
  renewal?: () => string;
  renewed?: (d: Renewed) => void;
  watch?: (frame: Watch) => void;
  state: (state: LineState) => void;
  /** A message by the other side that came while we were connected. */
  message?: (session: Session, evt: Evt) => void;
  changed: () => void;
}

/** Entries of one page of history, counting those that this reader may not see. */
const pageSize = 100;

interface Page {
  events?: Evt[];
  more?: boolean;
}

export class Client {
  readonly connection: Connection;
  readonly outbox: Outbox;
  readonly people = new People();
  readonly sessions = new Map<string, Session>();
  private readonly options: ClientOptions;
  private readonly typingSent = new Map<string, number>();
  private readonly readSent = new Map<string, number>();
  private readonly peeks = new Map<string, string>();

  constructor(options: ClientOptions) {
    this.options = options;
    this.connection = new Connection(options.url, this.handlers(), browser);
    this.outbox = new Outbox({
      storage: options.storage,
      key: options.outboxKey,
      send: (item) => this.deliver(item),
      changed: options.changed,
    });
    listenToBrowser(this.connection);
  }

  session(sid: string): Session {
    let session = this.sessions.get(sid);
    if (!session) {
      session = new Session(sid);
      this.sessions.set(sid, session);
    }
    return session;
  }

  send(sid: string, text: string, note = false): void {
    this.typing(sid, false);
    this.peeks.delete(sid);
    this.outbox.add(sid, text, note);
  }

  /** Removes one of our own messages, for good. */
  redact(sid: string, target: number): Promise<unknown> {
    return this.insist("message.redact", { sid, target, idem: newId() });
  }

  /** Changes what one of our own messages says. */
  edit(sid: string, target: number, text: string): Promise<unknown> {
    return this.insist("message.edit", { sid, target, body: { type: "text", text }, idem: newId() });
  }

  /** Shows operators what is typed and not sent, where the tenant wants it: a little later, and only the latest. */
  peek(sid: string, text: string): void {
    if (this.connection.limits.peek !== true) return;
    const waiting = this.peeks.has(sid);
    this.peeks.set(sid, text);
    if (waiting) return;
    setTimeout(() => {
      const latest = this.peeks.get(sid); // sent meanwhile: nothing is left to show
      this.peeks.delete(sid);
      if (latest !== undefined) this.connection.tell("peek", { sid, text: latest });
    }, 400);
  }

  /** Passes on that we are, or no longer are, writing: at most every 3 s. */
  typing(sid: string, on: boolean): void {
    const last = this.typingSent.get(sid) ?? 0;
    if (on ? Date.now() - last < 3_000 : last === 0) return;
    this.typingSent.set(sid, on ? Date.now() : 0);
    this.connection.tell("typing", { sid, on });
  }

  /** Tells the server how far we have read; only forward, and once. */
  markRead(session: Session): void {
    const seq = session.log.last;
    const mine = this.options.side;
    if (session.unread(mine) === 0 || seq <= (this.readSent.get(session.sid) ?? 0) || !this.connection.isOnline) return;
    this.readSent.set(session.sid, seq);
    this.connection.request("read.mark", { sid: session.sid, seq }).then(
      () => session.moveRead(mine, seq) && this.options.changed(),
      () => this.readSent.delete(session.sid),
    );
  }

  /** Repeats a request with its key until the server has answered it, or will not hear us any more. */
  async insist<T>(op: string, d: Record<string, unknown>): Promise<T> {
    for (;;) {
      try {
        return await this.connection.request<T>(op, d);
      } catch (error) {
        if (!isPassing(error) || this.connection.state === "refused") throw error;
        await pause(Math.max((error as WireError).retryAfter, 400));
      }
    }
  }

  /** Loads the page of history before what we hold. */
  async loadEarlier(session: Session): Promise<void> {
    if (session.loading) return;
    session.loading = true;
    this.options.changed();
    try {
      let before = session.log.entries[0]?.seq ?? 0;
      for (let more = true; more && before > 1; before -= pageSize) {
        const page = await this.history(session.sid, before);
        session.log.prepend(page.events ?? []);
        // A page may hold nothing that this reader may see, and still not be the last.
        more = (page.events ?? []).length === 0 && page.more === true;
      }
    } catch {
      // The button stays; the person may press it again.
    } finally {
      session.loading = false;
      this.options.changed();
    }
  }

  history(sid: string, before?: number): Promise<Page> {
    const d = { sid, limit: pageSize };
    return this.connection.request<Page>("history.get", before ? { ...d, before_seq: before } : d);
  }

  private async deliver(item: Unsent): Promise<void> {
    const body = { type: "text", text: item.text };
    const message = { sid: item.sid, cmid: item.cmid, body };
    await this.connection.request("message.send", item.note ? { ...message, visibility: "operators" } : message);
  }

  private handlers(): Handlers {
    const { options } = this;
    return {
      auth: () => ({ ...options.auth(), have: this.have() }),
      hello: (d) => {
        this.readSent.clear();
        this.typingSent.clear();
        options.hello(d);
      },
      refused: options.refused,
      renewal: () => options.renewal?.() ?? "",
      renewed: (d) => options.renewed?.(d),
      evt: (frame) => this.event(frame),
      eph: (frame) => this.passing(frame),
      watch: (frame) => options.watch?.(frame),
      resumed: (sid, d) => this.resumed(sid, d),
      state: (state) => {
        this.outbox.setOnline(state === "online");
        options.state(state);
      },
    };
  }

  private have(): Have[] {
    const open = [...this.sessions.values()].filter((session) => session.mine && !session.isOver && session.log.last > 0);
    return open.map((session) => ({ sid: session.sid, seq: session.log.last }));
  }

  private resumed(sid: string, d: Resumed): void {
    this.session(sid).resume(d);
    this.options.changed();
  }

  private event(evt: Evt): void {
    const session = this.session(evt.sid);
    if (evt.cid) this.outbox.settle(evt.cid);
    if (session.accept(evt)) {
      const theirs = evt.t === "message.new" && evt.by.kind !== this.options.side;
      if (theirs && evt.seq > session.head) this.options.message?.(session, evt);
      if (session.isOver) this.outbox.fail(session.sid, "session_closed");
    } else if (session.log.hasGap) {
      void this.fill(session);
    }
    this.options.changed();
  }

  /** Fetches what is missing before an entry that came too early. */
  private async fill(session: Session): Promise<void> {
    if (session.loading) return;
    session.loading = true;
    try {
      while (session.log.hasGap) {
        const before = session.log.gapBefore;
        const page = await this.history(session.sid, before);
        for (const evt of page.events ?? []) session.accept(evt);
        if (session.log.gapBefore === before) throw new Error("the gap stays");
      }
    } catch {
      this.connection.renew(); // resuming by sequence closes the gap
    } finally {
      session.loading = false;
      this.options.changed();
    }
  }

  private passing(eph: Eph): void {
    if (eph.t === "people") this.people.learn(eph.d?.people ?? []);
    const session = this.sessions.get(eph.d?.sid ?? "");
    if (session?.notice(eph, Date.now()) && eph.t === "typing" && eph.d?.on) {
      setTimeout(this.options.changed, 6_050);
    }
    this.options.changed();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** Tabs sleep and networks go: use every hint that the line should be looked at. */
function listenToBrowser(connection: Connection): void {
  addEventListener("online", () => connection.nudge());
  addEventListener("offline", () => connection.renew());
  addEventListener("pageshow", () => connection.nudge());
  addEventListener("focus", () => connection.nudge());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") connection.nudge();
  });
}
