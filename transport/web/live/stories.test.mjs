// What a client promises, against a real server: catching up, restarts, tokens,
// proven visitors, tabs, and messages that wait for their writer's eyes.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { memoryStore } from "../client/src/index.ts";
import { eventually, leave, meet, operator, textOf, textsOf, timing, visitor, wholeOf } from "./people.mjs";
import { Proxy } from "./proxy.mjs";
import { Parley } from "./server.mjs";

let parley;
let network;
before(async () => {
  parley = await Parley.start("limits: {messages_per_second: 500}");
  network = await Proxy.open(parley.address);
});
afterEach(leave);
after(async () => {
  await network.close();
  await parley.close();
});

const limit = { timeout: 30_000 };
/** What a client was told of one session: the operator keeps those of earlier tests. */
const of = (client, sid) => client.heard.filter((entry) => entry.sid === sid);
const seqs = (entries) => entries.map((entry) => entry.seq);

/** A visitor whose network is gone while `count` messages are written. */
async function missed(count, options) {
  const guest = visitor(parley, network.url, options);
  const host = operator(parley, parley.origin);
  const sid = await meet(guest, host);
  guest.send(sid, "before");
  await eventually(() => assert.deepEqual(textsOf(guest.heard), ["before"]));
  network.down = true;
  network.cut();
  for (let i = 1; i <= count; i += 20) await Promise.all(Array.from({ length: Math.min(20, count - i + 1) }, (_, j) => parley.post(sid, `line ${i + j}`, `${sid}-${i + j}`)));
  network.down = false;
  return { guest, host, sid };
}

test("more is missed than a connection is given at once: it is fetched, page by page", limit, async () => {
  const { guest, sid } = await missed(640);
  await eventually(() => assert.equal(textsOf(guest.heard).length, 641));
  assert.deepEqual(seqs(guest.heard), seqs(await wholeOf(guest, sid)));
  assert.deepEqual(guest.missed, []);
});

test("too much is missed: the application is told what, and gets the tail", limit, async () => {
  const { guest, sid } = await missed(640, { catchUp: 100 });
  await eventually(() => assert.equal(guest.missed.length, 1));
  const whole = seqs(await wholeOf(guest, sid));
  await eventually(() => assert.equal(guest.heard.at(-1).seq, whole.at(-1)));
  const [from, to] = guest.missed[0];
  assert.deepEqual(seqs(guest.heard), whole.filter((seq) => seq < from || seq > to), "all that was not named as missed came, once");
  assert.ok(to - from > 100 && guest.session(sid).log.hasEarlier);
  for (; guest.session(sid).log.hasEarlier; ) await guest.loadEarlier(guest.session(sid));
  assert.deepEqual(seqs(guest.session(sid).log.entries), whole, "and the rest on request");
});

test("the server dies and comes back: what was written meanwhile arrives once, after a reload as well", limit, async () => {
  const stores = { tokens: memoryStore(), unsent: memoryStore() };
  const first = visitor(parley, parley.origin, stores);
  const host = operator(parley, parley.origin);
  const sid = await meet(first, host);
  first.send(sid, "one");
  await eventually(() => assert.equal(first.outbox.size, 0));
  await parley.end("SIGKILL");
  await eventually(() => assert.notEqual(first.connection.state, "online"));
  const written = ["two", "three"].map((words) => first.send(sid, words).cmid);
  first.close();
  const second = visitor(parley, parley.origin, stores);
  second.connect().catch(() => undefined);
  assert.deepEqual(second.outbox.list(sid).map((item) => item.cmid), written, "under the same ids");
  await parley.run();
  await eventually(() => assert.deepEqual(textsOf(second.heard), ["one", "two", "three"]));
  await eventually(() => assert.deepEqual(textsOf(of(host, sid)), ["one", "two", "three"]));
  assert.deepEqual(second.heard.filter((entry) => written.includes(entry.cid)).map((entry) => entry.cid), written);
  assert.deepEqual(stores.unsent.keys(""), [], "nothing that was written is kept any longer");
});

test("a chat is started once, however often it was asked for", limit, async () => {
  const stores = { tokens: memoryStore(), unsent: memoryStore() };
  const guest = visitor(parley, network.url, stores);
  await guest.connect();
  network.down = true;
  network.cut();
  guest.say("hello");
  guest.close();
  const again = visitor(parley, network.url, stores);
  assert.equal(again.isStarting, true, "over a reload");
  network.down = false;
  await again.connect();
  await eventually(() => assert.deepEqual(textsOf(again.heard), ["hello"]));
  assert.equal(again.isStarting, false);
  assert.equal((await again.start()).sid, again.current.sid);
});

