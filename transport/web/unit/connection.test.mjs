import assert from "node:assert/strict";
import { test } from "node:test";
import { timing } from "../client/src/backoff.ts";
import { Connection } from "../client/src/connection.ts";
import { ParleyError } from "../client/src/protocol.ts";
import { settled, World } from "./world.mjs";

const hello = { server_time: new Date(1_000_000 + 5_000).toISOString(), limits: { ping_s: 20, message_bytes: 100 } };

function stage(more = {}) {
  const world = new World();
  const seen = [];
  const handlers = {
    auth: () => ({ tenant: "demo" }), hello: () => seen.push("hello"), refused: () => false,
    evt: (frame) => seen.push(frame.seq), eph: () => undefined, watch: () => undefined,
    resumed: (sid) => seen.push(sid), state: (state) => seen.push(state), ...more,
  };
  const connection = new Connection("ws://host/v1/visitor", handlers, world);
  return { world, connection, seen };
}

async function online(setting) {
  setting.connection.connect();
  setting.world.connected();
  setting.world.say({ k: "res", id: setting.world.socket.sent[0].id, ok: true, d: hello });
  await settled();
}

test("auth comes first, in the protocol's own subprotocol", async () => {
  const s = stage();
  await online(s);
  assert.equal(s.world.socket.protocol, "parley.v1+json");
  assert.deepEqual(s.world.socket.sent[0], { k: "req", id: "c1", op: "auth", d: { tenant: "demo" } });
  assert.equal(s.connection.state, "online");
  assert.equal(s.connection.limits.message_bytes, 100);
  assert.equal(s.connection.now(), s.world.clock + 5_000, "the server's clock counts");
});

test("each request gets its own answer", async () => {
  const s = stage();
  await online(s);
  const one = s.connection.request("a", {});
  const two = s.connection.request("b", {});
  s.world.say({ k: "res", id: "c3", ok: false, e: { code: "not_found" } });
  s.world.say({ k: "res", id: "c2", ok: true, d: { n: 1 } });
  assert.deepEqual(await one, { n: 1 });
  await assert.rejects(two, { code: "not_found" });
});

test("an unanswered request means a dead line: a new socket is opened", async () => {
  const s = stage();
  await online(s);
  const request = s.connection.request("a", {});
  s.world.pass(timing.request);
  await assert.rejects(request, { code: "timeout" });
  assert.equal(s.connection.state, "waiting");
  s.world.pass(timing.backoff);
  assert.equal(s.world.sockets.length, 2);
});

test("a ping is answered; silence opens a new socket", async () => {
  const s = stage();
  await online(s);
  s.world.pass(19_000);
  s.world.say({ k: "ctl", t: "ping", d: { ts: 1 } });
  assert.deepEqual(s.world.socket.sent.pop(), { k: "ctl", t: "pong", d: { n: 0 } });
  s.world.pass(31_000);
  assert.equal(s.connection.state, "online");
  s.world.pass(2_000);
  assert.notEqual(s.connection.state, "online");
});

test("waits double, with full jitter, up to a ceiling; a proved line starts small again", async () => {
  const s = stage();
  await online(s);
  s.world.dice = 1;
  const waits = [];
  for (let i = 0; i < 7; i++) {
    s.world.lose(1006);
    const before = s.world.clock;
    const opened = s.world.sockets.length;
    while (s.world.sockets.length === opened) s.world.pass(100);
    waits.push(Math.round((s.world.clock - before) / 1000));
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 30, 30]);
  s.world.connected();
  s.world.say({ k: "res", id: s.world.socket.sent[0].id, ok: true, d: hello });
  await settled();
  s.world.pass(timing.stable + 1);
  s.world.lose(4001);
  const opened = s.world.sockets.length;
  s.world.pass(timing.backoff);
  assert.equal(s.world.sockets.length, opened + 1);
  s.world.dice = 0;
  s.world.lose(1006);
  s.world.pass(0);
  assert.equal(s.world.sockets.length, opened + 2, "the dice decide, not a fixed wait");
});

