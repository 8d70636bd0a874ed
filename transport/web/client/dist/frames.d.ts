/**
 * A ULID as the server writes it: 26 characters of Crockford's base 32, upper case.
 */
export type Id = string;
/**
 * A ULID as a client may write it: either case.
 */
export type IdIn = string;
/**
 * A request's id, unique per connection: 1 to 64 bytes. The answer repeats it.
 */
export type RequestId = string;
/**
 * An idempotency key: 1 to 64 bytes. The same key with the same content gets the first answer again.
 */
export type Key = string;
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time = string;
/**
 * An event's place in its session: contiguous from 1.
 */
export type Seq = number;
/**
 * A place in a session, 0 for before the first event.
 */
export type Mark = number;
/**
 * Counts the session's owners and entries into the queue.
 */
export type Epoch = number;
/**
 * A watch's revision: grows by one. After a hole, reconnect.
 */
export type Rev = number;
/**
 * A tenant's or department's id.
 */
export type Label = string;
/**
 * The tenant's own id of an operator.
 */
export type OperatorId = string;
/**
 * An offer's id. Opaque: send back what came.
 */
export type OfferId = string;
/**
 * How long to wait before another try, in milliseconds.
 */
export type RetryAfterMs = number;
/**
 * Thousandths of a chat.
 */
export type Units = number;
export type State = "new" | "queued" | "offered" | "active" | "detached" | "closing" | "closed";
/**
 * Who is expected to write next.
 */
export type Turn = "visitor" | "operator";
export type IntentWord = "accepting" | "paused" | "signed_out";
export type Cause = "manual" | "auto" | "rejected" | "missed" | "operator_lost" | "operator_signed_out" | "visitor_left" | "queue_timeout" | "taken" | "restart" | "shutdown" | "integration" | "department_closed";
/**
 * What a file is called: no path, nothing that does not print; 1 to 255 bytes of UTF-8.
 */
export type FileName = string;
/**
 * Bytes.
 */
export type FileSize = number;
/**
 * type/subtype in lower case, without parameters (RFC 6838 section 4.2).
 */
export type MediaType = string;
/**
 * In lower-case hexadecimal.
 */
export type Sha256 = string;
/**
 * What somebody writes. The tenant's limit on its bytes is in the hello.
 */
export type BodyIn = TextBody | FormBody | PostbackBody | FileBodyIn;
/**
 * What somebody wrote; redacted when it was removed before this was read.
 */
export type Body = TextBody | FormBody | PostbackBody | FileBody | RedactedBody;
/**
 * How much of each session the client holds.
 *
 * @maxItems 1024
 */
export type Have = {
    sid: IdIn;
    seq: Mark;
}[];
/**
 * GDPR Art. 6(1)(a) to (f).
 */
export type LawfulBasis = "consent" | "contract" | "legal_obligation" | "vital_interests" | "public_task" | "legitimate_interests";
/**
 * Where a value came from.
 */
export type Source = "visitor_form" | "signed_token" | "integration" | "operator";
/**
 * email, phone, name, or one that the tenant declares.
 */
export type AttributeName = string;
/**
 * What is held about a visitor, in the order of the names.
 */
export type Identity = {
    name: AttributeName;
    value: string;
    /**
     * The tenant vouches for it; else somebody merely said so.
     */
    verified: boolean;
    source: Source;
    lawful_basis: LawfulBasis;
    at: Time;
}[];
/**
 * @minItems 1
 */
export type Departments = {
    id: Label;
    name: string;
}[];
/**
 * An entry of a session's log, of a known kind.
 */
export type Entry = EvtAttrsSet | EvtIdentityUpgraded | EvtMessageEdited | EvtMessageNew | EvtMessageRedacted | EvtOfferEnded | EvtOfferMade | EvtSessionAssigned | EvtSessionClosed | EvtSessionClosing | EvtSessionQueued | EvtSessionRefused | EvtSessionStarted;
/**
 * Stable. Messages are for people and may change.
 */
