// What operators read.

import { ends } from "../strings.ts";

export const operator = {
  title: "Parley console",
  proven: "The visitor has signed in",
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
  peeked: "Not sent yet:",
  note: "Note for colleagues",
  noteOf: (name: string) => `${name} · note for colleagues`,
  noteHint: "Write a note that only colleagues see",
  messageHint: "Write a message",
  noteSnippet: (words: string) => `Note: ${words}`,
  send: "Send",
  saveNote: "Save note",
  saveEdit: "Save",
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