test("the server's bye says when to come back", async () => {
  const s = stage();
  await online(s);
  s.world.dice = 0;
  s.world.say({ k: "ctl", t: "bye", d: { reason: "shutdown", reconnect: "after", retry_after_ms: 7_000 } });
  s.world.lose(4000);
  s.world.pass(6_900);
  assert.equal(s.world.sockets.length, 1);
  s.world.pass(200);
  assert.equal(s.world.sockets.length, 2);
});

for (const code of [1002, 1009, 4502, 4503, 4504, 4507]) {
  test(`close code ${code} is final`, async () => {
    const s = stage();
    await online(s);
    s.world.lose(code);
    s.world.pass(120_000);
    assert.equal(s.connection.state, "refused");
    assert.equal(s.world.sockets.length, 1);
    s.connection.nudge();
    assert.equal(s.world.sockets.length, 1, "a glance at the page does not override it");
    s.connection.restart();
    assert.equal(s.world.sockets.length, 2, "a person does");
  });
}

test("refused credentials are final, unless there are others", async () => {
  for (const others of [false, true]) {
    const s = stage({ refused: () => others });
    s.connection.connect();
    s.world.connected();
    s.world.say({ k: "res", id: "c1", ok: false, e: { code: "auth_expired" } });
    s.world.say({ k: "ctl", t: "bye", d: { reason: "auth_failed", reconnect: "with_new_token" } });
    await settled();
    s.world.lose(4500);
    assert.equal(s.world.sockets.length, others ? 2 : 1);
    if (!others) assert.deepEqual([s.connection.state, s.connection.reason], ["refused", "auth_expired"]);
  }
});

test("what waits for an answer fails when the socket goes", async () => {
  const s = stage();
  await online(s);
  const request = s.connection.request("a", {});
  s.world.lose(1006);
  await assert.rejects(request, { code: "disconnected" });
  await assert.rejects(s.connection.request("b", {}), { code: "disconnected" });
});

test("without a network the page says so, tries now and then, and at once when it is back", async () => {
  const s = stage();
  await online(s);
  s.world.network = false;
  s.connection.renew();
  assert.equal(s.connection.state, "offline");
  s.world.pass(timing.backoff);
  assert.equal(s.world.sockets.length, 2, "the browser may be wrong");
  s.world.lose(1006);
  assert.equal(s.connection.state, "offline");
  s.world.network = true;
  s.connection.nudge();
  assert.equal(s.world.sockets.length, 3);
});

test("frames of an old socket are not heard", async () => {
  const s = stage();
  await online(s);
  const old = s.world.socket;
  s.connection.renew();
  s.world.pass(timing.backoff);
  old.onmessage({ data: JSON.stringify({ k: "evt", seq: 9 }) });
  old.onclose({ code: 4503 });
  assert.equal(s.seen.includes(9), false);
  assert.notEqual(s.connection.state, "refused");
});

const lasting = (ms) => ({ ...hello, token_expires: new Date(1_000_000 + 5_000 + ms).toISOString() });

async function onlineFor(setting, ms) {
  setting.connection.connect();
  setting.world.connected();
  setting.world.say({ k: "res", id: setting.world.socket.sent[0].id, ok: true, d: lasting(ms) });
  await settled();
}

const refreshes = (world) => world.socket.sent.filter((frame) => frame.op === "auth.refresh");

/** Lets time pass while the server pings and is answered. */
function pass(world, ms) {
  for (let left = ms; left > 0; left -= 10_000) {
    world.say({ k: "ctl", t: "ping" });
    world.pass(Math.min(left, 10_000));
  }
}

test("a token is renewed before it ends, and the next one before that ends", async () => {
  const renewed = [];
  const s = stage({ renewal: () => `t${renewed.length}`, renewed: (d) => renewed.push(d.token) });
  await onlineFor(s, 600_000);
  pass(s.world, 530_000);
  assert.equal(refreshes(s.world).length, 0, "not too early");
  pass(s.world, 10_000);
  await settled();
  assert.deepEqual(refreshes(s.world).map((frame) => frame.d), [{ token: "t0" }]);
  const until = (ms) => new Date(s.connection.now() + ms).toISOString();
  s.world.say({ k: "res", id: refreshes(s.world)[0].id, ok: true, d: { expires: until(600_000), token: "next" } });
  await settled();
  assert.deepEqual(renewed, ["next"]);
  pass(s.world, 545_000);
  await settled();
  assert.deepEqual(refreshes(s.world).map((frame) => frame.d.token), ["t0", "t1"]);
});