export type Code = "bad_frame" | "bad_request" | "unknown_op" | "unsupported_version" | "auth_required" | "auth_invalid" | "auth_expired" | "forbidden" | "origin_not_allowed" | "tenant_unknown" | "not_found" | "session_closed" | "offer_gone" | "offer_not_yours" | "not_owner" | "stale_epoch" | "stale_view" | "idem_conflict" | "precondition_failed" | "too_large" | "type_not_allowed" | "file_mismatch" | "rate_limited" | "too_many_connections" | "queue_full" | "erased" | "unavailable" | "internal";
/**
 * Who acted. Only operators have an id; names come in people frames.
 */
export interface By {
    kind: "visitor" | "operator" | "integration" | "system";
    id?: OperatorId;
}
export interface TextBody {
    type: "text";
    text: string;
}
export interface FormBody {
    type: "form_answer";
    form: string;
    fields: {
        [k: string]: unknown;
    };
}
export interface PostbackBody {
    type: "postback";
    id: string;
    /**
     * Any JSON but null.
     */
    value: unknown;
}
/**
 * A file whose bytes have come: what it is, the server knows.
 */
export interface FileBodyIn {
    type: "file";
    file_id: IdIn;
}
/**
 * A file, as the server has verified it. file.get answers a link to its bytes.
 */
export interface FileBody {
    type: "file";
    file_id: Id;
    name: FileName;
    size: FileSize;
    mime: MediaType;
    sha256: Sha256;
}
export interface RedactedBody {
    type: "redacted";
}
export interface Intent {
    /**
     * Empty: never stated.
     */
    intent: "" | "accepting" | "paused" | "signed_out";
    cause?: Cause;
    by?: OperatorId;
    device?: string;
    at?: Time;
}
export interface Offer {
    offer_id: OfferId;
    sid: Id;
    ep: Epoch;
    department: Label;
    expires_at: Time;
    waiting_since: Time;
}
export interface Me {
    rev?: Rev;
    operator: OperatorId;
    intent: Intent;
    away: boolean;
    used: Units;
    capacity: Units;
    sessions: Id[];
    offers: Offer[];
}
export interface Presence {
    present: boolean;
    last_activity_at?: Time;
}
/**
 * The visitor's presence, and what is held about it where anything is.
 */
export interface VisitorState {
    present: boolean;
    last_activity_at?: Time;
    identity?: Identity;
}
export interface Tenant {
    id: Label;
    name: string;
}
export interface Limits {
    /**
     * Operators see what a visitor types before it is sent.
     */
    peek?: true;
    message_bytes: number;
    /**
     * Of one file; absent where files are not taken.
     */
    file_bytes?: number;
    /**
     * Media types that are taken; type/* means all of a type, but for what browsers run.
     *
     * @minItems 1
     */
    file_types?: string[];
    messages_per_second: number;
    frame_bytes: number;
    ping_s: number;
    history: number;
}
/**
 * What is held about the visitor has changed. Operators only. identity is all that is held; it is absent where a later event has taken its place: target names the event whose place this one takes.
 */
export interface EvtAttrsSet {
    k: "evt";
    t: "attrs.set";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    vis: "operators";
    d: {
        names: AttributeName[];
        lawful_basis: LawfulBasis;
        source: Source;
        target?: Seq;
        identity?: Identity;
    };
}
/**
 * The visitor has proven who it is. Operators only.
 */
export interface EvtIdentityUpgraded {
    k: "evt";
    t: "identity.upgraded";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    vis: "operators";
    d: {};
}
/**
 * A message reads otherwise now. With vis: about a note, which visitors do not get.
 */
export interface EvtMessageEdited {
    k: "evt";
    t: "message.edited";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    vis?: "operators";
    d: {
        target: Seq;
        body: Body;
    };
}
/**
 * Somebody wrote. With vis: about a note, which visitors do not get.
 */
