// What visitors and operators have in common: sessions, people, the outbox, and
// one connection that feeds them.

import type { Timing } from "./backoff.ts";
import { repeatAfter, timing as standardTiming } from "./backoff.ts";
import type { LineState } from "./connection.ts";
import { Connection } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import type { Link, TransferOptions } from "./files.ts";
import { announced, get, put } from "./files.ts";
import type { BodyIn, Entry, EvtMessageNew, Identity, LawfulBasis, OperatorOps, Passing, VisitorOps, Watch } from "./frames.ts";
import { eventKinds, keyedOps } from "./frames.ts";
import { newId } from "./ids.ts";
import type { SendOptions, Unsent } from "./outbox.ts";
import { Outbox } from "./outbox.ts";
import { People } from "./people.ts";
import type { AnyEntry, Hello, Place, Renewed, Resumed, Side } from "./protocol.ts";
import { isPassing, ParleyError } from "./protocol.ts";
import type { RequestOptions } from "./requests.ts";
import { Session } from "./session.ts";
import type { Store } from "./storage.ts";
import { memoryStore } from "./storage.ts";
import { Typing } from "./typing.ts";
import type { World } from "./world.ts";
import { listenToPage, standard } from "./world.ts";

/** Why a token is wanted: to connect, because the present one ends soon, or because the last one was refused or has ended. */
export type TokenWanted = "connect" | "expiring" | "refused";

/** Answers a token signed by the tenant; empty or nothing: there is none. */
export type TokenSource = (wanted: TokenWanted) => string | undefined | Promise<string | undefined>;

export interface ClientOptions {
  /** Where Parley is: `https://chat.example.com` or `wss://…`, without the path of the endpoint. */
  server: string;
  tenant: string;
  /** Keeps what is written and not yet taken by the server. Default: memory, so that nothing is written to a disk. */
  unsent?: Store;
  /** Closes the client when it is aborted. */
  signal?: AbortSignal;
  /** How many missed entries of a session are fetched one page after the other; more are a `reset`. Default: 2000. */
  catchUp?: number;
  /** How many entries of a session are kept in memory; 0: all. Default: all. */
  keep?: number;
  /** Where to go when the server names another address; empty: the same. Default: the same, so that no token goes elsewhere. */
  elsewhere?: (url: string) => string;
  world?: Partial<World>;
  timing?: Partial<Timing>;
}

export interface ClientEvents {
  /** The line changed; `reason` says why it was refused. */
  state: { state: LineState; reason: string };
  /** The connection is made, for the first time or again. */
  hello: Hello;
  /** An entry of a session, each once and in the order of the session. */
  entry: { session: Session; entry: Entry };
  /** A message by another side that came while we were connected; it was an `entry` before. */
  message: { session: Session; entry: EvtMessageNew };
  /** An entry of a kind that this version does not know: there is nothing to do. */
  unknown: { session: Session; entry: AnyEntry };
  /** Entries that will not come by themselves: too many were missed. */
  reset: { session: Session; from: number; to: number };
  /** The connection is seated in a session; its situation is known. */
  resumed: Session;
  passing: Passing;
  watch: Watch;
  /** A message was refused for good; it stays in the outbox until it is retried or discarded. */
  failed: { item: Unsent; error: ParleyError };
  /** Something changed that a page may show. */
  changed: undefined;
}

/** What both sides may ask for, in the same words. */
type Common = Pick<VisitorOps & OperatorOps, "history.get" | "file.begin" | "file.get" | "client.identify" | "identity.get">;

/** What a request says, where the client adds its key. */
export type Asked<D> = D extends { idem?: string } ? Omit<D, "idem"> & { idem?: string } : D;

/** Entries of one page of history. */
const pageSize = 100;
/** Sessions that `have` may name: the server refuses more. */
const maxHave = 1_024;

