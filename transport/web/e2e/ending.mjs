// After the chat: tags, time for notes, a rating, a file seen by both, a chat that continues.

import assert from "node:assert/strict";
import { inHouse } from "./house.mjs";
import { at, eventually, intent, meet, picture, says, write } from "./lib.mjs";
import { everyLook } from "./looks.mjs";

export const title = "notes, a rating, and a chat that continues";

export const story = (theatre) => inHouse(theatre, play);

async function play({ visitor, operator }) {
  const [ada, guest] = [await operator("ada"), await visitor()];
  await intent(ada, "accepting");
  const sid = await meet(guest, ada, "It came broken.");
  await files(guest, ada);
  await at(ada, "details-open").click();
  await at(ada, "tag").fill("broken");
  await at(ada, "tag").press("Enter");
  await says(ada, "tag-chip", "broken");
  await at(ada, "priority").selectOption("3");
  await says(ada, "notice", "Priority +3");
  await everyLook(ada, "console with details");
  await at(ada, "details-close").click();
  await at(ada, "transfer-open").click();
  await everyLook(ada, "console, handing on");
  await at(ada, "transfer-no").click();
  await write(ada, "You get a new one.");
  await says(guest, "message-body", "You get a new one.");

  await at(ada, "close").click();
  await at(ada, "close-tags").fill("replaced, broken");
  await at(ada, "ask-yes").click();
  await says(ada, "ended", "Time for your notes");
  await says(ada, "notice", "Tags: broken, replaced");
  await says(ada, "mark", "Notes");
  const left = Number((await at(ada, "wrapup-left").innerText()).split(":")[1]);
  assert.ok(left > 20 && left <= 40, `wrap-up: got ${left} s, want about 40`);
  await eventually(async () => assert.ok(Number((await at(ada, "wrapup-left").innerText()).split(":")[1]) < left, "the time runs"));
  await at(ada, "wrapup-extend").click();
  await says(ada, "notice", "More time for notes");
  await everyLook(ada, "console with time for notes");
  await at(ada, "after-note").fill("was patient");
  await at(ada, "after-save").click();
  await says(ada, "notice", "You noted: was patient");

  await says(guest, "status", "Ada has closed this chat");
  await at(guest, "star-4").check({ force: true });
  await everyLook(guest, "visitor, rating");
  await at(guest, "comment").fill("Quick and kind");
  await at(guest, "rate").click();
  await says(guest, "rated", "4 of 5");
  await says(ada, "notice", "The visitor gave 4 of 5 stars");
  await says(ada, "notice", "The visitor commented: Quick and kind");
  assert.equal((await guest.content()).includes("patient"), false, "operators' notes are not the visitor's");
  await at(ada, "done").click();
  await says(ada, "load", "0 of 1 chats");
  await guest.reload();
  await says(guest, "rated", "4 of 5");

  await at(guest, "again").click();
  await write(guest, "One more thing");
  const offer = at(ada, "offer").first();
  await offer.waitFor();
  assert.notEqual(await offer.getAttribute("data-sid"), sid);
  await at(ada, "accept").first().click();
  await at(ada, "details-open").click();
  await says(ada, "facts", `Visitor ${sid.slice(-4)}`);
}

async function files(guest, ada) {
  await at(guest, "file").setInputFiles({ name: "door.png", mimeType: "image/png", buffer: picture });
  for (const page of [guest, ada]) {
    await at(page, "picture").waitFor();
    await eventually(async () => assert.equal(await at(page, "picture").evaluate((image) => image.naturalWidth), 240));
  }
  const saved = ada.waitForEvent("download");
  await at(ada, "download").click();
  assert.equal((await saved).suggestedFilename(), "door.png");
  await at(guest, "file").setInputFiles({ name: "run.exe", mimeType: "application/x-msdownload", buffer: Buffer.from("MZ") });
  await says(guest, "upload", "files of this type are not taken");
  await at(guest, "upload-cancel").click();
  await eventually(async () => assert.equal(await at(guest, "upload").count(), 0));
}