export interface EvtMessageNew {
    k: "evt";
    t: "message.new";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    vis?: "operators";
    d: {
        body: Body;
    };
}
/**
 * A message was removed. Forget what it said, and what its edits said. With vis: about a note, which visitors do not get.
 */
export interface EvtMessageRedacted {
    k: "evt";
    t: "message.redacted";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    vis?: "operators";
    d: {
        target: Seq;
    };
}
/**
 * An offer ended without an owner. Operators only. cause says how it ended.
 */
export interface EvtOfferEnded {
    k: "evt";
    t: "offer.ended";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    vis: "operators";
    d: {
        offer_id: OfferId;
        operator: OperatorId;
    };
}
/**
 * The session is offered to an operator. Operators only.
 */
export interface EvtOfferMade {
    k: "evt";
    t: "offer.made";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    vis: "operators";
    d: {
        offer_id: OfferId;
        operator: OperatorId;
        expires_at: Time;
    };
}
/**
 * An operator owns the session from here
 */
export interface EvtSessionAssigned {
    k: "evt";
    t: "session.assigned";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    d: {
        operator: OperatorId;
        offer_id: OfferId;
    };
}
/**
 * The session is over
 */
export interface EvtSessionClosed {
    k: "evt";
    t: "session.closed";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    d: {};
}
/**
 * No message follows
 */
export interface EvtSessionClosing {
    k: "evt";
    t: "session.closing";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    d: {};
}
/**
 * The session waits, or waits again
 */
export interface EvtSessionQueued {
    k: "evt";
    t: "session.queued";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    d: {
        department: Label;
    };
}
/**
 * The session was not taken
 */
export interface EvtSessionRefused {
    k: "evt";
    t: "session.refused";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    d: {};
}
/**
 * The log's first event
 */
export interface EvtSessionStarted {
    k: "evt";
    t: "session.started";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
    d: {
        department: Label;
    };
}
/**
 * The server is about to close
 */
export interface CtlBye {
    k: "ctl";
    t: "bye";
    d: {
        reason: "protocol_error" | "binary_frame" | "invalid_utf8" | "frame_too_large" | "internal" | "shutdown" | "slow_consumer" | "failed" | "no_pong" | "auth_failed" | "auth_timeout" | "bad_ack" | "auth_expired" | "origin_not_allowed" | "too_many_connections" | "signed_out" | "bad_frames" | "rate_limited" | "unsupported_version";
        reconnect: "yes" | "after" | "with_new_token" | "no";
        retry_after_ms?: RetryAfterMs;
    };
}
/**
 * The client is there, and has what came so far. n is how many frames evt have come by this connection. More than were sent is an error: the connection is closed with 4509.
 */
export interface CtlClientAck {
    k: "ctl";
    t: "ack";
    d?: {
        n?: number;
    };
}
/**
 * The client leaves
 */
export interface CtlClientBye {
    k: "ctl";
    t: "bye";
    d?: {
        [k: string]: unknown;
    };
}
/**
 * What the visitor has typed and not sent. Where limits.peek is true. There is no answer.
 */
export interface CtlClientPeek {
    k: "ctl";
    t: "peek";
    d: {
        sid: IdIn;
        /**
         * Empty: cleared.
         */
        text: string;
    };
}
/**
 * The client is there. n is how many frames evt have come by this connection. More than were sent is an error: the connection is closed with 4509.
 */
export interface CtlClientPong {
    k: "ctl";
    t: "pong";
    d?: {
        n?: number;
    };
}
/**
 * The client's person writes, or stopped. Repeat it every 3 s while it goes on. There is no answer.
 */
export interface CtlClientTyping {
    k: "ctl";
    t: "typing";
    d: {
        sid: IdIn;
        on: boolean;
    };
}
/**
 * The server is about to stop
 */
