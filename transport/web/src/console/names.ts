// How operators call those whom they talk to and with.

import type { Desk, OperatorClient, Session } from "../../client/src/index.ts";
import { common, operator as words } from "../strings.ts";

/** The visitor's name where one is held, else the end of the chat's id. */
export function visitorOf(session: Session): string {
  return session.visitor?.identity?.find(({ name }) => name === "name")?.value ?? words.chat(session.sid);
}

/** Has the visitor proven who it is? */
export function isVerified(session: Session): boolean {
  return session.visitor?.identity?.some(({ verified }) => verified) === true || session.log.entries.some((evt) => evt.t === "identity.upgraded");
}

/** A colleague, or oneself. */
export function colleague(client: OperatorClient, desk: Desk, id: string): string {
  return id === desk.operator.id ? common.you : client.people.operator(id);
}

/** Where a chat is to go: a colleague, a department, a skill. */
export function targetName(client: OperatorClient, desk: Desk, target: { operator?: string; department?: string; skill?: string }): string {
  if (target.operator) return colleague(client, desk, target.operator);
  return target.department ? desk.department(target.department) : words.skill(target.skill ?? "");
}
