// One WebSocket kept alive: auth first, requests with their answers, pings,
// and a new socket with full jitter when the old one goes. What travels is the
// business of client.ts; this file only knows how the line behaves.

import type { Timing } from "./backoff.ts";
import { fullJitter, timing as standardTiming } from "./backoff.ts";
import type { Limits, Passing, Watch } from "./frames.ts";
import type { AnyEntry, Frame, Place, Renewed, Resumed } from "./protocol.ts";
import { isPassing, mayReconnect, ParleyError, subprotocol } from "./protocol.ts";
import { Renewal } from "./renewal.ts";
import type { RequestOptions } from "./requests.ts";
import { Requests } from "./requests.ts";
import type { World } from "./world.ts";
import { standard } from "./world.ts";

/** connecting: the first try; waiting and offline: until a later try; refused: no further try by itself; closed: by us. */
export type LineState = "connecting" | "online" | "waiting" | "offline" | "refused" | "closed";

export interface Handlers {
  /** The `d` of the auth request, made anew for each socket. A promise that fails is tried again later, unless with a ParleyError. */
  auth: () => object | Promise<object>;
  hello: (d: unknown) => void;
  /** The server refused the credentials, or they have ended. True: there are others, try again. */
  refused: (error: ParleyError) => boolean;
  /** The token to show before the present one ends; none: empty. The server says goodbye to who shows none in time. */
  renewal?: () => string | Promise<string>;
  /** The server has taken the token that was shown. */
  renewed?: (d: Renewed) => void;
  /** The server asks to come back at another address; the answer is where to go, empty: where we are. */
  elsewhere?: (url: string) => string;
  evt: (frame: AnyEntry) => void;
  eph: (frame: Passing) => void;
  watch: (frame: Watch) => void;
  resumed: (sid: string, d: Resumed) => void;
  /** Where sessions stand, as the server's ping says. */
  heads?: (heads: Place[]) => void;
  /** What to show at the next connect, from now on. */
  resumeToken?: (token: string) => void;
  state: (state: LineState) => void;
}

/** A server of a later version may say more, or less. */
interface Farewell {
  reason?: string;
  reconnect?: string;
  retry_after_ms?: number;
  url?: string;
}

export class Connection {
  state: LineState = "connecting";
  /** Why the line was refused: an error code or the reason of the server's bye. */
  reason = "";
  /** Add to Date.now() to get the server's clock, in milliseconds. */
  skew = 0;
  limits: Limits = { message_bytes: 8192, messages_per_second: 10, frame_bytes: 65536, ping_s: 20, history: 100 };

  private url: string;
  private readonly handlers: Handlers;
  private readonly world: World;
  private readonly timing: Timing;
  private readonly requests: Requests;
  private readonly renewal: Renewal;
  private socket: WebSocket | null = null;
  /** Counts the tries to open a socket; a try that another one has overtaken is given up. */
  private attempt = 0;
  private opening = false;
  private tries = 0;
  private retry = 0;
  private watchdog = 0;
  private heard = 0;
  /** Frames `evt` of this socket. Those in answers do not count: more than the server sent is an error. */
  private counted = 0;
  private onlineSince = 0;
  private bye: Farewell | null = null;
  private refusal: ParleyError | null = null;

  constructor(url: string, handlers: Handlers, world: World = standard, timing: Partial<Timing> = {}) {
    this.url = url;
    this.handlers = handlers;
    this.world = world;
    this.timing = { ...standardTiming, ...timing };
    this.requests = new Requests(world, () => this.renew()); // a server answers within a second
    this.renewal = new Renewal(world, this.timing.early, () => this.now(), () => void this.showNewer());
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
    if (this.socket || this.opening) return;
    this.world.cancel(this.retry);
    if (this.state !== "waiting" && this.state !== "offline") this.enter("connecting");
    const attempt = ++this.attempt;
    const credentials = this.handlers.auth();
    if (!(credentials instanceof Promise)) return this.open(credentials);
    this.opening = true;
    credentials.then(
      (d) => this.attempt === attempt && this.open(d),
      (error: unknown) => this.attempt === attempt && this.noCredentials(error),
    );
  }

  /** Asks the server; the promise fails with a ParleyError. */
  request<T = unknown>(op: string, d: object, options: RequestOptions = {}): Promise<T> {
    if (!this.isOnline) return Promise.reject(new ParleyError({ code: this.state === "closed" ? "closed" : "disconnected" }));
    return this.requests.ask<T>((frame) => this.send(frame), op, d, options.within ?? this.timing.request, options.signal);
  }

  /** Shows the server a newer token; refused, the line goes on as before. */
  async refresh(token: string): Promise<Renewed> {
    const renewed = await this.request<Renewed>("auth.refresh", { token });
    this.handlers.renewed?.(renewed);
    this.renewal.lasts(renewed.expires);
    return renewed;
  }

  /** Says something that gets no answer. */
  tell(t: string, d?: object): void {
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
    if (this.state === "refused" || this.state === "closed") return;
    if (!this.socket) this.connect();
    else if (this.isOnline && this.silence() > this.limits.ping_s * 1000 + 2_000) this.renew();
  }

  /** Starts over after a refusal, because a person asked for it. */
  restart(): void {
    this.drop("disconnected");
    this.tries = 0;
    this.enter("connecting");
    this.connect();
  }

