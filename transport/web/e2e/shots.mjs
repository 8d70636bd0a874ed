// Pictures for people to look at: PARLEY_E2E_SHOTS names the folder.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { at, endChat, intent, meet, picture, says, write } from "./lib.mjs";

export const title = "pictures";

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

export async function story(theatre) {
  const folder = process.env.PARLEY_E2E_SHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  const take = (page, name) => shoot(page, folder, name);
  const operator = await theatre.operator(0);
  const visitor = await theatre.visitor();
  await at(visitor, "department-status").first().waitFor();
  await take(visitor, "visitor-start");
  await take(operator, "console-empty");
  await intent(operator, "paused");
  await at(operator, "pause").waitFor();
  await take(operator, "console-paused");
  await intent(operator, "accepting");
  await meet(visitor, operator, "Hi! My parcel says delivered, but there is nothing at the door.");
  await write(operator, "Sorry to hear that. Let me look it up, one moment.");
  await says(visitor, "messages", "one moment");
  await write(visitor, "Thanks.\nThe order number is 20741.");
  await at(visitor, "file").setInputFiles({ name: "doorstep.png", mimeType: "image/png", buffer: picture });
  await at(operator, "picture").waitFor();
  await says(operator, "message", "20741");
  await at(operator, "note").check();
  await write(operator, "Third parcel this month that ended up next door.");
  await at(operator, "note").uncheck();
  await write(visitor, "My card ends in 4711.");
  await says(operator, "message", "4711");
  await at(visitor, "message").filter({ hasText: "4711" }).getByTestId("take-back").click();
  await at(visitor, "remove-yes").click();
  await operator.locator("[data-removed]").waitFor();
  await write(operator, "Found it: the courier left it with your neighbour at number 12.");
  const second = await theatre.visitor();
  await write(second, "Do you ship to Norway?");
  await at(operator, "offer").first().waitFor();
  await at(second, "place").waitFor();
  await take(second, "visitor-waiting");
  await at(visitor, "composer").pressSequentially("Oh, gr");
  await says(operator, "typing", "is writing");
  await take(operator, "console-chat");
  await take(visitor, "visitor-chat");
  await at(operator, "details-open").click();
  await at(operator, "tag").fill("parcel");
  await at(operator, "tag").press("Enter");
  await at(operator, "tag-chip").waitFor();
  await take(operator, "console-details");
  await at(operator, "explain-open").click();
  await at(operator, "decision").first().waitFor();
  await take(operator, "console-explain");
  await at(operator, "explain-close").click();
  await at(operator, "details-close").click();
  await at(operator, "transfer-open").click();
  await at(operator, "transfer-target").first().waitFor();
  await take(operator, "console-transfer");
  await at(operator, "transfer-no").click();
  await at(operator, "close").click();
  await take(operator, "console-close");
  await at(operator, "ask-no").click();
  await operator.setViewportSize(sizes.phone);
  await at(operator, "back").click();
  await shootAs(operator, folder, "console-list-phone", sizes.phone);
  await operator.setViewportSize(sizes.desktop);
  await at(operator, "accept").first().click();
  await says(second, "status", "You are chatting with");
  await write(operator, "Yes, we do.");
  await says(second, "messages", "Yes, we do.");
  await at(operator, "close").click();
  await at(operator, "ask-yes").click();
  await at(operator, "done").waitFor();
  await take(operator, "console-ended");
  await at(operator, "done").click();
  await at(second, "star-4").check({ force: true });
  await take(second, "visitor-ended");
  await at(operator, "chat-row").first().click();
  await endChat(operator);
  await intent(operator, "signed-out");
}

async function shoot(page, folder, name) {
  for (const [size, viewport] of Object.entries(sizes)) await shootAs(page, folder, `${name}-${size}`, viewport);
  await page.setViewportSize(sizes.desktop);
}

async function shootAs(page, folder, name, viewport) {
  await page.setViewportSize(viewport);
  for (const colorScheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
  }
}
