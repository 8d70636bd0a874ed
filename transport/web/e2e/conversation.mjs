// A visitor and two operators: queue, decline, accept, ten messages each way, an
// edit, a note, a message taken back, typing, reloads that lose and repeat nothing,
// close.

import assert from "node:assert/strict";
import { at, eventually, intent, is, reads, says, transcript, write } from "./lib.mjs";

export const title = "a visitor and two operators talk";

export async function story(theatre) {
  const ada = await theatre.operator(0);
  const grace = await theatre.operator(1);
  const visitor = await theatre.visitor();
  assert.ok(!ada.url().includes("token"), "the token must leave the address");

  await write(visitor, "Hello, is anybody there?");
  await says(visitor, "status", "Waiting for an operator");
  const sid = await waiting(ada);
  assert.equal(await waiting(grace), sid, "both operators see who waits");
  await ticking(ada);

  await intent(ada, "accepting");
  await at(ada, "decline").first().click();
  await eventually(async () => assert.equal(await at(ada, "offer").count(), 0));
  await intent(grace, "accepting");
  await at(grace, "accept").first().click();
  const name = await at(grace, "me").innerText();
  await says(visitor, "status", `You are chatting with ${name}`);
  await says(visitor, "notice", `${name} has joined`);
  for (const page of [ada, grace]) await eventually(async () => assert.equal(await at(page, "queue-row").count(), 0));

  const want = [["visitor", "Hello, is anybody there?"]];
  for (let i = 1; i <= 10; i++) {
    await write(grace, `answer ${i}`);
    await write(visitor, `question ${i}`);
    want.push(["operator", `answer ${i}`], ["visitor", `question ${i}`]);
    // The two sides write at their own pace: order is judged per side, and both see the same whole.
    await eventually(async () => assert.equal((await transcript(visitor)).length, want.length));
  }
  await eventually(async () => {
    assert.deepEqual(await transcript(visitor), await transcript(grace), "both sides read the same");
    for (const side of ["visitor", "operator"]) {
      assert.deepEqual((await transcript(visitor)).filter(([author]) => author === side), want.filter(([author]) => author === side));
    }
  });
  await settled(visitor);
  await changes(visitor, grace);
  await settled(visitor);
  const whole = await transcript(visitor);
  const [note] = await grace.$$eval("[data-note] .body", (all) => all.map((one) => one.textContent));
  const withNote = (lines) => lines.toSpliced(22, 0, ["operator", note]);
  await reads(grace, withNote(whole));

  await at(visitor, "composer").pressSequentially("I am wri");
  await says(grace, "typing", "is writing");
  if (await at(visitor, "peeked").isVisible()) await says(grace, "peek", "I am wri");
  await at(visitor, "composer").fill("");
  await eventually(async () => assert.equal(await at(grace, "peek").isVisible(), false));
  await eventually(async () => assert.equal(await at(grace, "typing").innerText(), ""));
  await at(grace, "composer").pressSequentially("So am I");
  await says(visitor, "typing", "is writing");

  await visitor.reload();
  await reads(visitor, whole);
  await settled(visitor);
  await grace.reload();
  await reads(grace, withNote(whole));
  assert.equal(await at(grace, "note").isChecked(), false, "what is written now is for the visitor");
  assert.equal(await at(grace, "composer").inputValue(), "So am I", "a draft survives a reload");
  assert.equal(await at(grace, "intent-accepting").isChecked(), true, "the intent survives a reload");
  await at(grace, "composer").press("Enter");
  whole.push(["operator", "So am I"]);
  await reads(visitor, whole);
  await reads(grace, withNote(whole));

  await at(grace, "close").click();
  await at(grace, "ask-yes").click();
  await says(grace, "ended", "closed");
  await says(visitor, "status", `${name} has closed this chat`);
  await at(visitor, "again").click();
  assert.equal(await at(visitor, "message").count(), 0);
  await at(visitor, "composer").waitFor();
  await at(grace, "done").click();
  for (const page of [ada, grace]) await intent(page, "signed-out");
}

/** The operator corrects itself and leaves a note, the visitor takes a message back: all by keyboard. */
async function changes(visitor, operator) {
  const box = at(operator, "composer");
  await write(operator, "tankh you");
  for (const page of [visitor, operator]) await says(page, "message-body", "tankh you");
  await eventually(async () => assert.equal(await operator.locator('[data-testid="message"][data-state="sending"]').count(), 0));
  await box.press("ArrowUp");
  assert.equal(await box.inputValue(), "tankh you");
  await at(operator, "editing").waitFor();
  await box.press("Escape");
  assert.equal(await box.inputValue(), "");
  await box.press("ArrowUp");
  await box.fill("thank you");
  await box.press("Enter");
  for (const page of [visitor, operator]) {
    await says(page, "message-body", "thank you");
    await at(page, "edited").filter({ visible: true }).waitFor();
    await eventually(async () => assert.equal((await transcript(page)).some(([, words]) => words === "tankh you"), false));
  }

  await box.press("Alt+n");
  assert.equal(await at(operator, "note").isChecked(), true);
  await write(operator, "seems to be in a hurry");
  await operator.locator('[data-testid="message"][data-note]').waitFor();
  await box.press("Alt+n");
  assert.equal(await at(operator, "note").isChecked(), false);

  await write(visitor, "My card is 4711");
  await says(operator, "message-body", "My card is 4711");
  const button = at(visitor, "message").filter({ hasText: "My card is 4711" }).getByTestId("take-back"); // not before it was sent
  await button.focus();
  await button.press("Enter");
  await at(visitor, "remove-yes").press("Enter");
  for (const page of [visitor, operator]) {
    await page.locator("[data-removed]").waitFor();
    assert.equal((await page.content()).includes("4711"), false, "the words are gone from the page");
  }
}

async function waiting(page) {
  await at(page, "queue-row").first().waitFor();
  return at(page, "queue-row").first().getAttribute("data-sid");
}

async function ticking(page) {
  const before = await at(page, "queue-wait").first().innerText();
  await eventually(async () => assert.notEqual(await at(page, "queue-wait").first().innerText(), before));
}

/** Nothing is on its way any more; the last message of the page's own was seen. */
async function settled(page) {
  const own = page.locator('[data-testid="message"][data-state]');
  await eventually(async () => assert.equal(await page.locator('[data-state="sending"], [data-state="failed"]').count(), 0));
  await eventually(async () => assert.equal(await own.last().getAttribute("data-state"), "seen"));
  await is(page, "connection", "data-state", "online");
}