  /** Says goodbye, and stays away. */
  close(): void {
    this.tell("bye");
    this.drop("closed");
    this.enter("closed");
  }

  private open(credentials: object): void {
    this.opening = false;
    const socket = this.world.open(this.url, subprotocol);
    this.socket = socket;
    this.bye = null;
    this.reason = "";
    this.refusal = null;
    this.heard = this.world.now();
    this.counted = 0;
    socket.onopen = () => this.authenticate(socket, credentials);
    socket.onmessage = (event) => this.socket === socket && this.receive(event.data as string);
    socket.onclose = (event) => this.socket === socket && this.lost(event.code);
    // Browsers let a close follow; Node.js 20 does not, when it could not connect.
    socket.onerror = () => void this.world.after(100, () => this.socket === socket && this.lost(1006));
    this.watch(this.timing.handshake);
  }

  /** Without credentials there is no line; a ParleyError says that trying again would not help. */
  private noCredentials(error: unknown): void {
    this.opening = false;
    if (!(error instanceof ParleyError) || isPassing(error)) return this.lost(1006);
    this.reason = error.code;
    this.enter("refused");
  }

  private authenticate(socket: WebSocket, credentials: object): void {
    const answer = {
      done: (d: unknown) => this.socket === socket && this.welcomed(d),
      failed: (error: ParleyError) => {
        if (this.socket !== socket || ["timeout", "disconnected", "closed"].includes(error.code)) return;
        this.reason = error.code;
        this.refusal = error;
      },
    };
    this.requests.ask((frame) => this.send(frame), "auth", credentials, this.timing.handshake, undefined, answer).catch(() => undefined);
  }

  private welcomed(d: unknown): void {
    const hello = d as { server_time?: string; token_expires?: string; limits?: Partial<Limits> };
    Object.assign(this.limits, hello.limits);
    const server = Date.parse(hello.server_time ?? "");
    if (!Number.isNaN(server)) this.skew = server - this.world.now();
    this.onlineSince = this.world.now();
    this.watch(this.limits.ping_s * 1000 + this.timing.slack);
    this.handlers.hello(d);
    this.enter("online");
    this.renewal.lasts(hello.token_expires);
  }

  private async showNewer(): Promise<void> {
    const attempt = this.attempt;
    try {
      const token = await this.handlers.renewal?.();
      if (token && attempt === this.attempt) await this.refresh(token);
    } catch {
      // No token, refused or cut off: the goodbye or the next socket says the rest.
    }
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
        return this.requests.answered(frame);
      case "evt":
        this.counted++;
        return this.handlers.evt(frame);
      case "eph":
        return this.handlers.eph(frame);
      case "watch":
        return this.handlers.watch(frame);
      case "ctl":
        return this.control(frame);
    }
  }

  private control(ctl: { t: string; sid?: string; d?: unknown }): void {
    if (ctl.t === "ping") {
      // What has come was kept, so it is acknowledged: the entries are with the application by now.
      this.send({ k: "ctl", t: "pong", d: { n: this.counted } });
      const { heads, resume_token } = (ctl.d ?? {}) as { heads?: Place[]; resume_token?: string };
      if (resume_token) this.handlers.resumeToken?.(resume_token);
      if (heads) this.handlers.heads?.(heads);
    }
    if (ctl.t === "resumed" && ctl.sid) this.handlers.resumed(ctl.sid, ctl.d as Resumed);
    if (ctl.t === "bye") {
      this.bye = (ctl.d ?? {}) as Farewell;
      this.reason ||= this.bye.reason ?? "";
    }
  }

  private send(frame: unknown): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }

  private lost(code: number): void {
    const { bye, refusal } = this;
    const proved = this.onlineSince > 0 && this.world.now() - this.onlineSince > this.timing.stable;
    this.drop("disconnected");
    this.tries = proved ? 0 : this.tries;
    const newToken = refusal !== null || bye?.reconnect === "with_new_token";
    if (newToken && this.handlers.refused(refusal ?? new ParleyError({ code: this.reason || "auth_expired" }))) {
      if (this.tries++ === 0) return this.connect(); // the second one that is refused in a row waits
      return this.later(0);
    }
    const final = bye?.reconnect === "no" || bye?.reconnect === "with_new_token";
    if (final || !mayReconnect(code)) return this.enter("refused");
    if (bye?.reconnect === "elsewhere") this.url = this.handlers.elsewhere?.(bye.url ?? "") || this.url;
    this.tries++;
    this.later(bye?.retry_after_ms ?? 0);
  }

  /** Opens another socket after what the server asked for, and full jitter. */
  private later(atLeast: number): void {
    this.enter(this.world.hasNetwork() ? "waiting" : "offline");
    const { backoff, ceiling } = this.timing;
    const wait = atLeast + fullJitter(this.world.random, backoff, ceiling, this.tries - 1);
    this.world.cancel(this.retry);
    this.retry = this.world.after(wait, () => this.connect());
  }

  /** Forgets the socket; what waits for an answer fails with the code. */
  private drop(code: string): void {
    const socket = this.socket;
    this.socket = null;
    this.attempt++;
    this.opening = false;
    this.onlineSince = 0;
    this.world.cancel(this.watchdog);
    this.world.cancel(this.retry);
    this.renewal.stop();
    if (socket && socket.readyState < 2) socket.close(1000);
    this.requests.failAll(code);
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