export interface CtlGoingAway {
    k: "ctl";
    t: "going_away";
    d: {
        retry_after_ms: RetryAfterMs;
    };
}
/**
 * The server asks whether the client is there. Answer pong, or anything else, within 10 s. heads: sessions that have come further for you since the last ping; ask for what you do not hold. resume_token replaces the one before.
 */
export interface CtlPing {
    k: "ctl";
    t: "ping";
    d: {
        ts: Time;
        /**
         * @minItems 1
         */
        heads?: {
            sid: Id;
            seq: Mark;
        }[];
        resume_token?: string;
    };
}
/**
 * What became of what a returning client missed. Once per connection whose resume token was good, after the last of its sessions was resumed. gaps are filled by events; reset: drop what you hold, the last events come; ended: no longer among your open sessions, history.get has the rest.
 */
export interface CtlRecovered {
    k: "ctl";
    t: "recovered";
    d: {
        gaps: {
            sid: Id;
            from: Seq;
            to: Seq;
        }[];
        reset: Id[];
        ended: Id[];
    };
}
/**
 * Where a session stands. The events from ... to follow. With reset: drop what you hold of the session; earlier events come by history.get.
 */
export interface CtlResumed {
    k: "ctl";
    t: "resumed";
    sid: Id;
    d: {
        state: State;
        ep: Epoch;
        head: Mark;
        department?: Label;
        owner?: OperatorId;
        turn: Turn;
        from: Seq;
        to: Mark;
        reset: boolean;
        visitor: VisitorState;
        read: {
            visitor: Mark;
            operator: Mark;
        };
    };
}
/**
 * What a visitor has typed and not sent. Operators only.
 */
export interface EphPeek {
    k: "eph";
    t: "peek";
    d: {
        sid: Id;
        by: By;
        /**
         * Empty: cleared.
         */
        text: string;
    };
}
/**
 * Names for ids. Comes before the first event that names somebody new to the connection.
 */
export interface EphPeople {
    k: "eph";
    t: "people";
    d: {
        /**
         * @minItems 1
         */
        people: {
            kind: "operator";
            id: OperatorId;
            name: string;
        }[];
    };
}
/**
 * Somebody came or went. last_activity_at is the visitor's, to the minute, and goes to operators only.
 */
export interface EphPresence {
    k: "eph";
    t: "presence";
    d: {
        sid: Id;
        by: By;
        present: boolean;
        last_activity_at?: Time;
    };
}
/**
 * Somebody has read further
 */
export interface EphReadMoved {
    k: "eph";
    t: "read.moved";
    d: {
        sid: Id;
        by: By;
        seq: Mark;
    };
}
/**
 * Somebody writes, or stopped. Forget it after 6 s.
 */
export interface EphTyping {
    k: "eph";
    t: "typing";
    d: {
        sid: Id;
        by: By;
        on: boolean;
    };
}
/**
 * An operator says who it is. The first request. The token is a JWT signed by the tenant; intent is used only when the operator was signed out.
 */
export interface ReqAuthOperator {
    k: "req";
    id: RequestId;
    op: "auth";
    d: {
        tenant: Label;
        token: string;
        device?: string;
        intent?: IntentWord;
        have?: Have;
        resume_token?: string;
    };
}
/**
 * Show a newer token. On the same socket, before the old one ends. Refused, nothing changes.
 */
export interface ReqAuthRefresh {
    k: "req";
    id: RequestId;
    op: "auth.refresh";
    d: {
        token: string;
    };
}
/**
 * A visitor says who it is. The first request. A visitor shows the token of an earlier hello, or is anonymous and gets one. jwt is the tenant's word for who the visitor is.
 */
export interface ReqAuthVisitor {
    k: "req";
    id: RequestId;
    op: "auth";
    d: {
        tenant: Label;
        token?: string;
        jwt?: string;
        anonymous?: true;
        have?: Have;
        resume_token?: string;
    };
}
/**
 * Be away from this connection, or back
 */