export abstract class Client<Ops extends object, Events extends ClientEvents = ClientEvents> extends Emitter<Events> {
  readonly connection: Connection;
  readonly outbox: Outbox;
  readonly people = new People();
  readonly sessions = new Map<string, Session>();
  protected readonly options: ClientOptions;
  private readonly side: Side;
  private readonly http: string;
  private readonly timing: Timing;
  private readonly typist: Typing;
  private readonly readSent = new Map<string, number>();
  /** The last entry that the application was told of, by session. */
  private readonly told = new Map<string, number>();
  private readonly filling = new Set<string>();
  /** Where a gap did not close, by session. */
  private readonly stuck = new Map<string, number>();
  private readonly ended = new AbortController();
  private resumeToken = "";

  protected constructor(side: Side, options: ClientOptions, unsentPrefix: string) {
    super();
    this.side = side;
    this.options = options;
    this.timing = { ...standardTiming, ...options.timing };
    this.http = options.server.replace(/^ws/, "http").replace(/\/+$/, "");
    const url = `${this.http.replace(/^http/, "ws")}/v1/${side}`;
    this.connection = new Connection(url, this.handlers(), { ...standard, ...options.world }, this.timing);
    this.typist = new Typing(this.connection);
    this.outbox = new Outbox({
      store: options.unsent ?? memoryStore(),
      prefix: unsentPrefix,
      send: (item) => this.deliver(item),
      changed: () => this.changed(),
      failed: (item, error) => this.tell("failed", { item, error }),
      wait: (retryAfter, tries) => repeatAfter(retryAfter, tries, this.timing),
    });
    listenToPage(this.connection, this.ended.signal);
    options.signal?.addEventListener("abort", () => this.close(), { signal: this.ended.signal });
  }

  /** What auth says of who we are. */
  protected abstract credentials(): object | Promise<object>;
  protected abstract refused(error: ParleyError): boolean;
  protected abstract renewal(): string | Promise<string>;
  protected abstract renewed(d: Renewed): void;
  protected abstract greeted(d: Hello): void;
  protected watched(_frame: Watch): void {}

  /** Connects, and stays connected. Resolves with the first hello; fails if the server will not have us. */
  connect(): Promise<void> {
    if (this.options.signal?.aborted) this.close();
    else this.connection.connect();
    return this.online();
  }

  /** Resolves once the line is up; fails when it was refused or closed. */
  online(signal?: AbortSignal): Promise<void> {
    return new Promise((done, failed) => {
      const end = new AbortController();
      const look = () => {
        const { state, reason } = this.connection;
        const code = signal?.aborted ? "aborted" : state === "refused" || state === "closed" ? state : "";
        if (state !== "online" && !code) return;
        end.abort();
        if (code) failed(new ParleyError({ code, message: reason }));
        else done();
      };
      this.on("state", look, { signal: end.signal });
      signal?.addEventListener("abort", look, { signal: end.signal });
      look();
    });
  }

  /** Says goodbye and ends. What is unsent stays in its store. */
  close(): void {
    this.connection.close();
    this.typist.stop();
    this.ended.abort();
  }

  session(sid: string): Session {
    let session = this.sessions.get(sid);
    if (!session) {
      session = new Session(sid);
      this.sessions.set(sid, session);
    }
    return session;
  }

  /** Drops what is held of a session: for programs that live long. */
  forget(sid: string): void {
    this.sessions.delete(sid);
    this.told.delete(sid);
    this.readSent.delete(sid);
    this.stuck.delete(sid);
    for (const item of this.outbox.list(sid)) this.outbox.discard(item.cmid);
  }

  /** Asks once. Fails with `disconnected` when there is no line: see call. */
  request<K extends keyof Ops & string>(op: K, d: Asked<Field<Ops[K], "d">>, options?: RequestOptions): Promise<Field<Ops[K], "res">> {
    return this.connection.request(op, withKey(op, d as object), options);
  }