test("a token that ends no later is not shown again", async () => {
  const s = stage({ renewal: () => "same" });
  await onlineFor(s, 100_000);
  pass(s.world, 76_000);
  await settled();
  const [first] = refreshes(s.world);
  s.world.say({ k: "res", id: first.id, ok: true, d: { expires: lasting(100_000).token_expires } });
  await settled();
  pass(s.world, 100_000);
  assert.equal(refreshes(s.world).length, 1);
});

test("without a newer token nothing is shown, and a refused one is not insisted on", async () => {
  const none = stage();
  await onlineFor(none, 100_000);
  pass(none.world, 99_000);
  assert.equal(refreshes(none.world).length, 0);
  const refused = stage({ renewal: () => "bad" });
  await onlineFor(refused, 100_000);
  pass(refused.world, 76_000);
  await settled();
  refused.world.say({ k: "res", id: refreshes(refused.world)[0].id, ok: false, e: { code: "auth_invalid" } });
  await settled();
  pass(refused.world, 20_000);
  assert.equal(refreshes(refused.world).length, 1);
  assert.equal(refused.connection.state, "online");
});

test("a page may show a token at any time", async () => {
  const s = stage();
  await online(s);
  const answer = s.connection.refresh("new");
  s.world.say({ k: "res", id: refreshes(s.world)[0].id, ok: false, e: { code: "forbidden" } });
  await assert.rejects(answer, { code: "forbidden" });
  assert.equal(s.connection.state, "online");
});

test("a token of many days is not forgotten, nor renewed at once", async () => {
  const day = 86_400_000;
  const s = stage({ renewal: () => "t" });
  await onlineFor(s, 30 * day);
  assert.ok(s.world.timers.every((timer) => timer.at - s.world.clock <= day), "no timer is longer than browsers count");
  s.world.clock += 30 * day - 60_000; // asleep
  pass(s.world, 50_000);
  await settled();
  assert.equal(refreshes(s.world).length, 1);
});

test("an expired token ends the line until there is another", async () => {
  const s = stage();
  await online(s);
  s.world.say({ k: "ctl", t: "bye", d: { reason: "auth_expired", reconnect: "with_new_token" } });
  s.world.lose(4508);
  assert.equal(s.connection.state, "refused");
  assert.equal(s.connection.reason, "auth_expired");
});

test("an expired token is followed by a newer one, where there is one; the third refusal in a row waits longer", async () => {
  const s = stage({ refused: () => true });
  await online(s);
  s.world.dice = 1;
  s.world.say({ k: "ctl", t: "bye", d: { reason: "auth_expired", reconnect: "with_new_token" } });
  s.world.lose(4508);
  assert.equal(s.world.sockets.length, 2, "at once");
  for (const wait of [timing.backoff * 2, timing.backoff * 4]) {
    const opened = s.world.sockets.length;
    s.world.connected();
    s.world.say({ k: "res", id: s.world.socket.sent[0].id, ok: false, e: { code: "auth_expired" } });
    await settled();
    s.world.lose(4500);
    s.world.pass(wait - 1);
    assert.equal(s.world.sockets.length, opened);
    s.world.pass(1);
    assert.equal(s.world.sockets.length, opened + 1);
  }
});

test("credentials may take their time; without them the line tries again, unless there are none", async () => {
  let give;
  const s = stage({ auth: () => new Promise((done, failed) => (give = { done, failed })) });
  s.connection.connect();
  s.connection.connect();
  assert.equal(s.world.sockets.length, 0);
  give.failed(new Error("the sign-in server is away"));
  await settled();
  assert.equal(s.connection.state, "waiting");
  s.world.pass(timing.backoff);
  give.done({ tenant: "demo" });
  await settled();
  s.world.connected();
  assert.deepEqual(s.world.socket.sent[0].d, { tenant: "demo" });
  s.world.lose(1006);
  s.world.pass(timing.backoff * 2);
  give.failed(new ParleyError({ code: "auth_required" }));
  await settled();
  assert.deepEqual([s.connection.state, s.connection.reason], ["refused", "auth_required"]);
});