export interface ReqAwaySet {
    k: "req";
    id: RequestId;
    op: "away.set";
    d: {
        on: boolean;
    };
}
/**
 * Say who the visitor is. email, phone, name, and what the tenant declares. An empty text takes the value away. A value that the visitor's signed token says too is verified, any other is not.
 */
export interface ReqClientIdentify {
    k: "req";
    id: RequestId;
    op: "client.identify";
    d: {
        sid: IdIn;
        idem: Key;
        lawful_basis: LawfulBasis;
        set: {
            [k: string]: string | null;
        };
    };
}
/**
 * Announce a file. Its bytes are to be PUT where the result says; message.send with a body of type file then makes it a message.
 */
export interface ReqFileBegin {
    k: "req";
    id: RequestId;
    op: "file.begin";
    d: {
        sid: IdIn;
        name: FileName;
        size: FileSize;
        mime: MediaType;
        sha256: Sha256;
        idem: Key;
    };
}
/**
 * Ask for a link to a file. Of a message that the asker may read, and that stands.
 */
export interface ReqFileGet {
    k: "req";
    id: RequestId;
    op: "file.get";
    d: {
        sid: IdIn;
        file_id: IdIn;
    };
}
/**
 * Get earlier events
 */
export interface ReqHistoryGet {
    k: "req";
    id: RequestId;
    op: "history.get";
    d: {
        sid: IdIn;
        before_seq?: Mark;
        limit?: number;
    };
}
/**
 * What is held about the visitor. To the visitor as to the operator.
 */
export interface ReqIdentityGet {
    k: "req";
    id: RequestId;
    op: "identity.get";
    d: {
        sid: IdIn;
    };
}
/**
 * Say whether one takes chats
 */
export interface ReqIntentSet {
    k: "req";
    id: RequestId;
    op: "intent.set";
    d: {
        intent: IntentWord;
        idem?: Key;
    };
}
/**
 * Change what an own message says
 */
export interface ReqMessageEdit {
    k: "req";
    id: RequestId;
    op: "message.edit";
    d: {
        sid: IdIn;
        target: Seq;
        body: BodyIn;
        idem: Key;
    };
}
/**
 * Remove an own message. Its text, and that of its edits, becomes unreadable in the store and in every copy of it.
 */
export interface ReqMessageRedact {
    k: "req";
    id: RequestId;
    op: "message.redact";
    d: {
        sid: IdIn;
        target: Seq;
        idem: Key;
    };
}
/**
 * Add a message. With if_seq: refused with stale_view if somebody else wrote after it. With visibility operators, which visitors may not say: a note among operators.
 */
export interface ReqMessageSend {
    k: "req";
    id: RequestId;
    op: "message.send";
    d: {
        sid: IdIn;
        cmid: Key;
        body: BodyIn;
        if_seq?: Mark;
        visibility?: "all" | "operators";
    };
}
/**
 * Take an offered session
 */
export interface ReqOfferAccept {
    k: "req";
    id: RequestId;
    op: "offer.accept";
    d: {
        offer_id: OfferId;
        ep: Epoch;
        idem?: Key;
    };
}
/**
 * Decline an offered session
 */
export interface ReqOfferReject {
    k: "req";
    id: RequestId;
    op: "offer.reject";
    d: {
        offer_id: OfferId;
        ep: Epoch;
        idem?: Key;
    };
}
/**
 * Say how far one has read
 */
export interface ReqReadMark {
    k: "req";
    id: RequestId;
    op: "read.mark";
    d: {
        sid: IdIn;
        seq: Mark;
    };
}
/**
 * End a session
 */
export interface ReqSessionClose {
    k: "req";
    id: RequestId;
    op: "session.close";
    d: {
        sid: IdIn;
        ep?: Epoch;
        idem: Key;
    };
}
/**
 * Open a session, or get the open one
 */
