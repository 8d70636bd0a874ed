// What happened to a chat, as its operators read it.

import type { Entry, OperatorClient, Session } from "../../client/src/index.ts";
import { wordsOf } from "../body.ts";
import { common, operator as words } from "../strings.ts";
import { ruleOf } from "./explain.ts";
import { colleague, targetName } from "./names.ts";

/** The sentence for an entry that is no message; empty: nothing is shown. */
export function noticeOf(client: OperatorClient, session: Session, evt: Entry): string {
  const { desk } = client;
  const who = (id: string | undefined) => colleague(client, desk, id ?? "");
  const cause = evt.cause ?? "";
  switch (evt.t) {
    case "session.queued":
      return cause.startsWith("operator_") ? words.requeued(cause) : words.queued(desk.department(evt.d.department));
    case "session.requeued":
      return words.requeuedFrom(evt.d.operator ? who(evt.d.operator) : "", cause);
    case "step.relaxed":
      return words.searchWider(evt.d.facts?.step ?? 0);
    case "offer.made":
      return words.offerMade(client.people.operator(evt.d.operator), ruleOf(evt));
    case "offer.ended":
      return words.offerEnded(client.people.operator(evt.d.operator), cause);
    case "session.assigned":
      return evt.d.operator === desk.operator.id ? common.assignedYou : cause === "supervisor" ? words.tookItOver(who(evt.d.operator)) : common.joined(who(evt.d.operator));
    case "session.detached":
      return words.lostConnection(who(evt.d.operator));
    case "session.restored":
      return words.isBack(who(evt.d.operator));
    case "session.unattended":
      return words.unattended;
    case "transfer.started":
      return words.handing(evt.by.kind === "operator" ? who(evt.by.id) : words.theServer, targetName(client, desk, evt.d.facts.target ?? {}));
    case "transfer.ended":
      return words.transferOutcomes[evt.d.facts.outcome ?? ""]?.(words.causes[cause] ?? "") ?? "";
    case "participant.joined":
      return words.joinedAs(who(evt.d.operator), evt.d.facts?.as ?? "member");
    case "participant.left":
      return common.left(who(evt.d.operator));
    case "tags.set":
      return words.tagged(evt.d.facts?.tags ?? []);
    case "priority.set":
      return words.prioritised(evt.d.facts?.priority ?? 0);
    case "warned":
      return words.warned;
    case "nudged":
      return words.nudged;
    case "wrapup.extended":
      return words.extended;
    case "rated":
      return words.ratedWith(evt.d.facts?.score ?? 0);
    case "note.added": {
      const said = wordsOf(evt.d.body);
      return evt.by.kind === "visitor" ? words.commented(said) : words.noteAdded(who(evt.by.id), said);
    }
    case "identity.upgraded":
      return words.proven;
    case "session.closing":
      return ending(client, evt);
    case "session.closed":
      return session.log.entries.some((entry) => entry.t === "session.closing") ? "" : ending(client, evt);
    default:
      return "";
  }
}

function ending(client: OperatorClient, evt: Entry): string {
  if (evt.by.kind === "operator") {
    return evt.by.id === client.desk.operator.id ? words.closedByYou : words.closedBy(client.people.author(evt.by) ?? "");
  }
  if (evt.by.kind === "visitor") return words.closedBy("The visitor");
  return words.closedCause(evt.cause ?? "");
}
