// Visitors wait: they see their place move, and may leave a message instead.

import assert from "node:assert/strict";
import { inHouse } from "./house.mjs";
import { at, endChat, eventually, intent, is, says, write } from "./lib.mjs";
import { everyLook } from "./looks.mjs";

export const title = "a line moves, and a message may be left instead of waiting";

export const story = (theatre) => inHouse(theatre, play);

async function play({ visitor, operator }) {
  const ada = await operator("ada");
  const guests = [];
  for (const [i, words] of ["first", "second", "third"].entries()) {
    const guest = await visitor();
    guests.push(guest);
    if (i === 0) await departments(guest);
    await write(guest, words);
    await says(guest, "place", i === 0 ? "You are next in line" : `You are number ${i + 1} in line`);
  }
  const [first, second, third] = guests;
  await everyLook(third, "visitor in line");
  await eventually(async () => assert.equal(await at(ada, "queue-row").count(), 3));

  await intent(ada, "accepting");
  await at(ada, "offer").waitFor();
  await says(ada, "offer-why", "the only one");
  await at(ada, "accept").click();
  await says(first, "status", "You are chatting with Ada");
  assert.equal(await at(first, "waiting").isVisible(), false);
  await says(second, "place", "You are next in line");
  await says(third, "place", "You are number 2 in line");
  await says(ada, "load", "1 of 1 chats");
  await at(ada, "queue-why").first().click();
  await says(ada, "toast", "Nothing was decided about you there");
  await third.reload();
  await says(third, "place", "You are number 2 in line");

  await at(second, "leave-message").click();
  await at(second, "leave-no").click();
  assert.equal(await at(second, "waiting").isVisible(), true, "changed their mind");
  await at(second, "leave-message").click();
  await at(second, "leave-yes").click();
  await is(second, "banner", "data-kind", "unattended");
  await says(second, "status", "Your message is kept");
  await says(third, "place", "You are next in line");
  await eventually(async () => assert.equal(await at(ada, "queue-row").count(), 1));

  // Taken out of turn, beyond one's capacity: there is no room.
  await at(ada, "pick").click();
  await says(ada, "toast", "no room");
  await endChat(ada);
  await at(ada, "accept").first().click();
  await says(third, "status", "You are chatting with Ada");
}

/** What the departments are stands beside their names. */
async function departments(page) {
  const [sales, help] = ["sales", "help"].map((id) => page.locator(`[data-testid=department-option][data-id=${id}]`));
  await eventually(async () => assert.equal(await help.getAttribute("data-status"), "closed"));
  await help.getByRole("radio").check();
  await says(page, "department-note", "closed");
  await sales.getByRole("radio").check();
  await eventually(async () => assert.doesNotMatch(await sales.getAttribute("data-status"), /closed/));
}
