// Both pages without a mouse, without colour sight, in a background tab.

import assert from "node:assert/strict";
import { at, eventually, intent, look, reads, says } from "./lib.mjs";
import { everyLook } from "./looks.mjs";

export const title = "axe finds nothing; the keyboard is enough; a background tab calls";

export async function story(theatre) {
  const operator = await theatre.operator(0, { before: listen });
  const visitor = await theatre.visitor();
  await everyLook(visitor, "visitor, before the chat");
  await everyLook(operator, "console, empty");

  // The operator accepts work with the arrow keys.
  await at(operator, "intent-signed-out").focus();
  await operator.keyboard.press("ArrowLeft");
  await operator.keyboard.press("ArrowLeft");
  await eventually(async () => assert.equal(await at(operator, "intent-accepting").isChecked(), true));
  await says(operator, "intent-hint", "offered to you");

  // The visitor writes with the keyboard only: the first stop that takes text.
  await tabTo(visitor, "composer");
  await visitor.keyboard.type("First line");
  await visitor.keyboard.press("Shift+Enter");
  await visitor.keyboard.type("second line");
  await visitor.keyboard.press("Enter");
  await at(operator, "offer").first().waitFor();
  await everyLook(operator, "console with an offer");
  await tabTo(operator, "accept");
  await operator.keyboard.press("Enter");
  const first = ["visitor", "First line\nsecond line"];
  await reads(operator, [first]);

  // Accepting puts the focus where the answer is written.
  await operator.keyboard.type("Answer by keyboard");
  await operator.keyboard.press("Enter");
  await reads(visitor, [first, ["operator", "Answer by keyboard"]]);
  await everyLook(visitor, "visitor in a chat");
  await everyLook(operator, "console in a chat");

  await at(operator, "desktop").check();
  await look(operator, false);
  await visitor.keyboard.type("Unread 1");
  await visitor.keyboard.press("Enter");
  await visitor.keyboard.type("Unread 2");
  await visitor.keyboard.press("Enter");
  await counts(operator, "(2) Parley console", "2");
  await called(operator);
  await operator.reload();
  await counts(operator, "(2) Parley console", "2");
  assert.equal(await visitor.locator('[data-testid="message"][data-state]').last().getAttribute("data-state"), "sent");
  await look(operator, true);
  await counts(operator, "Parley console", "");
  await eventually(async () => assert.equal(await visitor.locator('[data-testid="message"][data-state]').last().getAttribute("data-state"), "seen"));

  // Preferences stay.
  await at(operator, "sound").uncheck();
  await operator.reload();
  await eventually(async () => assert.equal(await at(operator, "sound").isChecked(), false));
  assert.equal(await at(operator, "desktop").isChecked(), true);
  await at(operator, "sound").check();

  await refusesTooLong(visitor);
  await closeByKeyboard(visitor);
  await says(operator, "ended", "closed");
  await everyLook(visitor, "visitor after the chat");
  await at(operator, "done").click();
  await intent(operator, "signed-out");
}

/** Runs in the page: writes down what a person would hear and see on the desktop. */
function listen() {
  window.heard = [];
  window.Notification = class {
    static permission = "granted";
    constructor(title, { body }) {
      window.heard.push({ title, body });
    }
    close() {}
  };
  const play = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () {
    window.heard.push("tone");
    return play.call(this);
  };
}

/** A sound and a notification came, and the notification says nothing that anybody wrote. */
async function called(page) {
  const heard = await page.evaluate(() => window.heard);
  assert.ok(heard.includes("tone"), "no sound");
  const shown = heard.filter((one) => one.title);
  assert.ok(shown.length >= 1, "no notification");
  for (const { title, body } of shown) {
    assert.deepEqual({ title, body }, { title: "Parley console", body: "New message from a visitor" });
  }
}

async function tabTo(page, id) {
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    const here = await page.evaluate(() => {
      const focused = document.activeElement;
      return { id: focused?.dataset.testid, outline: focused ? getComputedStyle(focused).outlineStyle : "" };
    });
    if (here.id !== id) continue;
    assert.notEqual(here.outline, "none", `${id}: focus must be visible`);
    return;
  }
  assert.fail(`Tab never reaches ${id}`);
}

async function counts(page, title, badge) {
  await eventually(async () => assert.equal(await page.title(), title));
  await eventually(async () => {
    const shown = page.locator('[data-testid="unread"]:not([hidden]) > [aria-hidden]');
    assert.equal((await shown.allInnerTexts()).join(), badge);
  });
}

async function refusesTooLong(page) {
  await at(page, "composer").fill("ü".repeat(20_000));
  await says(page, "counter", /^Too long: 40000 of \d+ bytes$/);
  assert.equal(await at(page, "send").isDisabled(), true);
  const before = await at(page, "message").count();
  await at(page, "composer").press("Enter");
  assert.equal(await at(page, "message").count(), before);
  await at(page, "composer").fill("");
}

async function closeByKeyboard(page) {
  await at(page, "close").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape"); // changed their mind
  await eventually(async () => assert.equal(await at(page, "ask").isVisible(), false));
  await page.keyboard.press("Enter");
  await at(page, "ask-yes").focus();
  await page.keyboard.press("Enter");
  await says(page, "status", "You have closed this chat");
}
