// A supervisor: the board, why a chat went where it went, watching, whispering, taking over.

import assert from "node:assert/strict";
import { inHouse } from "./house.mjs";
import { at, eventually, intent, meet, reads, says, write } from "./lib.mjs";
import { everyLook } from "./looks.mjs";

export const title = "a supervisor sees, asks, joins and takes over";

export const story = (theatre) => inHouse(theatre, play);

async function play({ visitor, operator }) {
  const [ada, eve] = [await operator("ada"), await operator("eve", ["operator", "supervisor"])];
  const [guest, waiting] = [await visitor(), await visitor()];
  assert.equal(await at(ada, "board-open").isVisible(), false, "the board is for supervisors");
  await intent(ada, "accepting");
  const sid = await meet(guest, ada, "I want my money back.");
  await write(waiting, "Hello?");
  await board(eve, sid);

  // Out of turn: the one who waits is taken by the supervisor.
  await at(eve, "queue-row").first().waitFor();
  await at(eve, "pick").first().click();
  await says(waiting, "status", "You are chatting with Eve");
  await at(eve, "explain-open").evaluate((button) => button.click());
  await says(eve, "decision", "Picked by hand");
  await at(eve, "explain-close").click();

  await explains(ada, [/Offered to you/, /Nobody else could take it/], "Eve", "not taking chats");

  await joins(eve, sid, "observer");
  await reads(eve, [["visitor", "I want my money back."]]);
  await says(eve, "strip", "watching");
  assert.equal(await at(eve, "composer").isVisible(), false, "who watches does not write");
  await says(ada, "notice", "Eve has joined to watch");
  await at(eve, "leave").click();
  await joins(eve, sid, "whisper");
  await says(eve, "strip", "only colleagues");
  await write(eve, "offer half of it");
  await says(ada, "message-body", "offer half of it");
  await write(ada, "Would half of it do?");
  await reads(guest, [["visitor", "I want my money back."], ["operator", "Would half of it do?"]]);
  assert.equal((await guest.content()).includes("Eve"), false, "who whispers is not told of");

  await at(eve, "board-open").click();
  await eve.locator(`[data-testid=served-row][data-sid="${sid}"]`).getByTestId("served-take").click();
  await says(guest, "status", "You are chatting with Eve and Ada");
  await says(guest, "notice", "Eve has taken over from Ada");
  await says(ada, "mark", "With");
  await write(ada, "I stay with you.");
  await says(guest, "message-body", "I stay with you.");

  // A ban ends the chat; the visitor is told, and lifting it lets it back in.
  await at(eve, "chat-row").filter({ hasText: sid.slice(-4) }).click();
  await at(eve, "details-open").click();
  await says(eve, "person", "1 chat");
  await at(eve, "ban-open").click();
  await at(eve, "ban-days").selectOption("7");
  await at(eve, "ban-go").click();
  await says(eve, "banned", "Banned until");
  await at(guest, "again").click();
  await guest.reload();
  await says(guest, "status", "You cannot write here before");
  assert.equal(await at(guest, "composer").isDisabled(), true);
  await at(eve, "ban-lift").click();
  await eventually(async () => assert.equal(await at(eve, "banned").isVisible(), false));
  await guest.reload();
  await says(guest, "status", "Write to start a chat");
}

/** The board counts by itself; a supervisor pauses somebody from it. */
async function board(page, sid) {
  await at(page, "board-open").click();
  const sales = page.locator("[data-testid=board-department][data-id=sales]");
  const counts = (id, want) => eventually(async () => assert.equal(await sales.getByTestId(`board-${id}`).innerText(), want));
  await counts("waiting", "1");
  await counts("active", "1");
  await counts("slots", "0");
  const ada = page.locator("[data-testid=team-row][data-id=ada]");
  await eventually(async () => assert.equal(await ada.getAttribute("data-state"), "accepting"));
  await ada.getByTestId("team-intent").selectOption("paused");
  await eventually(async () => assert.equal(await ada.getAttribute("data-state"), "paused"));
  await ada.getByTestId("team-intent").selectOption("accepting");
  await eventually(async () => assert.equal(await ada.getAttribute("data-state"), "accepting"));
  const served = page.locator(`[data-testid=served-row][data-sid="${sid}"]`);
  await served.waitFor();
  assert.match(await served.innerText(), /Sales\s+Ada/);
  await everyLook(page, "board");
  await served.getByTestId("served-watch").click();
  assert.equal(await at(page, "join-sid").inputValue(), sid);
  await at(page, "join-no").click();
  await at(page, "board-close").click();
}

async function explains(page, decision, other, why) {
  await at(page, "details-open").click();
  await at(page, "explain-open").click();
  for (const words of decision) await says(page, "decision", words);
  await says(page, "explain-why", "You were chosen");
  await everyLook(page, "console, explaining");
  if ((await at(page, "explain-who").innerText()).includes(other)) {
    await at(page, "explain-who").selectOption({ label: other });
    await says(page, "explain-why", why);
  }
  await at(page, "explain-close").click();
  await at(page, "details-close").click();
}

async function joins(page, sid, part) {
  await at(page, "join-open").click();
  await at(page, "join-sid").fill(sid.toLowerCase());
  await at(page, `part-${part}`).check();
  await at(page, "join-go").click();
}
