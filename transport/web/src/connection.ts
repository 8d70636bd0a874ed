// One WebSocket kept alive: auth first, requests with their answers, pings,
// and a new socket with full jitter when the old one goes. What travels is the
// business of client.ts; this file only knows how the line behaves.

import type { Bye, Ctl, Eph, Evt, Frame, Limits, Renewed, Res, Resumed, Watch } from "./protocol.ts";
import { mayReconnect, subprotocol, WireError } from "./protocol.ts";

/** connecting: the first try; waiting and offline: until a later try; refused: no further try by itself. */
export type LineState = "connecting" | "online" | "waiting" | "offline" | "refused";

export interface Handlers {
  /** The `d` of the auth request, made anew for each socket. */
  auth: () => Record<string, unknown>;
  hello: (d: unknown) => void;
  /** The server refused the credentials. True: there are new ones, try again. */
  refused: (error: WireError) => boolean;
  /** The token to show before the present one ends; none: empty. The server says goodbye to who shows none in time. */
  renewal?: () => string;
  /** The server has taken the token that was shown. */
  renewed?: (d: Renewed) => void;
  evt: (frame: Evt) => void;
  eph: (frame: Eph) => void;
  watch: (frame: Watch) => void;
  resumed: (sid: string, d: Resumed) => void;
  state: (state: LineState) => void;
}

/** The parts of the world that tests replace. */
export interface World {
  open: (url: string, protocol: string) => WebSocket;
  random: () => number;
  now: () => number;
  after: (ms: number, run: () => void) => number;
  cancel: (timer: number) => void;
  /** What the browser believes. It may be wrong, and loopback needs no network. */
  hasNetwork: () => boolean;
}

export const browser: World = {
  open: (url, protocol) => new WebSocket(url, protocol),
  random: Math.random,
  now: Date.now,
  after: (ms, run) => setTimeout(run, ms) as unknown as number,
  cancel: (timer) => clearTimeout(timer),
  hasNetwork: () => navigator.onLine,
};

interface Pending {
  done: (d: unknown) => void;
  failed: (error: WireError) => void;
  timer: number;
}

export const timing = {
  request: 10_000, // an answer takes at most this long
  handshake: 15_000, // from opening a socket to its hello
  backoff: 1_000, // the first wait's upper bound; it doubles
  ceiling: 30_000, // the longest wait
  stable: 5_000, // a connection this old has proved itself: waits start small again
  early: 60_000, // before a token's end that a newer one is shown, or a quarter of what is left
  longest: 86_400_000, // that a timer is set for: browsers count no more than 24 days
  slack: 12_000, // silence beyond the server's ping interval that means a dead line
};

export class Connection {
  state: LineState = "connecting";
  /** Why the line was refused: an error code or the reason of the server's bye. */
  reason = "";
  /** Add to Date.now() to get the server's clock, in milliseconds. */
  skew = 0;
  limits: Limits = { message_bytes: 8192, messages_per_second: 10, frame_bytes: 65536, ping_s: 20, history: 100 };

  private readonly url: string;
  private readonly handlers: Handlers;
  private readonly world: World;
  private socket: WebSocket | null = null;
  private pending = new Map<string, Pending>();
  private requests = 0;
  private tries = 0;
  private retry = 0;
  private watchdog = 0;
  private renewing = 0;
  private expires = 0; // by the server's clock; 0: never
  private heard = 0;
  private onlineSince = 0;
  private bye: Bye | null = null;
  private again = false;

  constructor(url: string, handlers: Handlers, world: World = browser) {
    this.url = url;
    this.handlers = handlers;
    this.world = world;
  }

  get isOnline(): boolean {
    return this.state === "online";
  }

  /** The server's clock, in milliseconds. */
  now(): number {
    return this.world.now() + this.skew;
  }

  /** Opens the socket now, unless one is open or being opened. */
  connect(): void {
    if (this.socket) return;
    this.world.cancel(this.retry);
    if (this.state !== "waiting" && this.state !== "offline") this.enter("connecting");
    const socket = this.world.open(this.url, subprotocol);
    this.socket = socket;
    this.bye = null;
    this.reason = "";
    this.again = false;
    this.heard = this.world.now();
    socket.onopen = () => this.authenticate(socket);
    socket.onmessage = (event) => this.socket === socket && this.receive(event.data as string);
    socket.onclose = (event) => this.socket === socket && this.lost(event.code);
    this.watch(timing.handshake);
  }

  /** Asks the server; the promise fails with a WireError. */
  request<T = unknown>(op: string, d: Record<string, unknown>, within = timing.request): Promise<T> {
    if (!this.isOnline) return Promise.reject(new WireError({ code: "disconnected" }));
    return this.ask<T>(op, d, within);
  }

  /** Shows the server a newer token; refused, the line goes on as before. */
  async refresh(token: string): Promise<Renewed> {
    const renewed = await this.request<Renewed>("auth.refresh", { token });
    this.handlers.renewed?.(renewed);
    this.lasts(renewed.expires);
    return renewed;
  }

  /** Says something that gets no answer. */
  tell(t: string, d?: Record<string, unknown>): void {
    if (this.isOnline) this.send({ k: "ctl", t, d });
  }

  /** Gives the socket up and opens another one: it told us less than it should, or its network is gone. */
  renew(): void {
    if (!this.socket) return;
    this.socket.close(1000);
    this.lost(1006);
  }

  /** Somebody looks at the page, or the network is back: do not wait any longer. */
  nudge(): void {
    if (this.state === "refused") return;
    if (!this.socket) this.connect();
    else if (this.isOnline && this.silence() > this.limits.ping_s * 1000 + 2_000) this.renew();
  }

