// The two clients over a socket that the test holds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, OperatorClient, ParleyError, VisitorClient } from "../client/src/index.ts";
import { settled, World } from "./world.mjs";

const limits = { message_bytes: 100, messages_per_second: 10, frame_bytes: 1000, ping_s: 20, history: 100 };
const greeting = { conn: "C", visitor: "V", token: "opaque", token_expires: new Date(9e12).toISOString(), tenant: { id: "acme", name: "Acme" }, departments: [{ id: "all", name: "All" }], server_time: new Date(1_000_000).toISOString(), limits };
const situation = { state: "active", ep: 1, head: 0, turn: "visitor", from: 1, to: 0, reset: false, visitor: { present: true }, read: { visitor: 0, operator: 0 } };
const by = { kind: "operator", id: "ada" };
const message = (seq, prev = seq - 1, more = {}) => ({ k: "evt", t: "message.new", sid: "S", seq, prev, ep: 1, at: "", by, d: { body: { type: "text", text: `m${seq}` } }, ...more });

function stage(options = {}) {
  const world = new World();
  const client = new VisitorClient({ server: "https://chat.example/", tenant: "acme", world, timing: { repeat: 0 }, ...options });
  const told = [];
  const other = [];
  client.on("entry", ({ entry }) => told.push(entry.seq));
  for (const name of ["unknown", "reset", "message", "failed"]) client.on(name, (value) => other.push([name, value]));
  const asked = (op) => world.socket.sent.filter((frame) => frame.op === op);
  const answer = (op, d) => world.say({ k: "res", id: asked(op).pop().id, ok: true, d });
  const refuse = (op, e) => world.say({ k: "res", id: asked(op).pop().id, ok: false, e });
  return { world, client, told, other, asked, answer, refuse };
}

/** Opens the socket that the client has asked for, and lets it in. */
async function admit(s, more = {}) {
  await settled();
  s.world.connected();
  s.answer("auth", { ...greeting, ...more });
  await settled();
}

async function seated(options, d = {}) {
  const s = stage(options);
  s.client.connect().catch(() => undefined);
  await admit(s, { session: "S" });
  s.world.say({ k: "ctl", t: "resumed", sid: "S", d: { ...situation, ...d } });
  return s;
}

const resets = (s) => s.other.filter(([name]) => name === "reset").map(([, { from, to }]) => [from, to]);

test("the address of the endpoint is made of the server's", () => {
  for (const [server, url] of [["https://a.example", "wss://a.example/v1/visitor"], ["http://a:1/chat/", "ws://a:1/chat/v1/visitor"], ["wss://a", "wss://a/v1/visitor"]]) {
    const s = stage({ server });
    s.client.connect().catch(() => undefined);
    assert.equal(s.world.socket.url, url);
  }
});

test("what the server says of resuming is shown the next time", async () => {
  const s = await seated();
  assert.deepEqual(s.asked("auth")[0].d, { tenant: "acme", anonymous: true, have: [] });
  s.world.say(message(1));
  s.world.say(message(2));
  s.world.lose(1006);
  s.world.pass(1_000);
  await admit(s, { session: "S", resume_token: "R1" });
  assert.deepEqual(s.asked("auth")[0].d, { tenant: "acme", token: "opaque", have: [{ sid: "S", seq: 2 }] });
  s.world.lose(1006);
  s.world.pass(2_000);
  await settled();
  s.world.connected();
  assert.equal(s.asked("auth")[0].d.resume_token, "R1");
  s.answer("auth", { ...greeting, session: "S", resume_token: "R2" });
  for (const seq of [2, 3, 4]) s.world.say(message(seq)); // one of them again: it came, so it counts
  s.world.say({ k: "ctl", t: "ping", d: { ts: "", resume_token: "R3" } });
  assert.deepEqual(s.world.socket.sent.pop(), { k: "ctl", t: "pong", d: { n: 3 } });
  s.world.lose(1006);
  s.world.pass(5_000);
  await settled();
  s.world.connected();
  assert.equal(s.asked("auth")[0].d.resume_token, "R3", "the newest one");
  s.answer("auth", { ...greeting, session: "S" });
  s.world.say({ k: "ctl", t: "ping", d: { ts: "" } });
  assert.deepEqual(s.world.socket.sent.pop().d, { n: 0 }, "each connection counts anew");
});

test("of more sessions than the server takes, the newest are shown", async () => {
  const s = await seated();
  const sids = Array.from({ length: 1_030 }, (_, i) => `01J${String((i * 7) % 1_030).padStart(23, "0")}`); // in no order
  for (const sid of sids) s.world.say({ k: "ctl", t: "resumed", sid, d: { ...situation, head: 1, to: 1 } });
  for (const sid of sids) s.world.say(message(1, 0, { sid }));
  s.world.lose(1006);
  s.world.pass(1_000);
  await admit(s);
  const newest = [...sids].sort().reverse().slice(0, 1_024);
  assert.deepEqual(s.asked("auth")[0].d.have.map((place) => place.sid), newest);
});

