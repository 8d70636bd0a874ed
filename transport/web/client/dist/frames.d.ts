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
 * A word of the tenant's own closed list: 1 to 64 of a-z, 0-9, _ and -.
 */
export type ReasonCode = string;
/**
 * How long to wait before another try, in milliseconds.
 */
export type RetryAfterMs = number;
/**
 * Thousandths of a chat.
 */
export type Units = number;
export type State = "new" | "queued" | "offered" | "active" | "detached" | "closing" | "closed" | "unattended";
/**
 * Who is expected to write next.
 */
export type Turn = "visitor" | "operator";
export type IntentWord = "accepting" | "paused" | "signed_out";
export type Cause = "manual" | "auto" | "rejected" | "missed" | "operator_lost" | "operator_signed_out" | "visitor_left" | "queue_timeout" | "taken" | "restart" | "shutdown" | "integration" | "department_closed" | "sticky" | "step" | "no_first_reply" | "operator_removed" | "transfer" | "visitor_silent" | "operator_silent" | "banned" | "supervisor" | "erased" | "handoff" | "queue_full" | "nobody" | "department_opened" | "target_offline" | "target_full" | "target_not_member" | "cancelled" | "released";
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
 * What is asked for at this step and the operator declares.
 *
 * @maxItems 10
 */
export type Needs = {
    skill: string;
    level?: number;
    /**
     * No step ever drops it.
     */
    hard?: boolean;
}[];
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time1 = string;
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
export type BanReason = "abuse" | "spam" | "threat" | "fraud" | "other";
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
 * What visitors are asked before a chat, in this order. The field named subject is answered by subject, the others by form.
 *
 * @minItems 1
 * @maxItems 10
 */
export type Asked = {
    name: string;
    /**
     * The question as people read it.
     */
    label: string;
    /**
     * A session.start without it is bad_request.
     */
    required?: true;
    /**
     * What can be answered; absent: any text of one line.
     *
     * @minItems 1
     * @maxItems 20
     */
    options?: string[];
}[];
/**
 * What the chat is about, in one line.
 */
export type Subject = string;
/**
 * @minItems 1
 */
export type Departments = {
    id: Label;
    name: string;
    form?: Asked;
}[];
/**
 * Of a department, as visitors see it.
 */
export type Status = "open" | "open_queue" | "full" | "away" | "closed";
/**
 * Of a session while it is served, in thousandths of a chat. Absent: its department's.
 */
export type Weight = number;
/**
 * One point counts as a minute waited.
 */
export type Priority = number;
export type Score = number;
export type Mode = "warm" | "cold";
/**
 * When nobody of the target can take the session.
 */
export type Fallback = "fail" | "queue" | "wait";
/**
 * How somebody takes part: member writes to the visitor, whisper to the operators only, observer and follower read.
 */
export type Part = "member" | "whisper" | "observer" | "follower";
/**
 * @maxItems 20
 */
export type Tags = string[];
/**
 * What the session asks of its operator: declared skills; languages are skills (lang:fr).
 *
 * @maxItems 10
 */
export type Needs1 = {
    skill: string;
    level?: number;
    /**
     * No step ever drops it.
     */
    hard?: boolean;
}[];
/**
 * A list that operators watch: queue (the lines of one's departments as one list), queue:DEPARTMENT, board:DEPARTMENT, operators.
 */
export type Topic = string;
export type OperatorState = "signed_out" | "offline" | "reconnecting" | "paused" | "away" | "accepting";
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time2 = string;
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time3 = string;
/**
 * Exactly one member.
 */
export type Target = Target1 & Target2;
export type Target1 = {
    [k: string]: unknown;
};
/**
 * RFC 3339, UTC.
 */
export type Instant = string;
/**
 * An entry of a session's log, of a known kind.
 */
export type Entry = EvtAttrsSet | EvtFormFilled | EvtIdentityUpgraded | EvtIdleOff | EvtIdleOn | EvtMessageEdited | EvtMessageNew | EvtMessageRedacted | EvtNoteAdded | EvtNudged | EvtOfferEnded | EvtOfferMade | EvtParticipantJoined | EvtParticipantLeft | EvtPrioritySet | EvtRated | EvtRatingRequested | EvtSessionAssigned | EvtSessionClosed | EvtSessionClosing | EvtSessionDetached | EvtSessionQueued | EvtSessionRefused | EvtSessionRequeued | EvtSessionRestored | EvtSessionStarted | EvtSessionUnattended | EvtStepRelaxed | EvtTagsSet | EvtTransferEnded | EvtTransferStarted | EvtWarned | EvtWrapupEnded | EvtWrapupExtended;
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time4 = string;
/**
 * Stable. Messages are for people and may change.
 */
export type Code = "bad_frame" | "bad_request" | "unknown_op" | "unsupported_version" | "auth_required" | "auth_invalid" | "auth_expired" | "forbidden" | "origin_not_allowed" | "tenant_unknown" | "not_found" | "session_closed" | "offer_gone" | "offer_not_yours" | "not_owner" | "stale_epoch" | "stale_view" | "idem_conflict" | "too_large" | "type_not_allowed" | "file_mismatch" | "rate_limited" | "too_many_connections" | "queue_full" | "unavailable" | "precondition_failed" | "erased" | "department_closed" | "department_away" | "already_owner" | "target_offline" | "target_full" | "target_not_member" | "transfer_pending" | "capacity_exceeded" | "stale_revision" | "banned" | "internal";
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time5 = string;
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time6 = string;
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time7 = string;
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time8 = string;
/**
 * A tenant's or department's id.
 */
export type Label1 = string;
/**
 * A ULID as the server writes it: 26 characters of Crockford's base 32, upper case.
 */
export type Id1 = string;
/**
 * A tenant's or department's id.
 */
export type Label2 = string;
/**
 * An offer's id. Opaque: send back what came.
 */
export type OfferId1 = string;
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time9 = string;
/**
 * The tenant's own id of an operator.
 */
export type OperatorId1 = string;
/**
 * A word of the tenant's own closed list: 1 to 64 of a-z, 0-9, _ and -.
 */
export type ReasonCode1 = string;
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time10 = string;
/**
 * The tenant's own id of an operator.
 */