  /** Asks, and repeats the request with its key until the server has answered it, or will not hear us any more. */
  async call<K extends keyof Ops & string>(op: K, d: Asked<Field<Ops[K], "d">>, options?: RequestOptions): Promise<Field<Ops[K], "res">> {
    const whole = withKey(op, d as object);
    for (let tries = 0; ; tries++) {
      try {
        return await this.connection.request(op, whole, options);
      } catch (error) {
        const { code, retryAfter } = error as ParleyError;
        if (!isPassing(error) || (code === "internal" && tries >= 5)) throw error;
        if (this.connection.isOnline) await pause(repeatAfter(retryAfter, tries, this.timing), options?.signal);
        await this.online(options?.signal);
      }
    }
  }

  /** Sends a message, now or once there is a line; it arrives once. The answer is its place in the outbox. */
  send(sid: string, body: string | BodyIn, options: SendOptions = {}): Unsent {
    this.typist.sent(sid);
    return this.outbox.add(sid, typeof body === "string" ? { type: "text", text: body } : body, options);
  }

  /**
   * Uploads a file, and sends it as a message. Fails with `type_not_allowed` or `too_large` (see `connection.limits`) where the tenant does
   * not take it. Its bytes are in memory once, for their sum.
   */
  async sendFile(sid: string, file: Blob, name: string, options: SendOptions & TransferOptions = {}): Promise<Unsent> {
    const { file_bytes: max } = this.connection.limits;
    if (max !== undefined && file.size > max) throw new ParleyError({ code: "too_large", max });
    const about = { sid, ...(await announced(file, name)) };
    for (let tries = 0; ; tries++) {
      const begun = await this.ask("file.begin", about, options);
      try {
        await put({ url: this.http + begun.upload_url, expires: begun.expires }, file, this.timing, options);
        return this.send(sid, { type: "file", file_id: begun.file_id }, options);
      } catch (error) {
        // The server has begun anew meanwhile, and knows of no file.
        if (tries > 0 || !(error instanceof ParleyError) || error.code !== "not_found") throw error;
      }
    }
  }

  /** Where a file of a message is, for this reader and for a while. Not for others: the address is the right. */
  async fileLink(sid: string, fileId: string, options?: RequestOptions): Promise<Link> {
    const { url, expires } = await this.ask("file.get", { sid, file_id: fileId }, options);
    return { url: this.http + url, expires };
  }

  /** The bytes of a file of a message. Whatever it says of itself, it is somebody else's: do not show it as a page. */
  async download(sid: string, fileId: string, options: TransferOptions = {}): Promise<Blob> {
    return get(await this.fileLink(sid, fileId, options), this.timing, options);
  }

  /** What is held about the visitor. */
  async identity(sid: string, options?: RequestOptions): Promise<Identity> {
    return (await this.ask("identity.get", { sid }, options)).identity;
  }

  /** Changes what is held about the visitor, on a lawful basis (GDPR Art. 6(1)); an empty text takes a value away. */
  setIdentity(sid: string, set: Record<string, string>, lawful_basis: LawfulBasis): Promise<unknown> {
    return this.ask("client.identify", { sid, set, lawful_basis });
  }

  /** Passes on that we are, or no longer are, writing. */
  typing(sid: string, on: boolean): void {
    this.typist.typing(sid, on);
  }

  /** Tells the server how far we have read; only forward, and once. */
  markRead(session: Session): void {
    const seq = session.log.last;
    if (session.unread(this.side) === 0 || seq <= (this.readSent.get(session.sid) ?? 0) || !this.connection.isOnline) return;
    this.readSent.set(session.sid, seq);
    this.connection.request("read.mark", { sid: session.sid, seq }).then(
      () => session.moveRead(this.side, seq) && this.changed(),
      () => this.readSent.delete(session.sid),
    );
  }

  /** The page of history before an entry; without one, the newest. */
  history(sid: string, before?: number, options?: RequestOptions): Promise<Common["history.get"]["res"]> {
    const d = { sid, limit: pageSize, ...(before ? { before_seq: before } : {}) };
    return this.ask("history.get", d, options);
  }