export interface ReqSessionStart {
    k: "req";
    id: RequestId;
    op: "session.start";
    d: {
        department?: Label;
        text?: string;
        idem: Key;
    };
}
/**
 * An operator's hello. me is the first state of the watch me, with its rev inside.
 */
export interface ResAuthOperator {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        conn: Id;
        operator: {
            id: OperatorId;
            name?: string;
        };
        token_expires?: Time;
        me: Me;
        tenant: Tenant;
        departments: Departments;
        server_time: Time;
        resume_token?: string;
        resume?: "ok" | "expired" | "invalid";
        limits: Limits;
    };
}
/**
 * The newer token counts. token is a visitor's new one: show it at the next connect.
 */
export interface ResAuthRefresh {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        expires: Time;
        token?: string;
    };
}
/**
 * A visitor's hello. token is opaque: show it at the next connect. verified: the tenant says who the visitor is. session is the open one, if any.
 */
export interface ResAuthVisitor {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        conn: Id;
        visitor: Id;
        token: string;
        token_expires: Time;
        verified?: true;
        session?: Id;
        tenant: Tenant;
        departments: Departments;
        server_time: Time;
        resume_token?: string;
        resume?: "ok" | "expired" | "invalid";
        limits: Limits;
    };
}
/**
 * The connection is away, or back
 */
export interface ResAwaySet {
    k: "res";
    id: RequestId;
    ok: true;
    d: {};
}
/**
 * It is held
 */
export interface ResClientIdentify {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        sid: Id;
        seq: Seq;
        at: Time;
    };
}
/**
 * Where to PUT the file's bytes. upload_url is relative to the server's address, holds a proof, and is good until expires. The file is forgotten then, unless it is a message.
 */
export interface ResFileBegin {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        file_id: Id;
        upload_url: string;
        expires: Time;
    };
}
/**
 * Where to GET the file's bytes. url is relative to the server's address, holds a proof that is the asker's own, and is good until expires.
 */
export interface ResFileGet {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        file_id: Id;
        url: string;
        expires: Time;
    };
}
/**
 * A page of events, oldest first
 */
export interface ResHistoryGet {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        /**
         * @maxItems 100
         */
        events: Entry[];
        more: boolean;
    };
}
/**
 * What is held about the visitor. seq is the event that says so, 0 for none.
 */
export interface ResIdentityGet {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        sid: Id;
        seq: Mark;
        identity: Identity;
    };
}
/**
 * The intent is stored
 */
export interface ResIntentSet {
    k: "res";
    id: RequestId;
    ok: true;
    d: Intent;
}
/**
 * The edit is durable
 */
export interface ResMessageEdit {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        sid: Id;
        seq: Seq;
        at: Time;
    };
}
/**
 * The message is removed
 */
export interface ResMessageRedact {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        sid: Id;
        seq: Seq;
        at: Time;
    };
}
/**
 * The message is durable
 */
export interface ResMessageSend {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        sid: Id;
        seq: Seq;
        at: Time;
    };
}
/**
 * The session is the operator's
 */
export interface ResOfferAccept {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        sid: Id;
        seq: Seq;
        at: Time;
        ep: Epoch;
    };
}
/**
 * The offer is declined
 */
export interface ResOfferReject {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        sid: Id;
        seq: Seq;
        at: Time;
    };
}
/**
 * The mark is taken
 */
export interface ResReadMark {
    k: "res";
    id: RequestId;
    ok: true;
    d: {};
}
/**
 * A request was refused. The result of any request that was not carried out.
 */
export interface ResRefused {
    k: "res";
    /**
     * Empty when the request's id could not be read.
     */
    id: string;
    ok: false;
    e: {
        code: Code;
        message: string;
        retry_after_ms?: RetryAfterMs;
        /**
         * The fields at fault.
         *
         * @minItems 1
         */
        fields?: string[];
        seq?: Seq;
        /**
         * Bytes that would be allowed.
         */
        max?: number;
        /**
         * The epoch now.
         */
        current?: number;
        /**
         * What was missed.
         *
         * @maxItems 100
         */
        events?: Entry[];
    };
}
/**
 * The session is closing
 */