test("entries of unknown kinds are skipped, and counted", async () => {
  const s = await seated();
  s.world.say(message(1));
  s.world.say(message(2, 1, { t: "something.new", d: { x: 1 } }));
  s.world.say(message(3));
  assert.deepEqual(s.told, [1, 3]);
  assert.deepEqual(s.other.filter(([name]) => name === "unknown").map(([, { entry }]) => entry.seq), [2]);
  assert.equal(s.client.session("S").log.last, 3);
  assert.equal(s.asked("history.get").length, 0, "that is no gap");
});

test("entries that come twice or too early are told once and in order", async () => {
  const s = await seated();
  s.world.say(message(1));
  s.world.say(message(4));
  s.world.say(message(5));
  s.world.say(message(4));
  assert.deepEqual(s.told, [1]);
  assert.deepEqual(s.asked("history.get").map((frame) => frame.d), [{ sid: "S", limit: 100, before_seq: 4 }]);
  s.answer("history.get", { events: [message(2), message(3)], more: true });
  await settled();
  assert.deepEqual(s.told, [1, 2, 3, 4, 5]);
});

for (const [what, from, tail, told, reset] of [
  ["the log has no such entries", 1, [message(1), message(4, 1), message(5)], [1, 4, 5], []],
  ["the server gives the end of the log only", 4, [message(4), message(5)], [1, 4, 5], [[2, 3]]],
]) {
  test(`a gap that history does not close is asked of a new connection, and then let be: ${what}`, async () => {
    const s = await seated();
    s.world.say(message(1));
    for (const round of [1, 2]) {
      s.world.say(message(4));
      s.answer("history.get", { events: [message(1)], more: false });
      await settled();
      assert.equal(s.client.connection.state, "waiting", `round ${round}`);
      s.world.pass(5_000);
      await admit(s, { session: "S" });
      assert.deepEqual(s.asked("auth")[0].d.have, round === 1 ? [{ sid: "S", seq: 1 }] : []);
      s.world.say({ k: "ctl", t: "resumed", sid: "S", d: { ...situation, head: 5, from: round === 1 ? 2 : from, to: 5, reset: round === 2 } });
    }
    for (const evt of tail) s.world.say(evt);
    assert.deepEqual(s.told, told);
    assert.deepEqual(resets(s), reset);
  });
}

test("a server that was restored from an older copy says so, and goes on from there", async () => {
  const s = await seated();
  for (const seq of [1, 2, 3, 4]) s.world.say(message(seq));
  s.world.lose(1006);
  s.world.pass(1_000);
  await admit(s, { session: "S" });
  s.world.say({ k: "ctl", t: "resumed", sid: "S", d: { ...situation, head: 2, from: 1, to: 2, reset: true } });
  for (const seq of [1, 2, 3]) s.world.say(message(seq));
  assert.deepEqual([s.told, resets(s)], [[1, 2, 3, 4, 3], [[3, 4]]]);
});

test("the server's ping tells of what did not come", async () => {
  const s = await seated();
  s.world.say(message(1));
  s.world.say({ k: "ctl", t: "ping", d: { ts: "", heads: [{ sid: "S", seq: 1 }, { sid: "other", seq: 9 }] } });
  assert.equal(s.asked("history.get").length, 0);
  s.world.say({ k: "ctl", t: "ping", d: { ts: "", heads: [{ sid: "S", seq: 3 }] } });
  assert.deepEqual(s.asked("history.get").map((frame) => frame.d.before_seq), [4]);
  s.answer("history.get", { events: [message(2), message(3)], more: false });
  await settled();
  assert.deepEqual(s.told, [1, 2, 3]);
});

test("of the others' messages only those are new that came while we were here", async () => {
  const s = await seated({}, { head: 2, from: 1, to: 2 });
  for (const seq of [1, 2, 3]) s.world.say(message(seq));
  s.world.say(message(4, 3, { by: { kind: "visitor" } }));
  assert.deepEqual(s.other.filter(([name]) => name === "message").map(([, { entry }]) => entry.seq), [3]);
});

test("a request that the server has no time for is repeated with its key, not before it is time", async () => {
  const s = await seated();
  const answer = s.client.call("session.close", { sid: "S" });
  s.refuse("session.close", { code: "rate_limited", message: "", retry_after_ms: 60 });
  await new Promise((done) => setTimeout(done, 40));
  assert.equal(s.asked("session.close").length, 1);
  await new Promise((done) => setTimeout(done, 60));
  const [first, second] = s.asked("session.close");
  assert.ok(first.d.idem.length === 26 && second.d.idem === first.d.idem && second.id !== first.id);
  s.refuse("session.close", { code: "unavailable", message: "", retry_after_ms: 1 });
  await new Promise((done) => setTimeout(done, 40));
  s.answer("session.close", { sid: "S", seq: 9, at: "" });
  assert.deepEqual(await answer, { sid: "S", seq: 9, at: "" });
});

