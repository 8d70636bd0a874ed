import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../client/src/outbox.ts";
import { ParleyError } from "../client/src/protocol.ts";
import { memoryStore } from "../client/src/storage.ts";

const text = (words) => ({ type: "text", text: words });

/** An outbox whose sends and waits the test answers by hand. */
function stage(store = memoryStore()) {
  const sends = [];
  const waits = [];
  const send = (item) => new Promise((done, failed) => sends.push({ ...item, done, failed: (code, ms) => failed(new ParleyError({ code, retry_after_ms: ms })) }));
  const later = (run, ms) => waits.push({ run, ms });
  const refusals = [];
  const outbox = new Outbox({ store, prefix: "k.", send, changed: () => undefined, later, failed: (item, { code }) => refusals.push([item.cmid, code]), wait: (ms) => ms || 250 });
  return { outbox, sends, waits, store, refusals };
}

const settled = () => new Promise((done) => setImmediate(done));
const texts = (items) => items.map((item) => item.body.text);

test("a note stays a note over a reload", async () => {
  const before = stage();
  before.outbox.add("S", text("for colleagues"), { note: true });
  assert.deepEqual(stage(before.store).outbox.list("S").map((item) => [item.body.text, item.note]), [["for colleagues", true]]);
});

test("messages of one session go out one after the other", async () => {
  const { outbox, sends } = stage();
  outbox.setOnline(true);
  outbox.add("S", text("one"));
  outbox.add("S", text("two"));
  outbox.add("T", text("other"));
  assert.deepEqual(texts(sends), ["one", "other"]);
  sends[0].done();
  await settled();
  assert.deepEqual(texts(sends), ["one", "other", "two"]);
});

test("a lost connection repeats the message under its own id", async () => {
  const { outbox, sends, waits } = stage();
  outbox.setOnline(true);
  outbox.add("S", text("one"));
  outbox.setOnline(false);
  sends[0].failed("disconnected");
  await settled();
  assert.equal(outbox.list("S")[0].failed, undefined);
  waits.forEach((wait) => wait.run());
  assert.equal(sends.length, 1, "nothing goes out while offline");
  outbox.setOnline(true);
  assert.equal(sends.length, 2);
  assert.equal(sends[1].cmid, sends[0].cmid);
});

test("a busy server is asked again when it says so, in order", async () => {
  const { outbox, sends, waits } = stage();
  outbox.setOnline(true);
  outbox.add("S", text("one"));
  outbox.add("S", text("two"));
  sends[0].failed("unavailable", 900);
  await settled();
  assert.equal(sends.length, 1);
  assert.equal(waits[0].ms, 900);
  waits[0].run();
  assert.deepEqual(texts(sends), ["one", "one"]);
});

test("an entry that comes before the answer settles the message", async () => {
  const { outbox, sends, store } = stage();
  outbox.setOnline(true);
  outbox.settle(outbox.add("S", text("one")).cmid);
  assert.equal(outbox.size, 0);
  assert.deepEqual(store.keys("k."), []);
  sends[0].failed("disconnected");
  await settled();
  assert.equal(outbox.size, 0);
});

test("a final refusal stays visible and can be tried again", async () => {
  const { outbox, sends } = stage();
  outbox.setOnline(true);
  const { cmid } = outbox.add("S", text("one"));
  outbox.add("S", text("two"));
  sends[0].failed("too_large");
  await settled();
  assert.equal(outbox.list("S")[0].failed, "too_large");
  assert.deepEqual(texts(sends), ["one", "two"], "the next one is not held up");
  sends[1].done();
  await settled();
  outbox.retry(cmid);
  assert.equal(sends[2].cmid, cmid);
  outbox.discard(cmid);
  assert.equal(outbox.size, 0);
});

test("a reload keeps unsent messages with their ids", () => {
  const before = stage();
  const { cmid } = before.outbox.add("S", text("one"));
  const after = stage(before.store);
  after.outbox.setOnline(true);
  assert.deepEqual([after.sends[0].cmid, after.sends[0].body.text], [cmid, "one"]);
});

test("what is written before the chat has an id waits for it", () => {
  const { outbox, sends } = stage();
  outbox.setOnline(true);
  outbox.add("", text("hello"));
  assert.equal(sends.length, 0);
  outbox.adopt("S");
  assert.deepEqual([sends[0].sid, sends[0].body.text], ["S", "hello"]);
});

test("rubbish in the store is no obstacle, and what is somebody else's is left alone", () => {
  const store = memoryStore();
  const [one] = ["01ARZ3NDEKTSV4RRFFQ69G5FAV"];
  for (const rubbish of ["{", "null", '{"a":1}', "[1,null]", '{"cmid":7}']) {
    store.set(`k.${one}`, rubbish);
    assert.equal(stage(store).outbox.size, 0, rubbish);
  }
  stage(store).outbox.add("S", text("mine"));
  store.set(`k.b.${one}`, JSON.stringify({ cmid: one, sid: "S", body: text("of k.b"), at: 0 }));
  assert.deepEqual(texts(stage(store).outbox.list("S")), ["mine"]);
});

test("tabs that share a store do not lose each other's messages", () => {
  const store = memoryStore();
  const tabs = [stage(store), stage(store)];
  tabs[0].outbox.add("S", text("one"));
  tabs[1].outbox.add("S", text("two"));
  tabs[0].outbox.add("S", text("three"));
  assert.deepEqual(texts(stage(store).outbox.list("S")).sort(), ["one", "three", "two"]);
});

test("a key used for other words is told, and not repeated", async () => {
  const { outbox, sends, waits, refusals } = stage();
  outbox.setOnline(true);
  const { cmid } = outbox.add("S", text("one"));
  sends[0].failed("idem_conflict");
  await settled();
  assert.deepEqual([refusals, waits.length, sends.length], [[[cmid, "idem_conflict"]], 0, 1]);
});

test("a server that fails again and again on one message gets it no more", async () => {
  const { outbox, sends, waits, refusals } = stage();
  outbox.setOnline(true);
  outbox.add("S", text("poison"));
  outbox.add("S", text("next"));
  for (let i = 0; i < 6; i++) {
    sends[i].failed("internal");
    await settled();
    waits[i]?.run();
  }
  assert.deepEqual([refusals.length, sends.length, sends[6].body.text], [1, 7, "next"]);
});

test("what was refused for something newer goes out as it is when it is tried again", async () => {
  const { outbox, sends } = stage();
  outbox.setOnline(true);
  const { cmid } = outbox.add("S", text("one"), { ifSeq: 3 });
  assert.equal(sends[0].ifSeq, 3);
  sends[0].failed("stale_view");
  await settled();
  assert.equal(outbox.list("S")[0].failed, "stale_view");
  outbox.retry(cmid);
  assert.deepEqual([sends[1].cmid, sends[1].ifSeq], [cmid, undefined]);
});

test("an outbox has an end", () => {
  const { outbox } = stage();
  for (let i = 0; i < 500; i++) outbox.add("S", text("more"));
  assert.throws(() => outbox.add("S", text("more")), { code: "outbox_full" });
});