export interface ResSessionClose {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        sid: Id;
        seq: Seq;
        at: Time;
    };
}
/**
 * The session is open
 */
export interface ResSessionStart {
    k: "res";
    id: RequestId;
    ok: true;
    d: {
        sid: Id;
        seq: Seq;
        at: Time;
        ep: Epoch;
        state: State;
    };
}
/**
 * The operator's intent or presence changed
 */
export interface WatchMeIntentChanged {
    k: "watch";
    w: "me";
    t: "intent.changed";
    rev: Rev;
    d: {
        intent: Intent;
        away: boolean;
    };
}
/**
 * The operator gained or lost a session, or its load changed. Without sid: only the load changed.
 */
export interface WatchMeMineChanged {
    k: "watch";
    w: "me";
    t: "mine.changed";
    rev: Rev;
    d: {
        sid?: Id;
        owned?: boolean;
        used: Units;
    };
}
/**
 * A session is offered
 */
export interface WatchMeOfferNew {
    k: "watch";
    w: "me";
    t: "offer.new";
    rev: Rev;
    d: Offer;
}
/**
 * An offer has ended
 */
export interface WatchMeOfferRevoked {
    k: "watch";
    w: "me";
    t: "offer.revoked";
    rev: Rev;
    d: {
        offer_id: OfferId;
        sid: Id;
        cause?: Cause;
    };
}
/**
 * An operator's own state. The first one is in the hello.
 */
export interface WatchMeSnapshot {
    k: "watch";
    w: "me";
    t: "snapshot";
    rev: Rev;
    d: Me;
}
/**
 * What changed among those who wait
 */
export interface WatchQueueDelta {
    k: "watch";
    w: "queue";
    t: "delta";
    rev: Rev;
    d: {
        rows: {
            sid: Id;
            department: Label;
            since: Time;
            offered: boolean;
        }[];
        gone: Id[];
    };
}
/**
 * Who waits
 */