  /** Loads the page of history before what we hold. Entries that come so are not told as `entry`. */
  async loadEarlier(session: Session): Promise<void> {
    if (session.loading) return;
    session.loading = true;
    this.changed();
    try {
      const first = session.log.entries[0]?.seq ?? 0;
      if (first > 1) session.log.prepend((await this.history(session.sid, first)).events);
    } finally {
      session.loading = false;
      this.changed();
    }
  }

  /** Loads the newest entries of a session that may have ended, and what is missing between them and what we hold. */
  async load(sid: string): Promise<Session> {
    const page = await this.history(sid);
    const session = this.session(sid);
    const newest = page.events[page.events.length - 1];
    if (session.log.last === 0) session.log.reset();
    for (const evt of page.events) this.take(session, evt);
    if (newest && session.log.hasGap) await this.fill(session, session.log.gapBefore);
    return session;
  }

  protected shows(sid: string, text: string): void {
    this.typist.peek(sid, text);
  }

  protected changed(): void {
    this.tell("changed", undefined);
  }

  /** Emits one of the events that both sides have. */
  protected tell<K extends keyof ClientEvents>(name: K, value: ClientEvents[K]): void {
    this.emit(name as keyof Events, value as unknown as Events[keyof Events]);
  }

  private ask<K extends keyof Common>(op: K, d: Asked<Common[K]["d"]>, options?: RequestOptions): Promise<Common[K]["res"]> {
    return this.call(op as never, d as never, options) as Promise<Common[K]["res"]>;
  }

  private deliver(item: Unsent): Promise<unknown> {
    const d: Record<string, unknown> = { sid: item.sid, cmid: item.cmid, body: item.body };
    if (item.note) d.visibility = "operators";
    if (item.ifSeq !== undefined) d.if_seq = item.ifSeq;
    return this.connection.request("message.send", d).catch((error: unknown) => {
      // What was missed is shown before the person decides.
      if (error instanceof ParleyError) for (const evt of error.events) this.event(evt);
      throw error;
    });
  }

  private handlers() {
    return {
      auth: () => this.auth(),
      hello: (d: unknown) => this.hello(d as Hello),
      refused: (error: ParleyError) => {
        this.resumeToken = "";
        return this.refused(error);
      },
      renewal: () => this.renewal(),
      renewed: (d: Renewed) => this.renewed(d),
      elsewhere: (url: string) => this.options.elsewhere?.(url) ?? "",
      evt: (frame: AnyEntry) => this.event(frame as Entry),
      eph: (frame: Passing) => this.passing(frame),
      watch: (frame: Watch) => {
        this.watched(frame);
        this.tell("watch", frame);
      },
      resumed: (sid: string, d: Resumed) => this.resumed(sid, d),
      heads: (heads: Place[]) => this.compare(heads),
      resumeToken: (token: string) => void (this.resumeToken = token),
      state: (state: LineState) => {
        this.outbox.setOnline(state === "online");
        this.tell("state", { state, reason: this.connection.reason });
      },
    };
  }

  private auth(): object | Promise<object> {
    const whole = (d: object) => ({ ...d, have: this.have(), ...(this.resumeToken ? { resume_token: this.resumeToken } : {}) });
    const credentials = this.credentials();
    return credentials instanceof Promise ? credentials.then(whole) : whole(credentials);
  }

  private have(): Place[] {
    const open = [...this.sessions.values()].filter((session) => session.mine && !session.isOver && session.log.last > 0);
    if (open.length > maxHave) open.sort((a, b) => (a.sid < b.sid ? 1 : -1)).length = maxHave; // ULIDs: the newest first
    return open.map((session) => ({ sid: session.sid, seq: session.log.last }));
  }

  private hello(d: Hello): void {
    this.readSent.clear();
    this.typist.stop();
    this.resumeToken = (d as Partial<Hello>).resume_token ?? "";
    this.greeted(d);
    this.tell("hello", d);
  }

