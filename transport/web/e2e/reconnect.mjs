// The network goes and comes back: what was written meanwhile arrives once.

import assert from "node:assert/strict";
import { at, endChat, eventually, intent, is, meet, reads, says, write } from "./lib.mjs";

export const title = "messages written offline arrive once";

export async function story(theatre) {
  const operator = await theatre.operator(0);
  const visitor = await theatre.visitor();
  await intent(operator, "accepting");
  await meet(visitor, operator, "Before the tunnel");
  const want = [["visitor", "Before the tunnel"]];

  await visitor.context().setOffline(true);
  await is(visitor, "connection", "data-state", "offline");
  await says(visitor, "connection", "You are offline");
  await write(visitor, "In the tunnel, 1");
  await write(visitor, "In the tunnel, 2");
  want.push(["visitor", "In the tunnel, 1"], ["visitor", "In the tunnel, 2"]);
  await reads(visitor, want);
  assert.equal(await visitor.locator('[data-state="sending"]').count(), 2, "both wait for the connection");
  await write(operator, "Are you still there?");
  await reads(operator, [want[0], ["operator", "Are you still there?"]]);

  await visitor.context().setOffline(false);
  await is(visitor, "connection", "data-state", "online");
  const whole = [want[0], ["operator", "Are you still there?"], want[1], want[2]];
  await reads(visitor, whole);
  await reads(operator, whole);
  await eventually(async () => assert.equal(await visitor.locator('[data-state="sending"]').count(), 0));

  // A message that is unsent when the page is loaded again goes out afterwards.
  await operator.context().setOffline(true);
  await is(operator, "connection", "data-state", "offline");
  await write(operator, "Written before a reload");
  await operator.context().setOffline(false);
  await operator.reload();
  whole.push(["operator", "Written before a reload"]);
  await reads(operator, whole);
  await reads(visitor, whole);

  // Nothing more comes of it later.
  await write(visitor, "Thank you");
  whole.push(["visitor", "Thank you"]);
  await reads(operator, whole);
  await reads(visitor, whole);

  // The chat ends while the visitor is away: the page says what became of the words.
  await visitor.context().setOffline(true);
  await is(visitor, "connection", "data-state", "offline");
  await write(visitor, "Too late");
  await endChat(operator);
  await visitor.context().setOffline(false);
  await is(visitor, "connection", "data-state", "online");
  await says(visitor, "delivery", /^Not sent: the chat is closed\s*Discard$/);
  assert.equal(await at(visitor, "composer").isVisible(), false);
  await at(visitor, "discard").click();
  await reads(visitor, whole);
  await visitor.reload();
  await reads(visitor, whole); // the ended chat stays readable until another one is started
  await at(visitor, "again").click();
  await says(visitor, "status", "Write to start a chat");
  await intent(operator, "signed-out");
}
