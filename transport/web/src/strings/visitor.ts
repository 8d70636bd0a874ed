// What the visitor reads.

import { ends } from "../strings.ts";

export const visitor = {
  title: "Chat",
  with: (tenant: string) => `Chat with ${tenant}`,
  waiting: "Waiting for an operator. You can write already.",
  peeked: "The operator sees what you write before you send it.",
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
  withOthers: (name: string, others: string) => `You are chatting with ${name} and ${others}`,
  opens: (when: string) => `Closed, opens ${when}`,
  statuses: { open: "Open", open_queue: "Open, with a wait", full: "Very busy at the moment", away: "Nobody is there right now", closed: "Closed" } as Record<string, string>,
  usually: (time: string) => `Usually ${time}`,
  ahead: (n: number) => (n === 1 ? "Open, 1 waits" : `Open, ${n} wait`),
  banned: (until: string) => `You cannot write here${until ? ` before ${until}` : " at the moment"}.`,
  departmentNotes: {
    closed: (when: string) => (when ? `We are closed and open again ${when}.` : "We are closed at the moment."),
    away: () => "Nobody is there right now. You can write all the same: whoever comes first will answer.",
    full: () => "Many people are waiting at the moment.",
    open_queue: () => "Nobody is free right now: there is a wait.",
  } as Record<string, (when: string) => string>,
  choose: "Please choose",
  optional: "(optional)",
  place: (n: number) => (n === 1 ? "You are next in line" : `You are number ${n} in line`),
  placeUnknown: "You are in line",
  estimate: (most: string) => `It usually takes ${most}.`,
  estimates: (half: string, most: string) => `It usually takes ${half}, rarely more than ${most}.`,
  detached: (name: string) => `${name} has lost the connection and is reconnecting. Your chat stays open.`,
  reconnecting: (name: string) => `${name} is reconnecting…`,
  unattended: "Your message is kept. You can add to it; it is answered as soon as somebody is there.",
  kept: "Your message is kept for later",
  warned: "Are you still there? The chat is closed soon if you do not write.",
  asked: "You were asked whether you are still there",
  requeued: (name: string, cause: string) => {
    const why = cause === "operator_lost" ? "has lost the connection" : cause === "operator_signed_out" || cause === "operator_removed" ? "had to leave" : "is handing you on";
    return `${name || "The operator"} ${why}. You keep your place in line.`;
  },
  backWith: (name: string) => `${name} is back with you`,
  leftMessage: "Your message is kept",
  leaveQuestion: "Stop waiting and leave what you have written as a message?",
  stars: (n: number) => (n === 1 ? "1 star" : `${n} stars`),
  rated: (n: number) => `Thank you. You gave ${n} of 5 stars.`,
};