  private resumed(sid: string, d: Resumed): void {
    const session = this.session(sid);
    const { last } = session.log;
    session.resume(d);
    // Of a log that we hold, what is missing is fetched, unless it is too much.
    const near = last > 0 && d.head >= last && d.from - last <= (this.options.catchUp ?? 2_000);
    if (d.reset && near) void this.fill(session, d.from);
    else if (d.reset) this.restart(session, d);
    this.tell("resumed", session);
    this.changed();
  }

  /** Drops the log: the server sends its tail only. */
  private restart(session: Session, d: { from: number; head: number }): void {
    const told = this.told.get(session.sid) ?? 0;
    session.log.reset();
    const setBack = d.head < told; // the server's log: it was restored from an older copy
    if (told === 0 || (d.from <= told + 1 && !setBack)) return;
    if (setBack) this.told.set(session.sid, d.head);
    this.tell("reset", { session, from: Math.min(told, d.head) + 1, to: setBack ? told : d.from - 1 });
  }

  private event(evt: Entry): void {
    const session = this.session(evt.sid);
    if (evt.cid) this.outbox.settle(evt.cid);
    this.take(session, evt);
    if (session.log.hasGap) void this.fill(session, session.log.gapBefore);
    this.changed();
  }

  /** Takes an entry, and tells the application of it and of those that waited for it. */
  private take(session: Session, evt: Entry): void {
    for (const entry of session.accept(evt)) {
      if (entry.seq <= (this.told.get(session.sid) ?? 0)) continue;
      this.told.set(session.sid, entry.seq);
      if (!eventKinds.includes(entry.t)) {
        this.tell("unknown", { session, entry });
        continue;
      }
      this.tell("entry", { session, entry });
      if (entry.t === "message.new" && entry.by.kind !== this.side && entry.seq > session.head) this.tell("message", { session, entry });
    }
    if (session.isOver) this.outbox.fail(session.sid, "session_closed");
    session.log.trim(this.options.keep ?? 0);
  }

  /** Fetches what is missing between what we hold and an entry. */
  private async fill(session: Session, before: number): Promise<void> {
    if (this.filling.has(session.sid)) return;
    this.filling.add(session.sid);
    try {
      for (let at = before; at > session.log.last + 1; ) {
        const page = await this.history(session.sid, at);
        for (const evt of page.events) this.take(session, evt);
        at = page.more ? (page.events[0]?.seq ?? 0) : 0;
      }
    } catch {
      return; // refused or gone: resuming by sequence closes the gap
    } finally {
      this.filling.delete(session.sid);
      this.changed();
    }
    if (!session.log.hasGap) this.stuck.delete(session.sid);
    else if (session.log.gapBefore > before) void this.fill(session, session.log.gapBefore);
    else this.staysOpen(session);
  }

  /** History does not hold what an entry says came before it: a new connection decides, and a second one without it. */
  private staysOpen(session: Session): void {
    const gap = session.log.gapBefore;
    if (this.stuck.get(session.sid) === gap) {
      session.log.reset();
      this.resumeToken = ""; // it says that we hold the session
    }
    this.stuck.set(session.sid, gap);
    this.connection.renew();
  }

  /** A line may be alive for us and dead for the server's events: its ping says where sessions stand. */
  private compare(heads: Place[]): void {
    for (const { sid, seq } of heads) {
      const session = this.sessions.get(sid);
      if (session && session.mine && seq > session.log.last) void this.fill(session, seq + 1);
    }
  }

  private passing(eph: Passing): void {
    if (eph.t === "people") this.people.learn(eph.d?.people ?? []);
    else if (eph.t !== "notice" && eph.d && "sid" in eph.d && this.sessions.get(eph.d.sid)?.notice(eph, Date.now()) && eph.t === "typing" && eph.d.on) {
      setTimeout(() => this.changed(), 6_050);
    }
    this.tell("passing", eph);
    this.changed();
  }
}

/** One of an operation's two parts. */
export type Field<T, K extends "d" | "res"> = T extends Record<K, infer V> ? V : never;

function withKey(op: string, d: object): object {
  return keyedOps.includes(op) ? { idem: newId(), ...d } : d;
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });
}