export type OperatorId2 = string;
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time11 = string;
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time12 = string;
/**
 * RFC 3339, UTC, milliseconds.
 */
export type Time13 = string;
/**
 * A tenant's or department's id.
 */
export type Label3 = string;
/**
 * A tenant's or department's id.
 */
export type Label4 = string;
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
    until?: Time;
    /**
     * Signed out and keeps what is open.
     */
    drain?: true;
    reason?: ReasonCode;
}
export interface Offer {
    offer_id: OfferId;
    sid: Id;
    ep: Epoch;
    department: Label;
    expires_at: Time;
    waiting_since: Time;
    /**
     * Seconds that the visitor had waited when it was offered. It, and what follows, is absent where the connection's token names none of the departments that the chat may go to, and after a restart.
     */
    waited_s?: number;
    visitor?: {
        /**
         * What the visitor is called, where that is held.
         */
        name?: string;
        /**
         * It has proven who it is.
         */
        verified: boolean;
    };
    /**
     * What the visitor says that it is about.
     */
    subject?: string;
    skills_met?: Needs;
    /**
     * Operators who are asked at the same time.
     */
    parallel?: number;
    /**
     * What preferred the first of those who are asked, at which step of the search: the deciding rule of the decision record.
     */
    why?: {
        rule: string;
        step: number;
    };
}
export interface Me {
    rev?: Rev;
    operator: OperatorId;
    intent: Intent;
    away: boolean;
    used: Units;
    capacity: Units;
    /**
     * Open sessions, those included that rest.
     */
    open?: number;
    /**
     * How many there may be.
     */
    open_cap?: number;
    breathing_until?: Time1;
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
/**
 * Answers to what the department asks, by the questions' names.
 */
export interface Form {
    [k: string]: string | null;
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
 * A department's waiting line; p50_s and p90_s are of one that joined it now.
 */
export interface QueueLine {
    department: Label;
    length: number;
    oldest_since?: Time;
    p50_s?: number;
    p90_s?: number;
}
export interface OperatorRow {
    operator: OperatorId;
    state: OperatorState;
    since?: Time;
    used: Units;
    capacity: Units;
    open: number;
    open_cap: number;
}
/**
 * A department in counts.
 */
export interface Board {
    department: Label;
    at: Time2;
    /**
     * Wait and are offered to nobody.
     */
    waiting: number;
    offered: number;
    active: number;
    /**
     * Their operator's connection is lost.
     */
    detached: number;
    /**
     * In wrap-up.
     */
    closing: number;
    /**
     * Messages for later.
     */
    unattended: number;
    /**
     * At the time of at; 0: nobody waits.
     */
    oldest_wait_s: number;
    oldest_since?: Time;
    /**
     * How long one that joined the line now would wait; absent: not known.
     */
    p50_s?: number;
    p90_s?: number;
    /**
     * How many of its operators are in each state.
     */
    operators: {
        signed_out: number;
        offline: number;
        reconnecting: number;
        paused: number;
        away: number;
        accepting: number;
    };
    /**
     * Sessions of the department's weight that its operators could take at once.
     */
    slots: number;
    /**
     * What became of the line in the last hour, to the minute.
     */
    hour: {
        /**
         * Found an operator.
         */
        served: number;
        /**
         * Ended while they waited.
         */
        abandoned: number;
        /**
         * Assignments whose operator has written.
         */
        replies: number;
        /**
         * From an assignment to that message, on average.
         */
        first_reply_ms?: number;
        since?: Time3;
    };
}
export interface Target2 {
    operator?: OperatorId;
    department?: Label;
    skill?: string;
}
/**
 * An operator as the router saw it.
 */
export interface Candidate {
    operator: OperatorId;
    preferred?: boolean;
    tier: "primary" | "secondary" | "never_auto";
    /**
     * Sum of levels above what is required.
     */
    fit: number;
    used: Units;
    capacity: Units;
    open: number;
    last_chosen?: Instant;
}
/**
 * Why a session went to an operator: declared facts only.
 */
export interface Decision {
    revision: number;
    department: Label;
    also?: Label[];
    step: number;
    needs?: Needs1;
    weight: Units;
    target?: OperatorId;
    owner?: OperatorId;
    declined?: OperatorId[];
    people_only?: boolean;
    waited_ms: number;
    position: number;
    strategy: "balanced" | "longest_idle" | "round_robin" | "fill" | "manual";
    /**
     * What preferred the winner to the next.
     */
    rule: string;
    winner?: Candidate;
    /**
     * @maxItems 8
     */
    next?: Candidate[];
    eligible: number;
    /**
     * How many others could not be chosen, each by the first reason that holds.
     */
    rest?: {
        not_member?: number;
        never_auto?: number;
        skills?: number;
        not_routable?: number;
        breathing?: number;
        open_cap?: number;
        full?: number;
        owner?: number;
        declined?: number;
    };
}
/**
 * What an event says besides: ids, numbers, closed words and tags.
 */
export interface Facts {
    step?: number;
    department?: Label;
    target?: Target;
    mode?: Mode;
    on_unavailable?: Fallback;
    outcome?: "accepted" | "failed" | "cancelled";
    as?: Part;
    hidden?: boolean;
    force?: boolean;
    previous?: Id;
    needs?: Needs1;
    tags?: Tags;
    priority?: Priority;
    weight?: Weight;
    score?: Score;
    follow_up?: Instant;
    reason_code?: ReasonCode;
    wrapup?: boolean;
    deadline?: Instant;
    language?: string;
    decision?: Decision;
}
/**
 * How a session is being served. rev is for if_rev.
 */
export interface Serving {
    first_queued_at: Time;
    queued_at: Time;
    step: number;
    priority: Priority;
    weight?: Weight;
    skills: Needs1;
    tags: Tags;
    rev: Mark;
    turn_since?: Time;
    idle?: true;
    transfer?: {
        id: Seq;
        target: Target;
        by?: OperatorId;
        mode: Mode;
        on_unavailable: Fallback;
        until?: Time;
        force?: true;
    };
    members: {
        operator: OperatorId;
        as: Part;
    }[];
    previous?: Id;
    follow_up_at?: Time;
}
/**
 * What is held about the visitor has changed. Operators only. identity is all that is held; it is absent where a later event has taken its place: target names the event whose place this one takes.
 */
export interface EvtAttrsSet extends EventHead {
    t: "attrs.set";
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
 * What every event has.
 */
export interface EventHead {
    k: "evt";
    sid: Id;
    seq: Seq;
    prev: Mark;
    ep: Epoch;
    at: Time;
    by: By;
    cid?: Key;
    cause?: Cause;
}
/**
 * What the visitor says before the chat. Without members once it was removed.
 */
export interface EvtFormFilled extends EventHead {
    t: "form.filled";
    d: {
        subject?: Subject;
        form?: Form;
    };
}
/**
 * The visitor has proven who it is. Operators only.
 */
export interface EvtIdentityUpgraded extends EventHead {
    t: "identity.upgraded";
    vis: "operators";
    d: {};
}
/**
 * Somebody has written again. Operators only.
 */
export interface EvtIdleOff extends EventHead {
    t: "idle.off";
    vis: "operators";
    d: {};
}
/**
 * Nobody has written for a while: the session weighs less. Operators only.
 */
export interface EvtIdleOn extends EventHead {
    t: "idle.on";
    vis: "operators";
    d: {};
}
/**
 * A message reads otherwise now. With vis: about a note, which visitors do not get.
 */
export interface EvtMessageEdited extends EventHead {
    t: "message.edited";
    vis?: "operators";
    d: {
        target: Seq;
        body: Body;
    };
}
/**
 * Somebody wrote. With vis: about a note, which visitors do not get.
 */
export interface EvtMessageNew extends EventHead {
    t: "message.new";
    vis?: "operators";
    d: {
        body: Body;
    };
}
/**
 * A message was removed. Forget what it said, and what its edits said. With vis: about a note, which visitors do not get.
 */
export interface EvtMessageRedacted extends EventHead {
    t: "message.redacted";
    vis?: "operators";
    d: {
        target: Seq;
    };
}
/**
 * A note after the end. An operator's, or the visitor's comment with its rating.
 */
export interface EvtNoteAdded extends EventHead {
    t: "note.added";
    vis?: "operators";
    d: {
        body: Body;
    };
}
/**
 * The owner is reminded that the visitor waits. Operators only.
 */
export interface EvtNudged extends EventHead {
    t: "nudged";
    vis: "operators";
    d: {
        operator: OperatorId;
    };
}
/**
 * An offer ended without an owner. Operators only. cause says how it ended.
 */
export interface EvtOfferEnded extends EventHead {
    t: "offer.ended";
    vis: "operators";
    d: {
        offer_id: OfferId;
        operator: OperatorId;
    };
}
/**
 * The session is offered to an operator. Operators only.
 */
export interface EvtOfferMade extends EventHead {
    t: "offer.made";
    vis: "operators";
    d: {
        offer_id: OfferId;
        operator: OperatorId;
        expires_at: Time;
        facts?: Facts;
    };
}
/**
 * An operator takes part without owning the session. facts.as says how. Visitors are told of members only.
 */
export interface EvtParticipantJoined extends EventHead {
    t: "participant.joined";
    vis?: "operators";
    d: {
        operator: OperatorId;
        facts?: Facts;
    };
}
/**
 * An operator takes part no longer
 */
export interface EvtParticipantLeft extends EventHead {
    t: "participant.left";
    vis?: "operators";
    d: {
        operator: OperatorId;
    };
}
/**
 * The session's priority, needs, weight or department have changed. Operators only. facts has what was asked for.
 */
export interface EvtPrioritySet extends EventHead {
    t: "priority.set";
    vis: "operators";
    d: {
        facts: Facts;
    };
}
/**
 * The visitor has rated the session. facts.score.
 */
export interface EvtRated extends EventHead {
    t: "rated";
    d: {
        facts: Facts;
    };
}
/**
 * The visitor is asked for a rating. Until deadline.
 */
export interface EvtRatingRequested extends EventHead {
    t: "rating.requested";
    d: {
        deadline: Time;
    };
}
/**
 * An operator owns the session from here. offer_id is absent where it was assigned without an offer. facts, for operators only: why.
 */
export interface EvtSessionAssigned extends EventHead {
    t: "session.assigned";
    d: {
        operator: OperatorId;
        offer_id?: OfferId;
        facts?: Facts;
    };
}
/**
 * The session is over
 */
export interface EvtSessionClosed extends EventHead {
    t: "session.closed";
    d: {
        facts?: Facts;
    };
}
/**
 * No message follows
 */
export interface EvtSessionClosing extends EventHead {
    t: "session.closing";
    d: {
        deadline?: Time4;
        facts?: Facts;
    };
}
/**
 * The owner's connection is lost. It has until deadline to come back; the visitor is shown that it reconnects.
 */
export interface EvtSessionDetached extends EventHead {
    t: "session.detached";
    d: {
        operator: OperatorId;
        deadline: Time;
    };
}
/**
 * The session waits, or waits again
 */
export interface EvtSessionQueued extends EventHead {
    t: "session.queued";
    d: {
        department: Label;
    };
}
/**
 * The session was not taken
 */
export interface EvtSessionRefused extends EventHead {
    t: "session.refused";
    d: {};
}
/**
 * The session waits again. At the place that its age gives it. operator is whose it was.
 */
export interface EvtSessionRequeued extends EventHead {
    t: "session.requeued";
    d: {
        department: Label;
        operator?: OperatorId;
    };
}
/**
 * The owner is back
 */
export interface EvtSessionRestored extends EventHead {
    t: "session.restored";
    d: {
        operator: OperatorId;
    };
}
/**
 * The log's first event
 */
export interface EvtSessionStarted extends EventHead {
    t: "session.started";
    d: {
        department: Label;
        facts?: Facts;
    };
}
/**
 * The session is a message for later. Nobody can serve it now. It is kept until deadline.
 */
export interface EvtSessionUnattended extends EventHead {
    t: "session.unattended";
    d: {
        department: Label;
        deadline: Time;
    };
}
/**
 * The search for an operator has gone a step further. Operators only. facts.step says which.
 */
export interface EvtStepRelaxed extends EventHead {
    t: "step.relaxed";
    vis: "operators";
    d: {
        facts: Facts;
    };
}
/**
 * The session's tags are these. Operators only. facts.tags; absent: none.
 */
export interface EvtTagsSet extends EventHead {
    t: "tags.set";
    vis: "operators";
    d: {
        facts?: Facts;
    };
}
/**
 * The transfer is over. Operators only. target is the event transfer.started, facts.outcome what came of it.
 */
export interface EvtTransferEnded extends EventHead {
    t: "transfer.ended";
    vis: "operators";
    d: {
        target: Seq;
        facts: Facts;
    };
}
/**
 * The session is to be handed on. Operators only. facts has the target, the mode and what happens when nobody can take it; deadline is of one that waits.
 */
export interface EvtTransferStarted extends EventHead {
    t: "transfer.started";
    vis: "operators";
    d: {
        deadline?: Time;
        facts: Facts;
    };
}
/**
 * The visitor is asked whether it is still there
 */
export interface EvtWarned extends EventHead {
    t: "warned";
    d: {};
}
/**
 * The owner has finished its notes. Operators only.
 */
export interface EvtWrapupEnded extends EventHead {
    t: "wrapup.ended";
    vis: "operators";
    d: {};
}
/**
 * The owner has more time for its notes. Operators only.
 */
export interface EvtWrapupExtended extends EventHead {
    t: "wrapup.extended";
    vis: "operators";
    d: {
        deadline: Time;
    };
}
/**
 * The server is about to close
 */
export interface CtlBye {
    k: "ctl";
    t: "bye";
    d: {
        reason: "protocol_error" | "binary_frame" | "invalid_utf8" | "frame_too_large" | "internal" | "shutdown" | "slow_consumer" | "failed" | "no_pong" | "auth_failed" | "auth_timeout" | "bad_ack" | "tenant_suspended" | "auth_expired" | "origin_not_allowed" | "too_many_connections" | "signed_out" | "bad_frames" | "rate_limited" | "unsupported_version";
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
        deadline?: Time5;
        rate_by?: Time6;
        serving?: Serving1;
    };
}
/**
 * For operators.
 */
export interface Serving1 {
    first_queued_at: Time;
    queued_at: Time;
    step: number;
    priority: Priority;
    weight?: Weight;
    skills: Needs1;
    tags: Tags;
    rev: Mark;
    turn_since?: Time;
    idle?: true;
    transfer?: {
        id: Seq;
        target: Target;
        by?: OperatorId;
        mode: Mode;
        on_unavailable: Fallback;
        until?: Time;
        force?: true;
    };
    members: {
        operator: OperatorId;
        as: Part;
    }[];
    previous?: Id;
    follow_up_at?: Time;
}
/**
 * What a department is for visitors now
 */
export interface EphDepartmentStatus {
    k: "eph";
    t: "department.status";
    d: {
        id: Label;
        status: Status;
        opens_at?: Time;
        /**
         * How many wait there. Absent: the department does not say.
         */
        queue_len?: number;
        /**
         * How many seconds one that joined then would wait, as half would; null: not known.
         */
        eta?: number | null;
    };
}
/**
 * What an operator carries. To its own connections, after a change, at most twice a second.
 */
export interface EphLoad {
    k: "eph";
    t: "load";
    d: {
        used: Units;
        capacity: Units;
        /**
         * Open sessions, those included that rest.
         */
        open?: number;
        /**
         * How many there may be.
         */
        open_cap?: number;
        breathing_until?: Time7;
    };
}
/**
 * Something that an operator should know of. Said once. Kinds of later versions must be skipped.
 */
export interface EphNotice {
    k: "eph";
    t: "notice";
    d: {
        kind: "missed_pause" | "config_changed" | "going_away" | "sla_risk" | "operator_silent";
        since?: Time8;
        /**
         * Of missed_pause: offers in a row that ran out.
         */
        misses?: number;
        /**
         * Of config_changed: the configuration's.
         */
        rev?: number;
        department?: Label1;
        /**
         * Of sla_risk: how long the longest of them waits.
         */
        waited_s?: number;
        /**
         * Of sla_risk: how many have passed the limit since the last notice.
         */
        sessions?: number;
        sid?: Id1;
        operator?: Label2;
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
 * A waiting session's place in line
 */
export interface EphQueuePosition {
    k: "eph";
    t: "queue.position";
    d: {
        sid: Id;
        /**
         * 1 is the next.
         */
        position: number;
        /**
         * Seconds within which half were served lately; absent: not known.
         */
        p50_s?: number;
        /**
         * Seconds within which nine in ten were served lately; absent: not known.
         */
        p90_s?: number;
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
export interface ReqAuthOperator extends RequestHead {
    op: "auth";
    d: {
        tenant: Label;
        token: string;
        device?: string | {
            id?: string;
            /**
             * browser, mobile, ...
             */
            kind?: string;
            /**
             * It can be woken by a push.
             */
            pushable?: boolean;
        };
        intent?: IntentWord;
        have?: Have;
        /**
         * Absent: queue.
         *
         * @maxItems 256
         */
        watch?: Topic[];
        resume_token?: string;
    };
}
/**
 * What every request has.
 */
export interface RequestHead {
    k: "req";
    id: RequestId;
}
/**
 * Show a newer token. On the same socket, before the old one ends. Refused, nothing changes.
 */
export interface ReqAuthRefresh extends RequestHead {
    op: "auth.refresh";
    d: {
        token: string;
    };
}
/**
 * A visitor says who it is. The first request. A visitor shows the token of an earlier hello, or is anonymous and gets one. jwt is the tenant's word for who the visitor is.
 */
export interface ReqAuthVisitor extends RequestHead {
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
export interface ReqAwaySet extends RequestHead {
    op: "away.set";
    d: {
        on: boolean;
    };
}
/**
 * Say who the visitor is. email, phone, name, and what the tenant declares. An empty text takes the value away. A value that the visitor's signed token says too is verified, any other is not.
 */
export interface ReqClientIdentify extends RequestHead {
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
 * Ask what the departments are now
 */
export interface ReqDepartmentList extends RequestHead {
    op: "department.list";
    d: {};
}
/**
 * Ask how the session found its operators. Without decision_seq all decisions, at most the last 20. With operator, also why that one was not chosen: in the decision named, or else in the last.
 */
export interface ReqExplain extends RequestHead {
    op: "explain";
    d: {
        sid?: IdIn;
        offer_id?: OfferId1;
        decision_seq?: Seq;
        operator?: OperatorId;
    };
}
/**
 * Announce a file. Its bytes are to be PUT where the result says; message.send with a body of type file then makes it a message.
 */
export interface ReqFileBegin extends RequestHead {
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
export interface ReqFileGet extends RequestHead {
    op: "file.get";
    d: {
        sid: IdIn;
        file_id: IdIn;
    };
}
/**
 * Get earlier events
 */
export interface ReqHistoryGet extends RequestHead {
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
export interface ReqIdentityGet extends RequestHead {
    op: "identity.get";
    d: {
        sid: IdIn;
    };
}
/**
 * Say whether one takes chats
 */
export interface ReqIntentSet extends RequestHead {
    op: "intent.set";
    d: {
        intent: IntentWord;
        until?: Time9;
        reason?: ReasonCode;
        /**
         * Of signed_out: keep what is open.
         */
        drain?: boolean;
        for?: OperatorId1;
        idem?: Key;
    };
}
/**
 * Change what an own message says
 */
export interface ReqMessageEdit extends RequestHead {
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
export interface ReqMessageRedact extends RequestHead {
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
export interface ReqMessageSend extends RequestHead {
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
 * Add a note after the end
 */
export interface ReqNoteAdd extends RequestHead {
    op: "note.add";
    d: {
        sid: IdIn;
        body: BodyIn;
        idem: Key;
    };
}
/**
 * Take an offered session
 */
export interface ReqOfferAccept extends RequestHead {
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
export interface ReqOfferReject extends RequestHead {
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
export interface ReqReadMark extends RequestHead {
    op: "read.mark";
    d: {
        sid: IdIn;
        seq: Mark;
    };
}
/**
 * End a session
 */
export interface ReqSessionClose extends RequestHead {
    op: "session.close";
    d: {
        sid: IdIn;
        ep?: Epoch;
        tags?: Tags;
        follow_up_at?: Time;
        /**
         * Another way to say follow_up_at.
         */
        follow_up?: {
            at: Time;
        };
        reason_code?: ReasonCode1;
        /**
         * An operator's. false: no time for notes.
         */
        wrapup?: boolean;
        idem: Key;
    };
}
/**
 * Continue a session that is over. In a new one, which the same operator is asked for first.
 */
export interface ReqSessionContinue extends RequestHead {
    op: "session.continue";
    d: {
        sid: IdIn;
        department?: Label;
        text?: string;
        subject?: Subject;
        form?: Form;
        priority?: Priority;
        skills?: Needs1;
        weight?: Weight;
        idem: Key;
    };
}
/**
 * Ask for a person instead of a bot. The bot that owns the session, or its visitor.
 */
export interface ReqSessionHandoff extends RequestHead {
    op: "session.handoff";
    d: {
        sid: IdIn;
        ep?: Epoch;
        department?: Label;
        skills?: Needs1;
        /**
         * For the operators, as a message.
         */
        note?: string;
        idem: Key;
    };
}
/**
 * Take part without owning the session
 */
export interface ReqSessionJoin extends RequestHead {
    op: "session.join";
    d: {
        sid: IdIn;
        as: Part;
        /**
         * Of an observer with the right to: nobody is told.
         */
        hidden?: boolean;
        idem: Key;
    };
}
/**
 * Take part no longer
 */
export interface ReqSessionLeave extends RequestHead {
    op: "session.leave";
    d: {
        sid: IdIn;
        idem: Key;
    };
}
/**
 * Wait no longer
 */
export interface ReqSessionLeaveQueue extends RequestHead {
    op: "session.leave_queue";
    d: {
        sid: IdIn;
        /**
         * message: what was written stays as a message for later.
         */
        choice: "close" | "message";
        idem: Key;
    };
}
/**
 * Which chats do operators have?. A supervisor's: of one department, or of all that it supervises.
 */
export interface ReqSessionList extends RequestHead {
    op: "session.list";
    d: {
        department?: Label;
    };
}
/**
 * Take a waiting session out of turn. Who has the right to.
 */
export interface ReqSessionPick extends RequestHead {
    op: "session.pick";
    d: {
        sid: IdIn;
        ep: Epoch;
        /**
         * A supervisor's: capacity does not matter.
         */
        force?: boolean;
        idem: Key;
    };
}
/**
 * Rate the session. Once, until the rating window ends.
 */
export interface ReqSessionRate extends RequestHead {
    op: "session.rate";
    d: {
        sid: IdIn;
        score: Score;
        comment?: string;
        idem: Key;
    };
}
/**
 * Give the session back to the line. Its own department's, or that of another.
 */
export interface ReqSessionRelease extends RequestHead {
    op: "session.release";
    d: {
        sid: IdIn;
        ep: Epoch;
        department?: Label;
        /**
         * For the operators, as a message.
         */
        note?: string;
        idem: Key;
    };
}
/**
 * Change what the session needs and how it is filed. skills and tags replace those there are; another department is for one that waits.
 */
export interface ReqSessionSet extends RequestHead {
    op: "session.set";
    d: {
        sid: IdIn;
        ep?: Epoch;
        priority?: Priority;
        skills?: Needs1;
        weight?: Weight;
        tags?: Tags;
        department?: Label;
        if_rev?: Mark;
        idem: Key;
    };
}
/**
 * Open a session, or get the open one. priority, weight, and needs that are hard, are for visitors whose signed token allows them.
 */
export interface ReqSessionStart extends RequestHead {
    op: "session.start";
    d: {
        department?: Label;
        text?: string;
        subject?: Subject;
        form?: Form;
        priority?: Priority;
        skills?: Needs1;
        weight?: Weight;
        idem: Key;
    };
}
/**
 * Become the owner of another's session. Supervisors. The old owner stays a member.
 */
export interface ReqSessionTakeover extends RequestHead {
    op: "session.takeover";
    d: {
        sid: IdIn;
        ep: Epoch;
        /**
         * A supervisor's: capacity does not matter.
         */
        force?: boolean;
        idem: Key;
    };
}
/**
 * Take the pending transfer back
 */
export interface ReqTransferCancel extends RequestHead {
    op: "transfer.cancel";
    d: {
        sid: IdIn;
        ep?: Epoch;
        idem: Key;
    };
}
/**
 * Hand the session on. warm, the default: the owner stays responsible until somebody accepts.
 */
export interface ReqTransferStart extends RequestHead {
    op: "transfer.start";
    d: {
        sid: IdIn;
        ep: Epoch;
        target: Target;
        mode?: Mode;
        on_unavailable?: Fallback;
        /**
         * How long a transfer that waits stays pending.
         */
        wait_s?: number;
        /**
         * For the operators, as a message.
         */
        note?: string;
        /**
         * A supervisor's: capacity does not matter.
         */
        force?: boolean;
        idem: Key;
    };
}
/**
 * Where could the session be handed on to. Owner, supervisor.
 */
export interface ReqTransferTargets extends RequestHead {
    op: "transfer.targets";
    d: {
        sid: IdIn;
    };
}
/**
 * Be shown these lists no longer. Operators only.
 */
export interface ReqUnwatch extends RequestHead {
    op: "unwatch";
    d: {
        /**
         * @minItems 1
         * @maxItems 256
         */
        topics: Topic[];
    };
}
/**
 * Ban a visitor for a while. Supervisors only. visitor, or the visitor of the session sid. days 0 lifts the ban; otherwise reason is needed.
 */
export interface ReqVisitorBan extends RequestHead {
    op: "visitor.ban";
    d: {
        visitor?: IdIn;
        sid?: IdIn;
        days: number;
        reason?: BanReason;
        idem: Key;
    };
}
/**
 * Ask what a visitor is. visitor, or the visitor of the session sid.
 */
export interface ReqVisitorGet extends RequestHead {
    op: "visitor.get";
    d: {
        visitor?: IdIn;
        sid?: IdIn;
    };
}
/**
 * Be shown these lists from now on, each from a snapshot. Operators only. A list that is watched already begins anew with a snapshot.
 */
export interface ReqWatch extends RequestHead {
    op: "watch";
    d: {
        /**
         * @minItems 1
         * @maxItems 256
         */
        topics: Topic[];
    };
}
/**
 * Say that the notes are finished
 */
export interface ReqWrapupDone extends RequestHead {
    op: "wrapup.done";
    d: {
        sid: IdIn;
        ep?: Epoch;
        idem: Key;
    };
}
/**
 * Ask for more time for notes
 */
export interface ReqWrapupExtend extends RequestHead {
    op: "wrapup.extend";
    d: {
        sid: IdIn;
        ep?: Epoch;
        idem: Key;
    };
}
/**
 * An operator's hello. me is the first state of the watch me, with its rev inside.
 */
export interface ResAuthOperator extends ResultHead {
    d: {
        conn: Id;
        operator: {
            id: OperatorId;
            name?: string;
        };
        token_expires?: Time;
        me: Me;
        tenant: Tenant;
        /**
         * @minItems 1
         */
        departments: {
            id: Label;
            name: string;
            form?: Asked;
            /**
             * What reason_code may be when a chat is closed; absent: any code.
             *
             * @minItems 1
             */
            close_reasons?: ReasonCode[];
            /**
             * What the operator may do there beyond its own chats; absent: nothing.
             *
             * @minItems 1
             */
            rights?: ("supervise" | "pick" | "hide")[];
        }[];
        server_time: Time;
        resume_token?: string;
        resume?: "ok" | "expired" | "invalid";
        limits: Limits;
    };
}
/**
 * What every answer has that is no refusal.
 */
export interface ResultHead {
    k: "res";
    id: RequestId;
    ok: true;
}
/**
 * The newer token counts. token is a visitor's new one: show it at the next connect.
 */
export interface ResAuthRefresh extends ResultHead {
    d: {
        expires: Time;
        token?: string;
    };
}
/**
 * A visitor's hello. token is opaque: show it at the next connect. verified: the tenant says who the visitor is. session is the open one, if any.
 */
export interface ResAuthVisitor extends ResultHead {
    d: {
        conn: Id;
        visitor: Id;
        token: string;
        token_expires: Time;
        verified?: true;
        session?: Id;
        banned_until?: Time10;
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
export interface ResAwaySet extends ResultHead {
    d: {};
}
/**
 * It is held
 */
export interface ResClientIdentify extends ResultHead {
    d: Logged;
}
/**
 * Where what was asked for stands in its session's log.
 */
export interface Logged {
    sid: Id;
    seq: Seq;
    at: Time;
}
/**
 * What the departments are now
 */
export interface ResDepartmentList extends ResultHead {
    d: {
        departments: {
            id: Label;
            name?: string;
            status: Status;
            opens_at?: Time;
            /**
             * How many wait there. Absent: the department does not say.
             */
            queue_len?: number;
            /**
             * How many seconds one that joined now would wait, as half would; null: not known.
             */
            eta?: number | null;
            form?: Asked;
        }[];
    };
}
/**
 * How the session found its operators. Operators only.
 */
export interface ResExplain extends ResultHead {
    d: {
        sid: Id;
        /**
         * @maxItems 20
         */
        decisions: {
            seq: Seq;
            at: Time;
            ep: Epoch;
            operator?: OperatorId2;
            cause?: Cause;
            direct: boolean;
            accepted: boolean;
            ended?: Cause;
            ended_at?: Time;
            decision: Decision;
        }[];
        /**
         * There were earlier ones.
         */
        more: boolean;
        why?: {
            seq: Seq;
            operator: OperatorId;
            reason: "winner" | "next" | "not_routable" | "not_member" | "never_auto" | "skills" | "full" | "open_cap" | "declined" | "breathing" | "owner" | "later" | "unknown";
        };
    };
}
/**
 * Where to PUT the file's bytes. upload_url is relative to the server's address, holds a proof, and is good until expires. The file is forgotten then, unless it is a message.
 */
export interface ResFileBegin extends ResultHead {
    d: {
        file_id: Id;
        upload_url: string;
        expires: Time;
    };
}
/**
 * Where to GET the file's bytes. url is relative to the server's address, holds a proof that is the asker's own, and is good until expires.
 */
export interface ResFileGet extends ResultHead {
    d: {
        file_id: Id;
        url: string;
        expires: Time;
    };
}
/**
 * A page of events, oldest first
 */
export interface ResHistoryGet extends ResultHead {
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
export interface ResIdentityGet extends ResultHead {
    d: {
        sid: Id;
        seq: Mark;
        identity: Identity;
    };
}
/**
 * The intent is stored
 */
export interface ResIntentSet extends ResultHead {
    d: Intent;
}
/**
 * The edit is durable
 */
export interface ResMessageEdit extends ResultHead {
    d: Logged;
}
/**
 * The message is removed
 */
export interface ResMessageRedact extends ResultHead {
    d: Logged;
}
/**
 * The message is durable
 */
export interface ResMessageSend extends ResultHead {
    d: Logged;
}
/**
 * The note is added
 */
export interface ResNoteAdd extends ResultHead {
    d: Logged;
}
/**
 * The session is the operator's
 */
export interface ResOfferAccept extends ResultHead {
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
export interface ResOfferReject extends ResultHead {
    d: Logged;
}
/**
 * The mark is taken
 */
export interface ResReadMark extends ResultHead {
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
        opens_at?: Time11;
        until?: Time12;
    };
}
/**
 * The session is closing
 */
export interface ResSessionClose extends ResultHead {
    d: Logged;
}
/**
 * The new session
 */
export interface ResSessionContinue extends ResultHead {
    d: {
        sid: Id;
        seq: Seq;
        at: Time;
        ep: Epoch;
        state: State;
    };
}
/**
 * The session waits for a person
 */
export interface ResSessionHandoff extends ResultHead {
    d: Logged;
}
/**
 * One takes part. seq is absent where nothing is logged: who takes part in that way already, or is hidden.
 */
export interface ResSessionJoin extends ResultHead {
    d: {
        sid: Id;
        seq?: Seq;
        at?: Time;
    };
}
/**
 * One takes part no longer. seq is absent where nothing is logged: of who was hidden.
 */
export interface ResSessionLeave extends ResultHead {
    d: {
        sid: Id;
        seq?: Seq;
        at?: Time;
    };
}
/**
 * The session waits no longer
 */
export interface ResSessionLeaveQueue extends ResultHead {
    d: Logged;
}
/**
 * The chats that operators have. Newest first, at most 100. more: there are others.
 */
export interface ResSessionList extends ResultHead {
    d: {
        /**
         * @maxItems 100
         */
        sessions: {
            sid: Id;
            state: State;
            department: Label;
            owner?: OperatorId;
            began_at: Time;
        }[];
        more: boolean;
    };
}
/**
 * The session is yours
 */
export interface ResSessionPick extends ResultHead {
    d: {
        sid: Id;
        seq: Seq;
        at: Time;
        ep: Epoch;
    };
}
/**
 * The rating is taken
 */
export interface ResSessionRate extends ResultHead {
    d: Logged;
}
/**
 * The session waits again
 */
export interface ResSessionRelease extends ResultHead {
    d: Logged;
}
/**
 * It is set
 */
export interface ResSessionSet extends ResultHead {
    d: Logged;
}
/**
 * The session is open
 */
export interface ResSessionStart extends ResultHead {
    d: {
        sid: Id;
        seq: Seq;
        at: Time;
        ep: Epoch;
        state: State;
    };
}
/**
 * The session is yours
 */
export interface ResSessionTakeover extends ResultHead {
    d: {
        sid: Id;
        seq: Seq;
        at: Time;
        ep: Epoch;
    };
}
/**
 * The transfer is taken back
 */
export interface ResTransferCancel extends ResultHead {
    d: Logged;
}
/**
 * The transfer is under way
 */
export interface ResTransferStart extends ResultHead {
    d: Logged;
}
/**
 * Where the session could be handed on to
 */
export interface ResTransferTargets extends ResultHead {
    d: {
        sid: Id;
        /**
         * The routable first.
         *
         * @maxItems 200
         */
        targets: {
            id: string;
            kind: "operator" | "department" | "skill";
            /**
             * A transfer there that fails where nobody can take it would be offered to somebody now.
             */
            routable: boolean;
            reason?: "not_routable" | "breathing" | "open_cap" | "full" | "declined" | "skills" | "never_auto" | "not_member" | "closed";
            /**
             * An operator's.
             */
            load?: {
                used: Units;
                capacity: Units;
                open: number;
                open_cap: number;
            };
            /**
             * What the session asks for and nobody of the target has.
             */
            missing_skills: string[];
        }[];
    };
}
/**
 * What the connection still watches
 */
export interface ResUnwatch extends ResultHead {
    d: {
        /**
         * @maxItems 256
         */
        topics: Topic[];
    };
}
/**
 * The ban is durable. Without until there is none: it was lifted.
 */
export interface ResVisitorBan extends ResultHead {
    d: {
        visitor: Id;
        until?: Time;
        reason?: BanReason;
        by?: By;
        at?: Time;
    };
}
/**
 * What a visitor is. Operators only. identity is what the session sid holds about the visitor, seq the event that says so, 0 for none. sessions counts those that are kept, up to 1000; last names those that the asker may see, the newest first.
 */
export interface ResVisitorGet extends ResultHead {
    d: {
        visitor: Id;
        sid: Id;
        /**
         * The visitor has proven who it is.
         */
        verified: boolean;
        since?: Time13;
        seq: Mark;
        identity: Identity;
        sessions: number;
        /**
         * @maxItems 20
         */
        last: {
            sid: Id;
            state: State;
            department?: Label;
            owner?: OperatorId;
            began_at: Time;
            ended_at?: Time;
        }[];
        banned?: {
            until: Time;
            reason: BanReason;
            by: By;
            at: Time;
        };
    };
}
/**
 * What the connection watches now
 */
export interface ResWatch extends ResultHead {
    d: {
        /**
         * @maxItems 256
         */
        topics: Topic[];
    };
}
/**
 * The wrap-up is over
 */
export interface ResWrapupDone extends ResultHead {
    d: Logged;
}
/**
 * There is more time
 */
export interface ResWrapupExtend extends ResultHead {
    d: Logged;
}
/**
 * What a department in counts has become. The whole board, as it is now.
 */
export interface WatchBoardDelta {
    k: "watch";
    w: "board";
    t: "delta";
    rev: Rev;
    d: Board;
}
/**
 * The right to watch a department is gone
 */
export interface WatchBoardEnded {
    k: "watch";
    w: "board";
    t: "ended";
    rev: Rev;
    d: {
        department: Label;
    };
}
/**
 * A department in counts
 */
export interface WatchBoardSnapshot {
    k: "watch";
    w: "board";
    t: "snapshot";
    rev: Rev;
    d: Board;
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
        open?: number;
        open_cap?: number;
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
 * What changed among the operators
 */
export interface WatchOperatorsDelta {
    k: "watch";
    w: "operators";
    t: "delta";
    rev: Rev;
    d: {
        rows: OperatorRow[];
        gone: OperatorId[];
    };
}
/**
 * The right to watch operators is gone
 */
export interface WatchOperatorsEnded {
    k: "watch";
    w: "operators";
    t: "ended";
    rev: Rev;
    d: {
        [k: string]: unknown;
    };
}
/**
 * The operators of the departments that the connection supervises
 */
export interface WatchOperatorsSnapshot {
    k: "watch";
    w: "operators";
    t: "snapshot";
    rev: Rev;
    d: {
        rows: OperatorRow[];
        gone: OperatorId[];
    };
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
        department?: Label3;
        rows: {
            sid: Id;
            department: Label;
            since: Time;
            offered: boolean;
        }[];
        gone: Id[];
        /**
         * The lines that these belong to.
         */
        lines: QueueLine[];
    };
}
/**
 * The right to watch a department's line is gone
 */
export interface WatchQueueEnded {
    k: "watch";
    w: "queue";
    t: "ended";
    rev: Rev;
    d: {
        department: Label;
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
        department?: Label4;
        rows: {
            sid: Id;
            department: Label;
            since: Time;
            offered: boolean;
        }[];
        gone: Id[];
        /**
         * The lines that these belong to.
         */
        lines: QueueLine[];
    };
}
/** What the server says in passing. */
export type Passing = EphDepartmentStatus | EphLoad | EphNotice | EphPeek | EphPeople | EphPresence | EphQueuePosition | EphReadMoved | EphTyping;
/** A list that the server keeps for an operator. */
export type Watch = WatchBoardDelta | WatchBoardEnded | WatchBoardSnapshot | WatchMeIntentChanged | WatchMeMineChanged | WatchMeOfferNew | WatchMeOfferRevoked | WatchMeSnapshot | WatchOperatorsDelta | WatchOperatorsEnded | WatchOperatorsSnapshot | WatchQueueDelta | WatchQueueEnded | WatchQueueSnapshot;
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
    "department.list": {
        d: NonNullable<ReqDepartmentList["d"]>;
        res: NonNullable<ResDepartmentList["d"]>;
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
    "session.continue": {
        d: NonNullable<ReqSessionContinue["d"]>;
        res: NonNullable<ResSessionContinue["d"]>;
    };
    "session.handoff": {
        d: NonNullable<ReqSessionHandoff["d"]>;
        res: NonNullable<ResSessionHandoff["d"]>;
    };
    "session.leave_queue": {
        d: NonNullable<ReqSessionLeaveQueue["d"]>;
        res: NonNullable<ResSessionLeaveQueue["d"]>;
    };
    "session.rate": {
        d: NonNullable<ReqSessionRate["d"]>;
        res: NonNullable<ResSessionRate["d"]>;
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
    "explain": {
        d: NonNullable<ReqExplain["d"]>;
        res: NonNullable<ResExplain["d"]>;
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
    "note.add": {
        d: NonNullable<ReqNoteAdd["d"]>;
        res: NonNullable<ResNoteAdd["d"]>;
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
    "session.handoff": {
        d: NonNullable<ReqSessionHandoff["d"]>;
        res: NonNullable<ResSessionHandoff["d"]>;
    };
    "session.join": {
        d: NonNullable<ReqSessionJoin["d"]>;
        res: NonNullable<ResSessionJoin["d"]>;
    };
    "session.leave": {
        d: NonNullable<ReqSessionLeave["d"]>;
        res: NonNullable<ResSessionLeave["d"]>;
    };
    "session.list": {
        d: NonNullable<ReqSessionList["d"]>;
        res: NonNullable<ResSessionList["d"]>;
    };
    "session.pick": {
        d: NonNullable<ReqSessionPick["d"]>;
        res: NonNullable<ResSessionPick["d"]>;
    };
    "session.release": {
        d: NonNullable<ReqSessionRelease["d"]>;
        res: NonNullable<ResSessionRelease["d"]>;
    };
    "session.set": {
        d: NonNullable<ReqSessionSet["d"]>;
        res: NonNullable<ResSessionSet["d"]>;
    };
    "session.takeover": {
        d: NonNullable<ReqSessionTakeover["d"]>;
        res: NonNullable<ResSessionTakeover["d"]>;
    };
    "transfer.cancel": {
        d: NonNullable<ReqTransferCancel["d"]>;
        res: NonNullable<ResTransferCancel["d"]>;
    };
    "transfer.start": {
        d: NonNullable<ReqTransferStart["d"]>;
        res: NonNullable<ResTransferStart["d"]>;
    };
    "transfer.targets": {
        d: NonNullable<ReqTransferTargets["d"]>;
        res: NonNullable<ResTransferTargets["d"]>;
    };
    "unwatch": {
        d: NonNullable<ReqUnwatch["d"]>;
        res: NonNullable<ResUnwatch["d"]>;
    };
    "visitor.ban": {
        d: NonNullable<ReqVisitorBan["d"]>;
        res: NonNullable<ResVisitorBan["d"]>;
    };
    "visitor.get": {
        d: NonNullable<ReqVisitorGet["d"]>;
        res: NonNullable<ResVisitorGet["d"]>;
    };
    "watch": {
        d: NonNullable<ReqWatch["d"]>;
        res: NonNullable<ResWatch["d"]>;
    };
    "wrapup.done": {
        d: NonNullable<ReqWrapupDone["d"]>;
        res: NonNullable<ResWrapupDone["d"]>;
    };
    "wrapup.extend": {
        d: NonNullable<ReqWrapupExtend["d"]>;
        res: NonNullable<ResWrapupExtend["d"]>;
    };
}
/** The kinds of events that this version knows. */
export declare const eventKinds: readonly string[];
/** The operations that carry an idempotency key, `idem`. */
export declare const keyedOps: readonly string[];