test("a chat that ends while we are away is told to its end", limit, async () => {
  const guest = visitor(parley, network.url);
  const host = operator(parley, parley.origin);
  const sid = await meet(guest, host);
  await eventually(() => assert.ok(guest.heard.some((entry) => entry.t === "session.assigned")));
  network.down = true;
  network.cut();
  host.send(sid, "Goodbye");
  await eventually(() => assert.equal(host.outbox.size, 0));
  await host.end(sid);
  guest.send(sid, "too late");
  const failed = [];
  guest.on("failed", ({ item, error }) => failed.push([item.body.text, error.code]));
  network.down = false;
  await eventually(() => assert.deepEqual(failed, [["too late", "session_closed"]]));
  await eventually(() => assert.equal(guest.heard.at(-1).t, "session.closed"));
  assert.ok(textsOf(guest.heard).includes("Goodbye"));
  assert.deepEqual(seqs(guest.heard), seqs(await wholeOf(guest, sid)));
});

test("a token is renewed on the same line before it ends", limit, async () => {
  const shown = [];
  const getToken = (wanted) => {
    shown.push(wanted);
    return parley.operatorToken("grace", 4);
  };
  const host = operator(parley, parley.origin, { getToken, timing: { ...timing, early: 3_500 } });
  const lines = [];
  host.on("hello", ({ conn }) => lines.push(conn));
  await host.connect();
  await eventually(() => assert.ok(shown.length >= 3));
  await host.setIntent("paused"); // beyond the first token's end
  assert.equal(lines.length, 1);
  assert.deepEqual([shown[0], shown[1]], ["connect", "expiring"]);
});

test("a refused token is asked for again, once; the same one is not shown twice", limit, async () => {
  const wanted = [];
  const tokens = [parley.operatorToken("grace", -10), parley.operatorToken("grace")];
  const host = operator(parley, parley.origin, { getToken: (why) => (wanted.push(why), tokens.shift()) });
  await host.connect();
  assert.deepEqual(wanted, ["connect", "refused"]);
  const stale = parley.operatorToken("grace", -10);
  let asked = 0;
  const other = operator(parley, parley.origin, { getToken: () => (asked++, stale) });
  await assert.rejects(other.connect(), { code: "refused" });
  assert.deepEqual([asked, other.connection.reason], [2, "auth_expired"]);
});

test("a visitor signs in during a chat, and the chat goes along", limit, async () => {
  let jwt = "";
  const stores = { tokens: memoryStore() };
  const guest = visitor(parley, parley.origin, { ...stores, getToken: () => jwt });
  const host = operator(parley, parley.origin);
  const sid = await meet(guest, host);
  guest.send(sid, "who am I?");
  await eventually(() => assert.equal(guest.outbox.size, 0));
  assert.equal(guest.verified, false);
  const before = guest.visitor;
  jwt = parley.visitorToken("customer-17");
  await guest.identify();
  await guest.online();
  assert.deepEqual([guest.verified, guest.current.sid], [true, sid]);
  assert.notEqual(guest.visitor, before);
  guest.send(sid, "now you know");
  await eventually(() => assert.deepEqual(textsOf(of(host, sid)), ["who am I?", "now you know"]));
  await eventually(() => assert.ok(of(host, sid).some((entry) => entry.t === "identity.upgraded")));
  assert.deepEqual(textsOf(guest.heard), ["who am I?", "now you know"]);
  const line = guest.connection;
  jwt = parley.visitorToken("customer-17", 7200);
  await guest.identify(); // the same visitor: the line stays
  assert.equal(line.state, "online");
});

test("two tabs are one visitor, and each message is sent once", limit, async () => {
  const stores = { tokens: memoryStore(), unsent: memoryStore() };
  const one = visitor(parley, network.url, stores);
  const host = operator(parley, parley.origin);
  const sid = await meet(one, host);
  network.down = true;
  network.cut();
  for (let i = 1; i <= 5; i++) one.send(sid, `m${i}`);
  const two = visitor(parley, network.url, stores); // opened by now: it finds what is unsent
  assert.equal(two.outbox.size, 5);
  network.down = false;
  await Promise.all([one.online(), two.connect()]);
  assert.equal(one.visitor, two.visitor);
  await eventually(() => assert.deepEqual([one.outbox.size, two.outbox.size], [0, 0]));
  for (const client of [one, two, host]) await eventually(() => assert.deepEqual(textsOf(of(client, sid)), ["m1", "m2", "m3", "m4", "m5"]));
});

