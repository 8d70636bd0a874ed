// A chat longer than what a connection is given at once: the page shows the
// tail, and the rest on request, each message once and in order.

import assert from "node:assert/strict";
import { at, endChat, eventually, intent, is, meet, transcript } from "./lib.mjs";

export const title = "a long chat is paged";

const count = 620; // more than the 500 entries that are replayed

export async function story(theatre) {
  const operator = await theatre.operator(0);
  const visitor = await theatre.visitor();
  await intent(operator, "accepting");
  const sid = await meet(visitor, operator, "The first message");
  await fill(theatre.addresses, sid);
  const want = [["visitor", "The first message"]];
  for (let i = 1; i <= count; i++) want.push(["integration", `line ${i}`]);
  for (const page of [visitor, operator]) {
    await eventually(async () => assert.equal((await transcript(page)).length, want.length), 30_000);
    await page.reload();
    await is(page, "connection", "data-state", "online");
    await eventually(async () => assert.deepEqual((await transcript(page)).slice(-50), want.slice(-50)));
    assert.ok((await transcript(page)).length < want.length, "only the tail comes by itself");
    await loadAll(page);
    assert.deepEqual(await transcript(page), want);
  }
  await endChat(operator);
  await intent(operator, "signed-out");
}

/** The tenant's own server writes many messages. */
async function fill({ api, tenant, token }, sid) {
  for (let i = 1; i <= count; i++) {
    const answer = await fetch(`${api}/tenants/${tenant}/sessions/${sid}/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": `${sid}-${i}` },
      body: JSON.stringify({ text: `line ${i}` }),
    });
    assert.ok(answer.ok, `message ${i}: status ${answer.status}`);
  }
}

async function loadAll(page) {
  for (let clicks = 0; clicks < 20; clicks++) {
    if (!(await at(page, "earlier").isVisible())) return;
    const before = (await transcript(page)).length;
    await at(page, "earlier").click();
    await eventually(async () => assert.ok((await transcript(page)).length > before));
  }
  assert.fail("earlier messages never end");
}