test("a request outlives the connection, a refusal is final, an abortion ends the waiting", async () => {
  const s = await seated();
  const answer = s.client.call("session.close", { sid: "S" });
  const { idem } = s.asked("session.close")[0].d;
  s.world.lose(1006);
  s.world.pass(1_000);
  await admit(s, { session: "S" });
  assert.equal(s.asked("session.close")[0].d.idem, idem);
  s.refuse("session.close", { code: "session_closed", message: "", seq: 7 });
  await assert.rejects(answer, (error) => error instanceof ParleyError && error.code === "session_closed" && error.refusal.seq === 7);
  s.world.lose(1006);
  const end = new AbortController();
  const waiting = s.client.call("session.close", { sid: "S" }, { signal: end.signal });
  await settled();
  end.abort();
  await assert.rejects(waiting, { code: "aborted" });
});

test("a visitor whose token is refused is a new one; a signed token that is refused is asked for again", async () => {
  const tokens = memoryStore();
  tokens.set("parley.visitor.acme", "old");
  const s = stage({ tokens });
  s.client.connect().catch(() => undefined);
  s.world.connected();
  assert.equal(s.asked("auth")[0].d.token, "old");
  s.refuse("auth", { code: "auth_invalid", message: "" });
  s.world.lose(4500);
  await settled();
  s.world.connected();
  assert.equal(s.asked("auth")[0].d.anonymous, true);

  const wanted = [];
  const proven = stage({ getToken: (why) => (wanted.push(why), why === "refused" ? "" : "jwt") });
  proven.client.connect().catch(() => undefined);
  await settled();
  proven.world.connected();
  assert.deepEqual(proven.asked("auth")[0].d, { tenant: "acme", jwt: "jwt", have: [] });
  proven.refuse("auth", { code: "auth_expired", message: "" });
  proven.world.lose(4500);
  await settled();
  proven.world.connected();
  assert.deepEqual([wanted, proven.asked("auth")[0].d.anonymous], [["connect", "refused"], true]);
});

test("a stranger gets nothing of the visitor before", async () => {
  const s = await seated();
  s.world.say(message(1));
  s.world.lose(1006);
  s.world.pass(1_000);
  await admit(s, { visitor: "another" });
  assert.deepEqual([s.client.sessions.size, s.client.current], [0, null]);
});

test("what is typed is passed on no more often than it is needed", async () => {
  const s = await seated();
  const typed = () => s.world.socket.sent.filter((frame) => frame.t === "typing").map((frame) => frame.d.on);
  for (let i = 0; i < 3; i++) s.client.typing("S", true);
  assert.deepEqual(typed(), [true]);
  s.client.send("S", "done");
  assert.deepEqual(typed(), [true, false]);
  s.client.typing("S", false);
  assert.deepEqual(typed(), [true, false]);
  s.client.peek("S", "not wanted here");
  await new Promise((done) => setTimeout(done, 450));
  assert.equal(s.world.socket.sent.some((frame) => frame.t === "peek"), false);
});

test("a listener that fails costs nobody else the event, and is not hidden", async () => {
  const s = await seated();
  const failures = [];
  const keep = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.once("uncaughtException", (error) => failures.push(error.message));
  const heard = [];
  s.client.on("entry", () => { throw new Error("the application's own"); }, { once: true });
  const off = s.client.on("entry", ({ entry }) => heard.push(entry.seq));
  const end = new AbortController();
  s.client.on("entry", ({ entry }) => heard.push(-entry.seq), { signal: end.signal });
  s.world.say(message(1));
  end.abort();
  s.world.say(message(2));
  off();
  s.world.say(message(3));
  await settled();
  for (const listener of keep) process.on("uncaughtException", listener);
  assert.deepEqual([heard, failures], [[1, -1, 2], ["the application's own"]]);
});

test("a hole in a watch is closed by a new connection; watches of a later version are let be", async () => {
  const world = new World();
  const client = new OperatorClient({ server: "ws://a", tenant: "acme", getToken: () => "t", world });
  client.connect().catch(() => undefined);
  await settled();
  world.connected();
  const me = { rev: 4, operator: "ada", intent: { intent: "" }, away: false, used: 0, capacity: 1000, sessions: [], offers: [] };
  world.say({ k: "res", id: world.socket.sent[0].id, ok: true, d: { ...greeting, operator: { id: "ada", name: "Ada" }, me } });
  world.say({ k: "watch", w: "weather", t: "delta", rev: 77, d: {} });
  world.say({ k: "watch", w: "me", t: "mine.changed", rev: 5, d: { used: 500 } });
  assert.deepEqual([client.connection.state, client.desk.used], ["online", 500]);
  world.say({ k: "watch", w: "me", t: "mine.changed", rev: 7, d: { used: 700 } });
  assert.equal(client.connection.state, "waiting");
});