test("credentials that come when nobody waits for them any more open nothing", async () => {
  let give;
  const s = stage({ auth: () => new Promise((done) => (give = done)) });
  s.connection.connect();
  s.connection.close();
  give({});
  await settled();
  assert.deepEqual([s.world.sockets.length, s.connection.state], [0, "closed"]);
});

test("closing says goodbye, fails what waits, and stays closed", async () => {
  const s = stage();
  await online(s);
  const request = s.connection.request("a", {});
  s.connection.close();
  assert.deepEqual(s.world.socket.sent.pop(), { k: "ctl", t: "bye" });
  await assert.rejects(request, { code: "closed" });
  await assert.rejects(s.connection.request("b", {}), { code: "closed" });
  s.world.pass(120_000);
  s.connection.nudge();
  assert.deepEqual([s.world.sockets.length, s.connection.state], [1, "closed"]);
});

test("an aborted request is not waited for, and its late answer changes nothing", async () => {
  const s = stage();
  await online(s);
  const end = new AbortController();
  const request = s.connection.request("a", {}, { signal: end.signal });
  end.abort();
  await assert.rejects(request, { code: "aborted" });
  s.world.say({ k: "res", id: "c2", ok: true, d: {} });
  s.world.pass(timing.request);
  assert.equal(s.connection.state, "online", "that it took long says nothing of the line");
  await assert.rejects(s.connection.request("b", {}, { signal: end.signal }), { code: "aborted" });
});

test("the server may send us elsewhere, if the application agrees", async () => {
  for (const [agreed, url] of [["ws://other/v1/visitor", "ws://other/v1/visitor"], ["", "ws://host/v1/visitor"]]) {
    const s = stage({ elsewhere: () => agreed });
    await online(s);
    s.world.say({ k: "ctl", t: "bye", d: { reason: "shutdown", reconnect: "elsewhere", url: "ws://other/v1/visitor" } });
    s.world.lose(4000);
    s.world.pass(timing.backoff);
    assert.equal(s.world.socket.url, url);
  }
});

test("the waits of many clients are spread evenly over all of the time", async () => {
  const waits = [];
  for (let i = 0; i < 100; i++) {
    const s = stage();
    s.world.dice = i / 100;
    await online(s);
    s.world.lose(1006);
    const before = s.world.clock;
    waits.push(s.world.timers.filter((timer) => timer.live).map((timer) => timer.at - before)[0]);
  }
  for (const tenth of Array(10).keys()) {
    const low = (tenth * timing.backoff) / 10;
    assert.equal(waits.filter((wait) => wait >= low && wait < low + timing.backoff / 10).length, 10, `from ${low} ms`);
  }
});

test("a socket that fails and says no more is given up; one that closes with a code is judged by it", async () => {
  const s = stage();
  await online(s);
  s.world.socket.onerror();
  s.world.lose(4504);
  s.world.pass(1_000);
  assert.deepEqual([s.connection.state, s.world.sockets.length], ["refused", 1]);
  const silent = stage();
  silent.connection.connect();
  silent.world.socket.onerror();
  silent.world.pass(100);
  assert.equal(silent.connection.state, "waiting");
});

test("the hello counts before what comes with it in one go", () => {
  const s = stage({ watch: (frame) => s.seen.push(frame.rev) });
  s.connection.connect();
  s.world.connected();
  s.world.say({ k: "res", id: "c1", ok: true, d: hello });
  s.world.say({ k: "watch", w: "me", t: "mine.changed", rev: 7 });
  assert.deepEqual(s.seen, ["connecting", "hello", "online", 7]);
  const refused = stage();
  refused.connection.connect();
  refused.world.connected();
  refused.world.say({ k: "res", id: "c1", ok: false, e: { code: "tenant_unknown" } });
  refused.world.say({ k: "ctl", t: "bye", d: { reason: "auth_failed", reconnect: "with_new_token" } });
  refused.world.lose(4500);
  assert.deepEqual([refused.connection.state, refused.connection.reason], ["refused", "tenant_unknown"]);
});
