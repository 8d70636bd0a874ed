// Chats change hands: by a warm transfer, and because an operator's connection is lost.

import assert from "node:assert/strict";
import { inHouse } from "./house.mjs";
import { at, eventually, intent, is, meet, reads, says, write } from "./lib.mjs";

export const title = "a chat is handed on, and survives its operator";

export const story = (theatre) => inHouse(theatre, play);

async function play({ visitor, operator }) {
  const [ada, grace, guest] = [await operator("ada"), await operator("grace"), await visitor()];
  await intent(ada, "accepting");
  await meet(guest, ada, "Where is my parcel?");
  await intent(grace, "accepting");

  // Warm: Ada stays in charge until Grace accepts. First it is called off.
  await handTo(ada, "grace", "knows parcels");
  await says(ada, "strip", "Offered to Grace");
  await at(grace, "offer").waitFor();
  await at(ada, "transfer-undo").click();
  await eventually(async () => assert.equal(await at(grace, "offer").count(), 0));
  await says(ada, "notice", "called off");
  await handTo(ada, "grace", "knows parcels well");
  await at(grace, "accept").click();
  await says(guest, "status", "You are chatting with Grace");
  await says(guest, "notice", "Grace has taken over from Ada");
  await says(ada, "ended", "no longer with you");
  await says(grace, "message-body", "knows parcels well");
  assert.equal((await guest.content()).includes("knows parcels"), false, "a note is not the visitor's");
  await at(ada, "done").click();
  await write(grace, "It is on its way.");
  await reads(guest, [["visitor", "Where is my parcel?"], ["operator", "It is on its way."]]);

  // Grace's connection is lost: the visitor is told, then keeps its place, and Ada gets it.
  await grace.context().setOffline(true);
  await is(guest, "banner", "data-kind", "detached", 20_000);
  await says(guest, "banner", "Grace has lost the connection");
  await says(guest, "notice", "You keep your place", 20_000);
  await at(ada, "accept").first().click();
  await says(guest, "status", "You are chatting with Ada");
  await says(guest, "notice", "Ada has taken over from Grace");
  await reads(ada, [["visitor", "Where is my parcel?"], ["operator", "knows parcels"], ["operator", "knows parcels well"], ["operator", "It is on its way."]]);
  await grace.context().setOffline(false);
  await is(grace, "connection", "data-state", "online", 20_000);
  await says(grace, "ended", "no longer with you");

  // Back in the line: who gives it back does not get it again at once.
  await at(ada, "release").click();
  await at(ada, "release-yes").click();
  await says(guest, "notice", "is handing you on");
  await at(grace, "accept").first().click();
  await says(guest, "status", "You are chatting with Grace");
}

async function handTo(page, id, note) {
  await at(page, "transfer-open").click();
  await page.locator(`[data-testid=transfer-target][data-id=${id}]`).click();
  await at(page, "transfer-note").fill(note);
  await at(page, "transfer-go").click();
  await eventually(async () => assert.equal(await at(page, "transfer").isVisible(), false));
}