test("an answer to what was not read fails, shows it, and may be sent after all", limit, async () => {
  const guest = visitor(parley, parley.origin);
  const host = operator(parley, parley.origin);
  const sid = await meet(guest, host);
  guest.send(sid, "question");
  await eventually(() => assert.deepEqual(textsOf(of(host, sid)), ["question"]));
  const seen = host.session(sid).log.last;
  guest.send(sid, "never mind");
  await eventually(() => assert.equal(guest.outbox.size, 0));
  const failed = [];
  host.on("failed", ({ error }) => failed.push([error.code, textsOf(error.events)]));
  const { cmid } = host.send(sid, "answer", { ifSeq: seen });
  await eventually(() => assert.deepEqual(failed, [["stale_view", ["never mind"]]]));
  host.outbox.retry(cmid);
  await eventually(() => assert.deepEqual(textsOf(guest.heard), ["question", "never mind", "answer"]));
  assert.deepEqual(textsOf(of(host, sid)), ["question", "never mind", "answer"]);
});

test("a key that was used for other words is told", limit, async () => {
  const guest = visitor(parley, parley.origin);
  await guest.connect();
  const { sid } = await guest.start();
  const cmid = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  const say = (text) => guest.call("message.send", { sid, cmid, body: { type: "text", text } });
  const first = await say("one");
  assert.deepEqual(await say("one"), first, "the same again: the first answer");
  await assert.rejects(say("two"), { code: "idem_conflict" });
});

test("a client that sends too much is slowed down, and loses nothing", limit, async () => {
  const slow = await Parley.start("limits: {messages_per_second: 20}");
  try {
    const guest = visitor(slow, slow.origin);
    await guest.connect();
    const { sid } = await guest.start();
    const want = Array.from({ length: 120 }, (_, i) => `n${i}`);
    for (const words of want) guest.send(sid, words);
    let limited = 0;
    const request = guest.connection.request.bind(guest.connection);
    guest.connection.request = (...all) => request(...all).catch((error) => {
      if (error.code === "rate_limited") limited++;
      throw error;
    });
    await eventually(() => assert.deepEqual(textsOf(guest.heard), want));
    assert.ok(limited > 0, "the limit was never met: the test says nothing");
    assert.ok(guest.heard.every((entry) => textOf(entry) || entry.t.startsWith("session.")));
  } finally {
    leave();
    await slow.close();
  }
});

test("an aborted client is closed, and says so to who waits", limit, async () => {
  const end = new AbortController();
  const guest = visitor(parley, parley.origin, { signal: end.signal });
  await guest.connect();
  network.down = true;
  const waiting = visitor(parley, network.url, { signal: end.signal });
  const never = waiting.connect();
  end.abort();
  await assert.rejects(never, { code: "closed" });
  network.down = false;
  assert.deepEqual([guest.connection.state, waiting.connection.state], ["closed", "closed"]);
  await assert.rejects(guest.start(), { code: "closed" });
});

test("a file arrives whole, also over a network that is cut", limit, async () => {
  const guest = visitor(parley, network.url);
  const host = operator(parley, parley.origin);
  const sid = await meet(guest, host);
  const bytes = new Uint8Array(600_000).map((_, i) => 32 + (i % 90));
  const file = new Blob([bytes], { type: "text/plain" });
  network.budgets = [100_000, 1_000, 599_000]; // three tries break off, at the end as well
  const before = network.severed;
  const { cmid } = await guest.sendFile(sid, file, "long.txt");
  assert.ok(network.severed - before >= 3);
  const arrived = await eventually(() => {
    const entry = of(host, sid).find((one) => one.cid === cmid);
    assert.ok(entry, "no message with the file");
    return entry;
  });
  const { body } = arrived.d;
  assert.deepEqual([body.type, body.name, body.size, body.mime], ["file", "long.txt", bytes.length, "text/plain"]);
  for (const reader of [host, guest]) {
    const got = new Uint8Array(await (await reader.download(sid, body.file_id)).arrayBuffer());
    assert.deepEqual(got, bytes);
  }
  await assert.rejects(guest.sendFile(sid, new Blob(["<script>"], { type: "text/html" }), "a.html"), { code: "type_not_allowed" });
  await assert.rejects(guest.sendFile(sid, new Blob(["%PDF-1.7"], { type: "image/png" }), "a.png"), { code: "type_not_allowed" });
  const end = new AbortController();
  end.abort();
  await assert.rejects(guest.sendFile(sid, file, "b.txt", { signal: end.signal }), { code: "aborted" });
  guest.connection.limits.file_bytes = 10;
  await assert.rejects(guest.sendFile(sid, file, "c.txt"), { code: "too_large" });
});
