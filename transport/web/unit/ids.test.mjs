import assert from "node:assert/strict";
import { test } from "node:test";
import { idSource, newId } from "../client/src/ids.ts";

test("an id is a ULID of its time", () => {
  assert.match(newId(), /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
  assert.equal(newId(1_469_918_176_385).slice(0, 10), "01ARYZ6S41"); // the specification's example
  assert.equal(new Set(Array.from({ length: 1000 }, () => newId(5))).size, 1000);
});

test("a source's ids are in the order in which they were made, whatever the clock does", () => {
  const times = [...Array(500).fill(1000), 999, 998, 1000, 1001, 5];
  const next = idSource(() => times.shift());
  const ids = Array.from({ length: 505 }, () => next());
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
});
