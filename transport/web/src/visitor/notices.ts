// What became of the chat, in words: its entries that are no messages, and how it ended.

import type { Entry, Session, VisitorClient } from "../../client/src/index.ts";
import { common, visitor as words } from "../strings.ts";

/** The sentence for an entry; empty: nothing is shown. */
export function noticeOf(client: VisitorClient, session: Session | null, evt: Entry): string {
  const cause = evt.cause ?? "";
  const name = (id: string | undefined) => client.people.operator(id ?? "");
  switch (evt.t) {
    case "session.assigned": {
      const before = lastOwner(session, evt.seq);
      if (before === evt.d.operator) return words.backWith(name(before));
      return before ? common.tookOver(name(evt.d.operator), name(before)) : common.joined(name(evt.d.operator));
    }
    case "session.requeued":
      return words.requeued(evt.d.operator ? name(evt.d.operator) : "", cause);
    case "session.queued":
      return cause.startsWith("operator_") ? words.lookingAgain : "";
    case "session.unattended":
      return words.kept;
    case "warned":
      return words.asked;
    case "participant.joined":
      return common.joined(name(evt.d.operator));
    case "participant.left":
      return session?.owner === evt.d.operator ? "" : common.left(name(evt.d.operator));
    case "session.refused":
      return words.refused(cause);
    case "session.closing":
      return session ? endingOf(client, session) : "";
    case "session.closed":
      return session?.log.entries.some((entry) => entry.t === "session.closing") ? "" : words.closed(cause);
    default:
      return "";
  }
}

/** How the chat ended. */
export function endingOf(client: VisitorClient, session: Session): string {
  if (session.endedBy?.kind === "visitor") return words.closedByYou;
  if (session.endedBy?.kind === "operator") return words.closedBy(client.people.author(session.endedBy) ?? "");
  return words.closed(session.endCause);
}

/** Whose the chat was before an entry. */
function lastOwner(session: Session | null, before: number): string {
  let owner = "";
  for (const entry of session?.log.entries ?? []) if (entry.seq < before && entry.t === "session.assigned") owner = entry.d.operator;
  return owner;
}