  /** Starts over after a refusal, because a person asked for it. */
  restart(): void {
    this.drop();
    this.tries = 0;
    this.enter("connecting");
    this.connect();
  }

  private authenticate(socket: WebSocket): void {
    this.ask("auth", this.handlers.auth(), timing.handshake).then(
      (d) => this.socket === socket && this.welcomed(d),
      (error: WireError) => {
        if (this.socket === socket && !["timeout", "disconnected"].includes(error.code)) {
          this.reason = error.code;
          this.again = this.handlers.refused(error);
        }
      },
    );
  }

  private welcomed(d: unknown): void {
    const hello = d as { server_time?: string; token_expires?: string; limits?: Partial<Limits> };
    Object.assign(this.limits, hello.limits);
    const server = Date.parse(hello.server_time ?? "");
    if (!Number.isNaN(server)) this.skew = server - this.world.now();
    this.onlineSince = this.world.now();
    this.watch(this.limits.ping_s * 1000 + timing.slack);
    this.handlers.hello(d);
    this.enter("online");
    this.expires = 0;
    this.lasts(hello.token_expires);
  }

  /** Notes when the token ends, and shows a newer one before. One that ends no later is not shown again and again. */
  private lasts(until: string | undefined): void {
    const at = Date.parse(until ?? "");
    if (Number.isNaN(at) || at <= this.expires) return;
    this.expires = at;
    this.renewLater();
  }

  private renewLater(): void {
    this.world.cancel(this.renewing);
    const left = this.expires - this.now();
    const wait = Math.max(left - Math.min(timing.early, left / 4), 0);
    this.renewing = this.world.after(Math.min(wait, timing.longest), () => {
      if (wait > timing.longest) return this.renewLater();
      const token = this.handlers.renewal?.() ?? "";
      if (token) this.refresh(token).catch(() => undefined); // refused or cut off: the goodbye or the next socket says the rest
    });
  }

  private ask<T>(op: string, d: Record<string, unknown>, within: number): Promise<T> {
    const id = `c${++this.requests}`;
    return new Promise<T>((done, failed) => {
      const timer = this.world.after(within, () => this.unanswered(id));
      this.pending.set(id, { done: done as (d: unknown) => void, failed, timer });
      this.send({ k: "req", id, op, d });
    });
  }

  private unanswered(id: string): void {
    this.fail(id, new WireError({ code: "timeout" }));
    this.renew(); // a server answers within a second; this line is dead
  }

  private receive(text: string): void {
    this.heard = this.world.now();
    let frame: Frame;
    try {
      frame = JSON.parse(text) as Frame;
    } catch {
      return; // not ours to judge; the next entry's prev shows a loss
    }
    switch (frame.k) {
      case "res":
        return this.answered(frame);
      case "evt":
        return this.handlers.evt(frame);
      case "eph":
        return this.handlers.eph(frame);
      case "watch":
        return this.handlers.watch(frame);
      case "ctl":
        return this.control(frame);
    }
  }

  private answered(res: Res): void {
    const pending = this.pending.get(res.id);
    if (!pending) return;
    this.pending.delete(res.id);
    this.world.cancel(pending.timer);
    if (res.ok) pending.done(res.d ?? {});
    else pending.failed(new WireError(res.e ?? { code: "internal" }));
  }

  private control(ctl: Ctl): void {
    if (ctl.t === "ping") this.send({ k: "ctl", t: "pong" });
    if (ctl.t === "resumed" && ctl.sid) this.handlers.resumed(ctl.sid, ctl.d as Resumed);
    if (ctl.t === "bye") {
      this.bye = (ctl.d ?? {}) as Bye;
      this.reason ||= this.bye.reason ?? "";
    }
  }

  private send(frame: unknown): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }

  private lost(code: number): void {
    const bye = this.bye;
    const again = this.again;
    const proved = this.onlineSince > 0 && this.world.now() - this.onlineSince > timing.stable;
    this.drop();
    if (again) return this.connect();
    const refused = bye?.reconnect === "no" || bye?.reconnect === "with_new_token";
    if (refused || !mayReconnect(code)) return this.enter("refused");
    this.tries = proved ? 0 : this.tries;
    this.enter(this.world.hasNetwork() ? "waiting" : "offline");
    // Full jitter: thousands of clients of one server must not come back at once.
    const bound = Math.min(timing.ceiling, timing.backoff * 2 ** this.tries++);
    this.schedule((bye?.retry_after_ms ?? 0) + this.world.random() * bound);
  }

  private schedule(ms: number): void {
    this.world.cancel(this.retry);
    this.retry = this.world.after(ms, () => this.connect());
  }

  /** Forgets the socket; what waits for an answer fails with `disconnected`. */
  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    this.onlineSince = 0;
    this.world.cancel(this.watchdog);
    this.world.cancel(this.retry);
    this.world.cancel(this.renewing);
    if (socket && socket.readyState < 2) socket.close(1000);
    for (const id of [...this.pending.keys()]) this.fail(id, new WireError({ code: "disconnected" }));
  }

  private fail(id: string, error: WireError): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    this.pending.delete(id);
    this.world.cancel(pending.timer);
    pending.failed(error);
  }

  private silence(): number {
    return this.world.now() - this.heard;
  }

  /** Renews the socket once nothing was heard for `limit` milliseconds. */
  private watch(limit: number): void {
    this.world.cancel(this.watchdog);
    this.watchdog = this.world.after(Math.max(limit - this.silence(), 1000), () => {
      if (this.silence() >= limit) this.renew();
      else this.watch(limit);
    });
  }

  private enter(state: LineState): void {
    if (state === this.state && state !== "connecting") return;
    this.state = state;
    this.handlers.state(state);
  }
}
