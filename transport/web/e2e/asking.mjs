// A form before the chat: what must be answered, who reads it, and taking it back.

import assert from "node:assert/strict";
import { inHouse } from "./house.mjs";
import { at, eventually, intent, reads, says, write } from "./lib.mjs";
import { everyLook } from "./looks.mjs";

export const title = "a form before the chat";

export const story = (theatre) => inHouse(theatre, play);

async function play({ visitor, operator }) {
  const [grace, guest] = [await operator("grace"), await visitor()];
  await intent(grace, "accepting");
  assert.equal(await at(guest, "questions").isVisible(), false, "sales asks nothing");
  await guest.locator("[data-testid=department-option][data-id=care]").click();
  await eventually(async () => assert.equal(await at(guest, "question").count(), 3));
  const field = (name) => guest.locator(`#question-${name}`);

  await field("subject").fill("  A broken door ");
  await write(guest, "It came broken.");
  await eventually(async () => assert.equal(await field("order").evaluate((input) => document.activeElement === input), true, "what is missing is asked for"));
  assert.equal(await at(guest, "composer").inputValue(), "It came broken.", "nothing that was written is lost");
  await everyLook(guest, "visitor, before the chat");
  await field("order").fill("4711");
  await field("kind").selectOption("new");
  await write(guest, "It came broken.");

  await says(grace, "offer-subject", "A broken door");
  assert.equal((await at(grace, "offer").innerText()).includes("4711"), false, "who is asked reads the subject alone");
  await everyLook(grace, "console, an offer with its subject");
  await at(grace, "accept").click();
  const filled = "A broken door\nKind: new\nOrder number: 4711";
  for (const page of [grace, guest]) await reads(page, [["visitor", filled], ["visitor", "It came broken."]]);
  await at(guest, "take-back").first().click();
  await at(guest, "remove-yes").click();
  await eventually(async () => assert.equal((await grace.content()).includes("4711"), false));
  await eventually(async () => assert.equal((await guest.content()).includes("4711"), false));

  await at(grace, "close").click();
  const reasons = await grace.$$eval("#close-reasons option", (all) => all.map((one) => one.value));
  assert.deepEqual(reasons, ["mended", "replaced"], "what the department lists");
  await at(grace, "close-reason").fill("mended");
  await at(grace, "ask-yes").click();
  await says(guest, "status", "Grace has closed this chat");

  await at(guest, "again").click();
  assert.equal(await at(guest, "questions").isVisible(), false, "a chat that continues need not answer again");
  const other = await visitor();
  await intent(grace, "paused");
  await write(other, "hello");
  await at(grace, "queue-row").waitFor();
  assert.equal(await at(grace, "pick").isVisible(), false, "grace may not take chats out of turn");
}
