import assert from "node:assert/strict";
import { test } from "node:test";
import { Session, typingFades } from "../client/src/session.ts";

const evt = (seq, t, by = { kind: "system" }, d = {}) => ({ k: "evt", t, sid: "S", seq, prev: seq - 1, ep: 1, at: "", by, d });
const visitor = { kind: "visitor" };
const ada = { kind: "operator", id: "ada" };

test("entries move the state; replayed ones do not take it back", () => {
  const session = new Session("S");
  session.resume({ state: "active", ep: 3, head: 3, from: 1, to: 3, owner: "ada", read: { visitor: 2, operator: 1 } });
  session.accept(evt(1, "session.started"));
  session.accept(evt(2, "session.queued"));
  assert.deepEqual([session.state, session.owner, session.epoch], ["active", "ada", 3]);
  session.accept(evt(3, "session.assigned", ada, { operator: "ada" }));
  session.accept(evt(4, "session.closing", ada));
  assert.equal(session.isOver, true);
  assert.deepEqual(session.endedBy, ada);
});

test("unread is what the other side wrote behind the mark", () => {
  const session = new Session("S");
  session.accept(evt(1, "message.new", visitor));
  session.accept(evt(2, "message.new", ada));
  session.accept(evt(3, "message.new", visitor));
  session.accept(evt(4, "session.queued"));
  assert.deepEqual([session.unread("operator"), session.unread("visitor")], [2, 1]);
  session.notice({ k: "eph", t: "read.moved", d: { sid: "S", by: ada, seq: 1 } }, 0);
  assert.equal(session.unread("operator"), 1);
  session.notice({ k: "eph", t: "read.moved", d: { sid: "S", by: ada, seq: 0 } }, 0);
  assert.equal(session.unread("operator"), 1, "marks only grow");
});

test("an edit is what a message says; a removal takes both, here as well", () => {
  const session = new Session("S");
  const body = (text) => ({ body: { type: "text", text } });
  for (const [seq, text] of [[1, "one"], [2, "tankh you"], [3, "three"]]) session.accept(evt(seq, "message.new", ada, body(text)));
  session.accept(evt(4, "message.edited", ada, { target: 2, ...body("thank") }));
  session.accept(evt(5, "message.edited", ada, { target: 2, ...body("thank you") }));
  const [one, two] = session.log.entries;
  assert.deepEqual([session.bodyOf(two).text, session.isEdited(two), session.isEdited(one)], ["thank you", true, false]);
  assert.equal(session.unread("visitor"), 3, "an edit is no new message");
  session.accept(evt(6, "message.redacted", ada, { target: 2 }));
  assert.deepEqual([session.isRemoved(two), session.isRemoved(one), session.bodyOf(two).type], [true, false, "redacted"]);
  assert.equal(JSON.stringify(session.log.entries).includes("thank"), false, "the words are gone from memory");
  assert.equal(session.unread("visitor"), 2, "nobody must read what was removed");
});

test("what the visitor types is shown until it is sent, cleared, or the visitor goes", () => {
  const session = new Session("S");
  const peek = (text) => session.notice({ k: "eph", t: "peek", d: { sid: "S", by: visitor, text } }, 0);
  peek("I wond");
  assert.equal(session.peeked, "I wond");
  session.accept(evt(1, "message.new", ada));
  assert.equal(session.peeked, "I wond");
  session.accept(evt(2, "message.new", visitor));
  assert.equal(session.peeked, "");
  peek("again");
  session.notice({ k: "eph", t: "presence", d: { sid: "S", by: visitor, present: false } }, 0);
  assert.equal(session.peeked, "");
});

test("typing fades, and ends with the message", () => {
  const session = new Session("S");
  const typing = { k: "eph", t: "typing", d: { sid: "S", by: visitor, on: true } };
  session.notice(typing, 1_000);
  assert.equal(session.isTyping("visitor", 1_000 + typingFades - 1), true);
  assert.equal(session.isTyping("visitor", 1_000 + typingFades), false);
  session.notice(typing, 1_000);
  session.accept(evt(1, "message.new", visitor));
  assert.equal(session.isTyping("visitor", 1_001), false);
});

test("an unknown kind of entry counts and is no gap", () => {
  const session = new Session("S");
  session.accept(evt(1, "session.started"));
  session.accept(evt(2, "something.new"));
  session.accept(evt(3, "message.new", visitor));
  assert.deepEqual([session.log.last, session.log.hasGap], [3, false]);
});
