import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "../src/outbox.ts";
import { WireError } from "../src/protocol.ts";

class Memory {
  kept = new Map();
  get(key) { return this.kept.get(key) ?? null; }
  set(key, value) { this.kept.set(key, value); }
  remove(key) { this.kept.delete(key); }
}

/** An outbox whose sends and waits the test answers by hand. */
function stage(storage = new Memory()) {
  const sends = [];
  const waits = [];
  const send = (item) => new Promise((done, failed) => sends.push({ ...item, done, failed: (code, ms) => failed(new WireError({ code, retry_after_ms: ms })) }));
  const later = (run, ms) => waits.push({ run, ms });
  const outbox = new Outbox({ storage, key: "k", send, changed: () => undefined, later });
  return { outbox, sends, waits, storage };
}

const settled = () => new Promise((done) => setImmediate(done));
const texts = (items) => items.map((item) => item.text);

test("a note stays a note over a reload", async () => {
  const kept = new Map();
  const storage = { get: (key) => kept.get(key) ?? null, set: (key, value) => kept.set(key, value), remove: (key) => kept.delete(key) };
  const options = { storage, key: "k", send: async () => undefined, changed: () => undefined };
  new Outbox(options).add("S", "for colleagues", true);
  assert.deepEqual(new Outbox(options).list("S").map((item) => [item.text, item.note]), [["for colleagues", true]]);
});

test("messages of one session go out one after the other", async () => {
  const { outbox, sends } = stage();
  outbox.setOnline(true);
  outbox.add("S", "one");
  outbox.add("S", "two");
  outbox.add("T", "other");
  assert.deepEqual(texts(sends), ["one", "other"]);
  sends[0].done();
  await settled();
  assert.deepEqual(texts(sends), ["one", "other", "two"]);
});

test("a lost connection repeats the message under its own id", async () => {
  const { outbox, sends, waits } = stage();
  outbox.setOnline(true);
  outbox.add("S", "one");
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
  outbox.add("S", "one");
  outbox.add("S", "two");
  sends[0].failed("unavailable", 900);
  await settled();
  assert.equal(sends.length, 1);
  assert.equal(waits[0].ms, 900);
  waits[0].run();
  assert.deepEqual(texts(sends), ["one", "one"]);
});

test("an entry that comes before the answer settles the message", async () => {
  const { outbox, sends, storage } = stage();
  outbox.setOnline(true);
  outbox.settle(outbox.add("S", "one").cmid);
  assert.equal(outbox.size, 0);
  assert.equal(storage.get("k"), null);
  sends[0].failed("disconnected");
  await settled();
  assert.equal(outbox.size, 0);
});

test("a final refusal stays visible and can be tried again", async () => {
  const { outbox, sends } = stage();
  outbox.setOnline(true);
  const { cmid } = outbox.add("S", "one");
  outbox.add("S", "two");
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
  const { cmid } = before.outbox.add("S", "one");
  const after = stage(before.storage);
  after.outbox.setOnline(true);
  assert.deepEqual([after.sends[0].cmid, after.sends[0].text], [cmid, "one"]);
});

test("what is written before the chat has an id waits for it", () => {
  const { outbox, sends } = stage();
  outbox.setOnline(true);
  outbox.add("", "hello");
  assert.equal(sends.length, 0);
  outbox.adopt("S");
  assert.deepEqual([sends[0].sid, sends[0].text], ["S", "hello"]);
});

test("rubbish in the storage is no obstacle", () => {
  for (const rubbish of ["{", "null", '{"a":1}', '[1,null,{"cmid":7}]']) {
    const storage = new Memory();
    storage.set("k", rubbish);
    assert.equal(stage(storage).outbox.size, 0, rubbish);
  }
});
