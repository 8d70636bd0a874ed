// The frames of docs/PROTOCOL.md as types. Nothing here runs, except the
// small predicates at the end.

export const subprotocol = "parley.v1+json";

export type AuthorKind = "visitor" | "operator" | "integration" | "system";

export interface Author {
  kind: AuthorKind;
  id?: string;
}

/** An entry of a session's log: durable and numbered. */
export interface Evt {
  k: "evt";
  t: string;
  sid: string;
  seq: number;
  prev: number;
  ep: number;
  at: string;
  by: Author;
  cid?: string;
  cause?: string;
  vis?: string;
  d?: EvtData;
}

/** A message's content; a redacted one was removed. */
export interface Body {
  type: string;
  text?: string;
  form?: string;
  fields?: Record<string, unknown>;
  id?: string;
  value?: unknown;
}

export interface EvtData {
  body?: Body;
  /** The message that an edit or a removal is about. */
  target?: number;
  department?: string;
  operator?: string;
  offer_id?: string;
  expires_at?: string;
}

export interface WireErrorBody {
  code: string;
  message?: string;
  retry_after_ms?: number;
  fields?: string[];
  seq?: number;
  current?: number;
  events?: Evt[];
}

export interface Res {
  k: "res";
  id: string;
  ok: boolean;
  d?: unknown;
  e?: WireErrorBody;
}

export interface Eph {
  k: "eph";
  t: string;
  d?: {
    sid?: string;
    by?: Author;
    on?: boolean;
    present?: boolean;
    last_activity_at?: string;
    seq?: number;
    text?: string;
    people?: Person[];
  };
}

export interface Person {
  kind: AuthorKind;
  id: string;
  name: string;
}

export interface Watch {
  k: "watch";
  w: string;
  t: string;
  rev: number;
  d?: unknown;
}

export interface Ctl {
  k: "ctl";
  t: string;
  sid?: string;
  d?: unknown;
}

export type Frame = Evt | Res | Eph | Watch | Ctl;

export type SessionState = "new" | "queued" | "offered" | "active" | "detached" | "closing" | "closed";

export interface Presence {
  present: boolean;
  last_activity_at?: string;
}

/** A session's situation when the connection is seated in it. */
export interface Resumed {
  state: SessionState;
  ep: number;
  head: number;
  department?: string;
  owner?: string;
  turn?: string;
  from: number;
  to: number;
  reset?: boolean;
  visitor?: Presence;
  read?: { visitor?: number; operator?: number };
}

export interface Bye {
  reason?: string;
  reconnect?: "yes" | "after" | "with_new_token" | "no";
  retry_after_ms?: number;
}

export interface Limits {
  message_bytes: number;
  messages_per_second: number;
  frame_bytes: number;
  ping_s: number;
  history: number;
  /** Operators see what a visitor types before it is sent. */
  peek?: boolean;
}

export interface Named {
  id: string;
  name: string;
}

export interface Have {
  sid: string;
  seq: number;
}

/** What both hellos share. */
export interface Hello {
  conn: string;
  /** When the token ends that was shown; the connection ends with it. */
  token_expires?: string;
  tenant: Named;
  departments: Named[];
  server_time: string;
  limits: Limits;
}

export interface VisitorHello extends Hello {
  visitor: string;
  token: string;
  /** The visitor has proven who it is, by a token that the tenant signed. */
  verified?: boolean;
  session?: string;
}

/** The answer to auth.refresh. */
export interface Renewed {
  expires: string;
  /** A visitor's: to be shown at the next connect. */
  token?: string;
}

export type Intent = "accepting" | "paused" | "signed_out" | "";

export interface IntentInfo {
  intent: Intent;
  cause?: string;
  by?: string;
  device?: string;
  at?: string;
}

export interface Offer {
  offer_id: string;
  sid: string;
  ep: number;
  department: string;
  expires_at: string;
  waiting_since: string;
}

export interface Me {
  rev: number;
  operator: string;
  intent: IntentInfo;
  away: boolean;
  used: number;
  capacity: number;
  sessions: string[];
  offers: Offer[];
}

export interface OperatorHello extends Hello {
  operator: Named;
  me?: Me;
}

export interface QueueRow {
  sid: string;
  department: string;
  since: string;
  offered: boolean;
}

export interface QueueWatch {
  rows?: QueueRow[];
  gone?: string[];
}

/** A refusal by the server, or one of our own: timeout, disconnected. */
export class WireError extends Error {
  readonly code: string;
  readonly retryAfter: number;
  constructor(body: WireErrorBody) {
    super(body.message ? `${body.code}: ${body.message}` : body.code);
    this.name = "WireError";
    this.code = body.code;
    this.retryAfter = body.retry_after_ms ?? 0;
  }
}

/** Is it worth repeating the request, unchanged, with its key? */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof WireError)) return false;
  return ["timeout", "disconnected", "unavailable", "rate_limited", "internal"].includes(error.code);
}

/** May a connection closed with this code be opened again? */
export function mayReconnect(code: number): boolean {
  if (code >= 4500 && code <= 4999) return false;
  return ![1002, 1003, 1007, 1009].includes(code);
}