export interface WatchQueueSnapshot {
    k: "watch";
    w: "queue";
    t: "snapshot";
    rev: Rev;
    d: {
        rows: {
            sid: Id;
            department: Label;
            since: Time;
            offered: boolean;
        }[];
        gone: Id[];
    };
}
/** What the server says in passing. */
export type Passing = EphPeek | EphPeople | EphPresence | EphReadMoved | EphTyping;
/** A list that the server keeps for an operator. */
export type Watch = WatchMeIntentChanged | WatchMeMineChanged | WatchMeOfferNew | WatchMeOfferRevoked | WatchMeSnapshot | WatchQueueDelta | WatchQueueSnapshot;
/** What the server says about the connection and its sessions. */
export type Control = CtlBye | CtlGoingAway | CtlPing | CtlRecovered | CtlResumed;
/** What a client says without an answer. */
export type ClientControl = CtlClientAck | CtlClientBye | CtlClientPeek | CtlClientPong | CtlClientTyping;
/** What the visitor may ask for: `d` of the request, `res` of its answer. */
export interface VisitorOps {
    "auth": {
        d: NonNullable<ReqAuthVisitor["d"]>;
        res: NonNullable<ResAuthVisitor["d"]>;
    };
    "auth.refresh": {
        d: NonNullable<ReqAuthRefresh["d"]>;
        res: NonNullable<ResAuthRefresh["d"]>;
    };
    "client.identify": {
        d: NonNullable<ReqClientIdentify["d"]>;
        res: NonNullable<ResClientIdentify["d"]>;
    };
    "file.begin": {
        d: NonNullable<ReqFileBegin["d"]>;
        res: NonNullable<ResFileBegin["d"]>;
    };
    "file.get": {
        d: NonNullable<ReqFileGet["d"]>;
        res: NonNullable<ResFileGet["d"]>;
    };
    "history.get": {
        d: NonNullable<ReqHistoryGet["d"]>;
        res: NonNullable<ResHistoryGet["d"]>;
    };
    "identity.get": {
        d: NonNullable<ReqIdentityGet["d"]>;
        res: NonNullable<ResIdentityGet["d"]>;
    };
    "message.redact": {
        d: NonNullable<ReqMessageRedact["d"]>;
        res: NonNullable<ResMessageRedact["d"]>;
    };
    "message.send": {
        d: NonNullable<ReqMessageSend["d"]>;
        res: NonNullable<ResMessageSend["d"]>;
    };
    "read.mark": {
        d: NonNullable<ReqReadMark["d"]>;
        res: NonNullable<ResReadMark["d"]>;
    };
    "session.close": {
        d: NonNullable<ReqSessionClose["d"]>;
        res: NonNullable<ResSessionClose["d"]>;
    };
    "session.start": {
        d: NonNullable<ReqSessionStart["d"]>;
        res: NonNullable<ResSessionStart["d"]>;
    };
}
/** What the operator may ask for: `d` of the request, `res` of its answer. */
export interface OperatorOps {
    "auth": {
        d: NonNullable<ReqAuthOperator["d"]>;
        res: NonNullable<ResAuthOperator["d"]>;
    };
    "auth.refresh": {
        d: NonNullable<ReqAuthRefresh["d"]>;
        res: NonNullable<ResAuthRefresh["d"]>;
    };
    "away.set": {
        d: NonNullable<ReqAwaySet["d"]>;
        res: NonNullable<ResAwaySet["d"]>;
    };
    "client.identify": {
        d: NonNullable<ReqClientIdentify["d"]>;
        res: NonNullable<ResClientIdentify["d"]>;
    };
    "file.begin": {
        d: NonNullable<ReqFileBegin["d"]>;
        res: NonNullable<ResFileBegin["d"]>;
    };
    "file.get": {
        d: NonNullable<ReqFileGet["d"]>;
        res: NonNullable<ResFileGet["d"]>;
    };
    "history.get": {
        d: NonNullable<ReqHistoryGet["d"]>;
        res: NonNullable<ResHistoryGet["d"]>;
    };
    "identity.get": {
        d: NonNullable<ReqIdentityGet["d"]>;
        res: NonNullable<ResIdentityGet["d"]>;
    };
    "intent.set": {
        d: NonNullable<ReqIntentSet["d"]>;
        res: NonNullable<ResIntentSet["d"]>;
    };
    "message.edit": {
        d: NonNullable<ReqMessageEdit["d"]>;
        res: NonNullable<ResMessageEdit["d"]>;
    };
    "message.redact": {
        d: NonNullable<ReqMessageRedact["d"]>;
        res: NonNullable<ResMessageRedact["d"]>;
    };
    "message.send": {
        d: NonNullable<ReqMessageSend["d"]>;
        res: NonNullable<ResMessageSend["d"]>;
    };
    "offer.accept": {
        d: NonNullable<ReqOfferAccept["d"]>;
        res: NonNullable<ResOfferAccept["d"]>;
    };
    "offer.reject": {
        d: NonNullable<ReqOfferReject["d"]>;
        res: NonNullable<ResOfferReject["d"]>;
    };
    "read.mark": {
        d: NonNullable<ReqReadMark["d"]>;
        res: NonNullable<ResReadMark["d"]>;
    };
    "session.close": {
        d: NonNullable<ReqSessionClose["d"]>;
        res: NonNullable<ResSessionClose["d"]>;
    };
}
/** The kinds of events that this version knows. */
export declare const eventKinds: readonly string[];
/** The operations that carry an idempotency key, `idem`. */
export declare const keyedOps: readonly string[];
