// A visitor whom the tenant vouches for: `#jwt=` in the address, at the start and
// in the middle of a chat, on two devices. The demo has no keys for visitors, so
// the story brings a server of its own: PARLEY_BINARY names the program.

import assert from "node:assert/strict";
import { Parley, tenant } from "../live/server.mjs";
import { at, endChat, eventually, intent, is, meet, reads, says, transcript, write } from "./lib.mjs";

export const title = "a proven visitor keeps its chat, on every device";

export async function story(theatre) {
  const parley = await Parley.start();
  try {
    await play(theatre, parley);
  } finally {
    await theatre.close();
    await parley.close();
  }
}

async function play(theatre, parley) {
  const page = (path, fragment = "") => `${parley.origin}/${path}?tenant=${tenant}${fragment}`;
  const proof = `#jwt=${parley.visitorToken("customer-17")}`;
  const operator = await theatre.open(page("console", `#token=${parley.operatorToken()}`));
  await intent(operator, "accepting");

  // Somebody writes, and signs in on the page around the chat.
  const visitor = await theatre.open(page("visitor"));
  await meet(visitor, operator, "Where is my parcel?");
  await visitor.evaluate((fragment) => (location.hash = fragment), proof);
  await says(operator, "notice", "The visitor has signed in");
  await eventually(() => assert.equal(new URL(visitor.url()).hash, "", "the proof must leave the address"));
  await is(visitor, "connection", "data-state", "online");
  await write(visitor, "It is me");
  const want = [["visitor", "Where is my parcel?"], ["visitor", "It is me"]];
  await reads(operator, want);
  await reads(visitor, want);
  const kept = await visitor.evaluate(() => JSON.stringify(localStorage));
  assert.equal(kept.includes(proof.slice(5)), false, "the proof does not outlive the tab");

  // The same person on another device is in the same chat.
  const phone = await theatre.open(page("visitor", proof));
  assert.equal(phone.url().includes("jwt"), false);
  await reads(phone, want);
  await write(phone, "And on my phone");
  want.push(["visitor", "And on my phone"]);
  for (const one of [operator, visitor, phone]) await reads(one, want);
  await phone.reload();
  await reads(phone, want);

  // A proof that is worth nothing proves nothing: the page serves a stranger.
  const stranger = await theatre.open(page("visitor", `#jwt=${parley.operatorToken("customer-17")}`));
  await says(stranger, "status", "Write to start a chat");
  assert.deepEqual(await transcript(stranger), []);
  assert.equal(await at(stranger, "message").count(), 0);

  await endChat(operator);
  await says(phone, "status", "has closed this chat");
  await intent(operator, "signed-out");
}
