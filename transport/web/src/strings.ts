// Every sentence that a person reads, in one place.

export const common = {
  online: "Connected",
  connecting: "Connecting…",
  waiting: "Connection lost. Reconnecting…",
  offline: "You are offline. Messages are kept and sent when the network is back.",
  you: "You",
  visitor: "Visitor",
  integration: "Automatic message",
  sending: "Sending",
  queued: "Waiting for the connection",
  sent: "Sent",
  seen: "Seen",
  failed: (why: string) => `Not sent: ${why}`,
  retry: "Try again",
  discard: "Discard",
  earlier: "Show earlier messages",
  loading: "Loading…",
  typing: (name: string) => `${name} is writing…`,
  bytes: (used: number, limit: number) => `${used} of ${limit} bytes`,
  tooLong: (used: number, limit: number) => `Too long: ${used} of ${limit} bytes`,
  unknownBody: "This message cannot be shown here.",
  joined: (name: string) => `${name} has joined`,
  assignedYou: "You have taken this chat",
  requestFailed: (why: string) => `That did not work: ${why}`,
};

/** Codes of docs/PROTOCOL.md that a person can meet. */
export const errors: Record<string, string> = {
  session_closed: "the chat is closed",
  too_large: "the message is too long",
  not_owner: "this chat is with somebody else",
  not_found: "the chat is no longer here",
  offer_gone: "the offer has ended",
  offer_not_yours: "the offer was made to somebody else",
  stale_epoch: "the chat has changed hands",
  queue_full: "too many people are waiting",
  rate_limited: "too many messages at once",
  idem_conflict: "it was sent before with another text",
  erased: "the chat was erased",
  forbidden: "you are not allowed to do this",
  disconnected: "there is no connection",
  timeout: "the server did not answer",
  unavailable: "the server is busy",
  auth_invalid: "the sign-in is not valid",
  auth_expired: "the sign-in has expired",
  tenant_unknown: "this address names no known company",
  origin_not_allowed: "this web page is not allowed to open chats",
  too_many_connections: "too many windows are open",
  unsupported_version: "this page is out of date; reload it",
  internal: "the server had a problem",
  auth_failed: "the sign-in is not valid",
  signed_out: "you were signed out",
  bad_frames: "this page and the server do not understand each other; reload the page",
};

export function explain(code: string): string {
  return errors[code] ?? code.replace(/_/g, " ");
}

const ends: Record<string, string> = {
  visitor_left: "The visitor has left",
  queue_timeout: "Nobody was free in time",
  department_closed: "This department is closed at the moment",
  shutdown: "The service was stopped",
  integration: "The chat was closed by the website",
};

export const visitor = {
  title: "Chat",
  with: (tenant: string) => `Chat with ${tenant}`,
  waiting: "Waiting for an operator. You can write already.",
  lookingAgain: "The operator had to leave. Looking for somebody else…",
  inChat: (name: string) => `You are chatting with ${name}`,
  closedByYou: "You have closed this chat",
  closed: (cause: string) => (cause === "visitor_left" ? "This chat has ended" : ends[cause] ?? "This chat was closed"),
  closedBy: (name: string) => `${name} has closed this chat`,
  refused: (cause: string) => ends[cause] ?? "Nobody can take this chat at the moment",
  refusedLine: (why: string) => `The chat cannot be reached: ${why}.`,
  starting: "Starting the chat…",
  idle: "Write to start a chat",
  unread: (n: number, title: string) => `(${n}) ${title}`,
};

export const operator = {
  title: "Parley console",
  noToken: "This page needs a sign-in token",
  noTokenHelp: "Open the console with the link from your own application: the token is the part of the address after #token=.",
  refusedLine: (why: string) => `You are not connected: ${why}.`,
  intents: { accepting: "Accepting", paused: "Paused", signed_out: "Signed out" } as Record<string, string>,
  intentHints: {
    accepting: "New chats are offered to you.",
    paused: "You keep your chats; no new ones are offered.",
    signed_out: "You are not at work. Choose Accepting to get chats.",
    missed: "Paused because offers were missed. Choose Accepting to go on.",
  } as Record<string, string>,
  chat: (sid: string) => `Visitor ${sid.slice(-4)}`,
  load: (used: string, capacity: string) => `${used} of ${capacity} chats`,
  waits: (time: string) => `waiting ${time}`,
  secondsLeft: (n: number) => `${n} s left`,
  offered: "offered",
  noOffers: "No offers at the moment.",
  noChats: "You have no chats.",
  nobodyWaits: "Nobody is waiting.",
  present: "On the page",
  absent: "Left the page",
  lastActive: (time: string) => `last active ${time}`,
  unread: (n: number) => (n === 1 ? "1 unread message" : `${n} unread messages`),
  draft: "Draft: ",
  writing: "is writing…",
  closed: "Closed",
  noMessages: "No messages yet",
  queued: (department: string) => `Waiting in ${department}`,
  requeued: (cause: string) => `Back in the queue${reason(cause)}`,
  offerMade: (name: string) => `Offered to ${name}`,
  offerEnded: (name: string, cause: string) => `${name} ${declined[cause] ?? "did not take it"}`,
  closedByYou: "You have closed this chat",
  closedBy: (name: string) => `${name} has closed this chat`,
  closedCause: (cause: string) => ends[cause] ?? "This chat was closed",
  gone: "This chat is no longer with you.",
  isOver: "This chat is closed.",
  signOutWarning: (n: number) => (n === 1 ? "You still have an open chat. Sign out all the same?" : `You still have ${n} open chats. Sign out all the same?`),
  newOffer: "A chat is offered to you",
  newMessage: "New message from a visitor",
  notificationsBlocked: "Your browser blocks notifications for this page.",
  taken: "The offer has ended: somebody else took it, or the time ran out.",
  countTitle: (n: number) => `(${n}) Parley console`,
};

const declined: Record<string, string> = {
  rejected: "declined",
  missed: "did not answer",
  operator_lost: "lost the connection",
  operator_signed_out: "signed out",
  restart: "was interrupted by a restart",
};

function reason(cause: string): string {
  if (cause === "operator_lost") return ": the operator's connection was lost";
  if (cause === "operator_signed_out") return ": the operator signed out";
  return "";
}
