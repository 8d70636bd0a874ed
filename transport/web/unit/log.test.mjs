import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionLog } from "../client/src/log.ts";

const evt = (seq, prev = seq - 1) => ({ k: "evt", t: "message.new", sid: "S", seq, prev, ep: 1, at: "", by: { kind: "visitor" } });
const seqs = (log) => log.entries.map((entry) => entry.seq);

test("entries in order are taken once", () => {
  const log = new SessionLog();
  for (const seq of [1, 2, 2, 1, 3]) log.accept(evt(seq));
  assert.deepEqual(seqs(log), [1, 2, 3]);
  assert.equal(log.last, 3);
  assert.equal(log.hasGap, false);
});

test("what a visitor may not see is no gap", () => {
  const log = new SessionLog();
  assert.equal(log.accept(evt(1)), "new");
  assert.equal(log.accept(evt(5, 1)), "new");
  assert.deepEqual(seqs(log), [1, 5]);
});

test("an early entry waits until the hole is filled", () => {
  const log = new SessionLog();
  log.accept(evt(1));
  assert.equal(log.accept(evt(4)), "held");
  assert.equal(log.accept(evt(5)), "held");
  assert.equal(log.accept(evt(4)), "known");
  assert.equal(log.last, 1, "a resume asks for what comes after 1");
  assert.equal(log.gapBefore, 4);
  assert.equal(log.accept(evt(2)), "new");
  assert.equal(log.hasGap, true);
  assert.equal(log.accept(evt(3)), "new");
  assert.deepEqual(seqs(log), [1, 2, 3, 4, 5]);
  assert.equal(log.hasGap, false);
  assert.equal(log.gapBefore, 0);
});

test("a reset drops everything and takes the tail", () => {
  const log = new SessionLog();
  for (const seq of [1, 2, 9]) log.accept(evt(seq));
  log.reset();
  assert.deepEqual([log.last, log.hasGap, log.hasEarlier], [0, false, false]);
  assert.equal(log.accept(evt(501)), "new");
  assert.equal(log.accept(evt(503)), "held", "only the first may have a hole before it");
  assert.equal(log.accept(evt(502)), "new");
  assert.deepEqual(seqs(log), [501, 502, 503]);
  assert.equal(log.hasEarlier, true);
});

test("a page of history goes before, in order, each entry once", () => {
  const log = new SessionLog();
  log.reset();
  log.accept(evt(4));
  log.prepend([evt(3), evt(2), evt(4)]);
  assert.deepEqual(seqs(log), [2, 3, 4]);
  assert.equal(log.hasEarlier, true);
  log.prepend([evt(1, 0)]);
  assert.equal(log.hasEarlier, false);
});

test("any arrival order and any repetition give the same log", () => {
  let seed = 7;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (let round = 0; round < 200; round++) {
    const total = 1 + random(12);
    const arrivals = Array.from({ length: total }, (_, i) => i + 1);
    for (let i = 0; i < 6; i++) arrivals.push(1 + random(total));
    for (let i = arrivals.length - 1; i > 0; i--) {
      const j = random(i + 1);
      [arrivals[i], arrivals[j]] = [arrivals[j], arrivals[i]];
    }
    const log = new SessionLog();
    for (const seq of arrivals) {
      log.accept(evt(seq));
      assert.deepEqual(seqs(log), Array.from({ length: log.last }, (_, i) => i + 1), "no hole is ever shown");
    }
    assert.equal(log.last, total);
  }
});
