// Two hundred times the line is cut, in the middle of whatever was on its way:
// nothing is lost, nothing doubled, and the order is kept.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { memoryStore } from "../client/src/index.ts";
import { eventually, leave, meet, operator, textsOf, visitor, wholeOf } from "./people.mjs";
import { Proxy } from "./proxy.mjs";
import { Parley } from "./server.mjs";

const rounds = Number(process.env.PARLEY_CUTS ?? 200);
const seed = Number(process.env.PARLEY_SEED ?? 20_261);

/** mulberry32: a small generator whose seed says it all. */
function dice(state) {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Cuts one connection, whatever it was doing: now, a little later, or in the middle of the next bytes up or down. */
async function cutOnce(network, roll) {
  const before = network.severed;
  await eventually(() => assert.ok(network.pairs.size > 0, "nobody comes back"));
  const kind = roll(3);
  if (kind === 0) await new Promise((done) => setTimeout(done, roll(12)));
  network.cut(kind === 0 ? 0 : 1 + roll(900), kind === 1 ? "up" : "down");
  // What is on its way uses the bytes up; when all has been said, nothing would.
  const patience = Date.now() + 30;
  await eventually(() => {
    if (Date.now() > patience) network.cut();
    assert.ok(network.severed > before);
  });
}

let parley;
let near; // the visitor's network
let far; // the operator's
before(async () => {
  parley = await Parley.start("limits: {messages_per_second: 500}");
  [near, far] = await Promise.all([Proxy.open(parley.address), Proxy.open(parley.address)]);
});
after(async () => {
  leave();
  await Promise.all([near.close(), far.close()]);
  await parley.close();
});

test(`${rounds} cuts with seed ${seed}`, async () => {
  const roll = dice(seed);
  const stores = { tokens: memoryStore(), unsent: memoryStore() };
  const pages = [visitor(parley, near.url, stores)];
  const host = operator(parley, far.url);
  const sid = await meet(pages[0], host);
  const said = { visitor: [], operator: [] };

  for (let round = 1; round <= rounds; round++) {
    const guest = pages.at(-1);
    for (let i = roll(3); i >= 0; i--) said.visitor.push(guest.send(sid, `v${round}.${i}`).body.text);
    for (let i = roll(2); i >= 0; i--) said.operator.push(host.send(sid, `o${round}.${i}`).body.text);
    const network = roll(3) === 0 ? far : near;
    await cutOnce(network, roll);
    if (round % 25 === 0) {
      near.cut();
      guest.close(); // the page is loaded again: another client, the same stores
      pages.push(visitor(parley, near.url, stores));
      pages.at(-1).connect();
      await eventually(() => assert.ok(pages.at(-1).heard.length > 0));
    } else if (roll(2) === 0) {
      await eventually(() => assert.equal(network === near ? guest.connection.state : host.connection.state, "online"));
    }
  }
  const guest = pages.at(-1);
  await eventually(() => assert.deepEqual([guest.outbox.size, host.outbox.size], [0, 0], "something is still unsent"), 30_000);
  const whole = { visitor: await wholeOf(guest, sid), operator: await wholeOf(host, sid) };
  const log = textsOf(whole.operator);
  assert.equal(new Set(log).size, log.length, "a message is in the log twice");
  for (const side of ["visitor", "operator"]) {
    assert.deepEqual(textsOf(whole[side].filter((entry) => entry.by.kind === side)), said[side], `what the ${side} said is not in the log once and in order`);
  }
  await eventually(() => {
    assert.deepEqual(host.heard.map((entry) => entry.seq), whole.operator.map((entry) => entry.seq), "the operator was told otherwise");
    assert.deepEqual(textsOf(host.heard), log);
    assert.equal(guest.heard.at(-1).seq, whole.visitor.at(-1).seq);
  });
  for (const [i, page] of pages.entries()) {
    const numbers = page.heard.map((entry) => entry.seq);
    const want = whole.visitor.map((entry) => entry.seq).filter((seq) => seq >= numbers[0] && seq <= numbers.at(-1));
    assert.deepEqual(numbers, want, `page ${i} of the visitor was told otherwise`);
    assert.deepEqual(page.missed, []);
  }
  assert.ok(near.severed + far.severed >= rounds, "too few connections were cut: the test says little");
  console.log(`${near.severed + far.severed} cuts, ${log.length} messages, ${whole.operator.length} entries, ${pages.length} pages`);
}, { timeout: 120_000 });
