// What a client knows of how a chat is served, and the verbs that change it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { OperatorClient, Session, VisitorClient } from "../client/src/index.ts";
import { settled, World } from "./world.mjs";

const limits = { message_bytes: 100, messages_per_second: 10, frame_bytes: 1000, ping_s: 20, history: 100 };
const tenant = { id: "acme", name: "Acme" };
const departments = [{ id: "sales", name: "Sales" }, { id: "help", name: "Help" }];
const serving = { first_queued_at: "", queued_at: "", step: 0, priority: 0, skills: [], tags: [], rev: 0, members: [{ operator: "grace", as: "whisper" }] };
const situation = { state: "active", ep: 4, head: 0, turn: "operator", owner: "ada", from: 1, to: 0, reset: false, visitor: { present: true }, read: { visitor: 0, operator: 0 }, serving };
const ada = { kind: "operator", id: "ada" };
const visitor = { kind: "visitor" };
const evt = (seq, t, d = {}, by = { kind: "system" }, more = {}) => ({ k: "evt", t, sid: "S", seq, prev: seq - 1, ep: 4, at: "", by, d, ...more });

function resumed() {
  const session = new Session("S");
  session.resume(structuredClone(situation));
  return session;
}

test("an owner who is lost, comes back, or is replaced", () => {
  const session = resumed();
  session.accept(evt(1, "session.detached", { operator: "ada", deadline: "D" }));
  assert.deepEqual([session.state, session.owner, session.deadline], ["detached", "ada", "D"]);
  session.accept(evt(2, "session.restored", { operator: "ada" }));
  assert.deepEqual([session.state, session.owner, session.deadline], ["active", "ada", ""]);
  session.accept(evt(3, "session.requeued", { department: "help", operator: "ada" }));
  assert.deepEqual([session.state, session.owner, session.department], ["queued", "", "help"]);
  session.accept(evt(4, "session.assigned", { operator: "grace" }));
  assert.deepEqual([session.state, session.owner, session.members.size], ["active", "grace", 0], "an owner is no member");
  session.accept(evt(5, "session.unattended", { department: "help", deadline: "E" }));
  assert.deepEqual([session.state, session.owner, session.deadline], ["unattended", "", "E"]);
});

test("the place in line is told while the chat waits", () => {
  const session = resumed();
  session.accept(evt(1, "session.requeued", { department: "help" }));
  assert.equal(session.notice({ k: "eph", t: "queue.position", d: { sid: "S", position: 3, p50_s: 40 } }, 0), true);
  assert.deepEqual(session.place, { position: 3, p50_s: 40 });
  session.accept(evt(2, "offer.made", { operator: "ada" }));
  assert.equal(session.place?.position, 3);
  session.accept(evt(3, "session.assigned", { operator: "ada" }));
  assert.equal(session.place, null);
});

test("whose turn it is, and the question whether somebody is there", () => {
  const session = resumed();
  const says = (seq, by, more) => session.accept(evt(seq, "message.new", { body: { type: "text", text: "x" } }, by, more));
  says(1, ada);
  assert.equal(session.turn, "visitor");
  session.accept(evt(2, "warned"));
  assert.equal(session.warned, true);
  says(3, visitor);
  assert.deepEqual([session.turn, session.warned], ["operator", false]);
  says(4, ada, { vis: "operators" });
  assert.equal(session.turn, "operator", "a note is no answer");
});

test("tags, priority, steps, rest and transfers move with their entries", () => {
  const session = resumed();
  session.accept(evt(1, "tags.set", { facts: { tags: ["parcel"] } }));
  session.accept(evt(2, "priority.set", { facts: { priority: 5 } }));
  session.accept(evt(3, "step.relaxed", { facts: { step: 2 } }));
  session.accept(evt(4, "idle.on"));
  const { tags, priority, step, idle } = session.serving;
  assert.deepEqual({ tags, priority, step, idle }, { tags: ["parcel"], priority: 5, step: 2, idle: true });
  session.accept(evt(5, "idle.off"));
  assert.equal(session.serving.idle, undefined);
  session.accept(evt(6, "transfer.started", { deadline: "D", facts: { target: { department: "help" }, mode: "warm", on_unavailable: "wait" } }, ada));
  assert.deepEqual(session.serving.transfer, { id: 6, target: { department: "help" }, by: "ada", mode: "warm", on_unavailable: "wait", until: "D" });
  session.accept(evt(7, "transfer.ended", { target: 6, facts: { outcome: "failed" } }));
  assert.equal(session.serving.transfer, undefined);
  session.accept(evt(8, "participant.left", { operator: "grace" }));
  session.accept(evt(9, "participant.joined", { operator: "eve", facts: { as: "member" } }));
  assert.deepEqual([...session.members], [["eve", "member"]]);
});

test("the end: time for notes, and the rating", () => {
  const session = resumed();
  session.accept(evt(1, "session.closing", {}, ada));
  session.accept(evt(2, "rating.requested", { deadline: "R" }));
  session.accept(evt(3, "wrapup.extended", { deadline: "W" }, ada));
  session.accept(evt(4, "rated", { facts: { score: 4 } }, visitor));
  assert.deepEqual([session.state, session.rateBy, session.deadline, session.score], ["closing", "R", "W", 4]);
});

function stage(client, world) {
  const asked = () => world.socket.sent.filter((frame) => frame.k === "req").map(({ op, d }) => ({ op, ...d, idem: undefined }));
  const answer = async (d = {}) => {
    const { id, k } = world.socket.sent[world.socket.sent.length - 1];
    assert.equal(k, "req");
    world.say({ k: "res", id, ok: true, d });
    await settled();
  };
  return { client, world, asked, answer };
}

async function operator() {
  const world = new World();
  const client = new OperatorClient({ server: "https://chat.example", tenant: "acme", world, getToken: () => "T", timing: { repeat: 0 } });
  const s = stage(client, world);
  client.connect().catch(() => undefined);
  await settled();
  world.connected();
  await settled();
  const me = { rev: 1, operator: "ada", intent: { intent: "accepting" }, away: false, used: 1000, capacity: 3000, open: 1, open_cap: 6, sessions: ["S"], offers: [] };
  await s.answer({ conn: "C", operator: { id: "ada" }, me, tenant, departments, server_time: new Date(1_000_000).toISOString(), limits });
  world.say({ k: "ctl", t: "resumed", sid: "S", d: structuredClone(situation) });
  return s;
}

test("an operator's verbs say the session, its epoch, and what was asked for", async () => {
  const s = await operator();
  const { client } = s;
  const after = async (what) => {
    what.catch(() => undefined);
    await settled();
    const { idem, ...d } = s.asked().pop();
    await s.answer({ sid: d.sid });
    await what;
    return d;
  };
  assert.deepEqual(await after(client.transfer("S", { operator: "grace" }, { mode: "warm", note: "n" })), { op: "transfer.start", sid: "S", ep: 4, target: { operator: "grace" }, mode: "warm", note: "n" });
  assert.deepEqual(await after(client.cancelTransfer("S")), { op: "transfer.cancel", sid: "S", ep: 4 });
  assert.deepEqual(await after(client.release("S", { department: "help" })), { op: "session.release", sid: "S", ep: 4, department: "help" });
  assert.deepEqual(await after(client.pick("Q")), { op: "session.pick", sid: "Q", ep: 0 });
  assert.deepEqual(await after(client.takeOver("S", { force: true })), { op: "session.takeover", sid: "S", ep: 4, force: true });
  assert.deepEqual(await after(client.set("S", { tags: ["a"], priority: 2 })), { op: "session.set", sid: "S", tags: ["a"], priority: 2 });
  assert.deepEqual(await after(client.end("S", { tags: ["b"] })), { op: "session.close", sid: "S", ep: 4, tags: ["b"] });
  assert.deepEqual(await after(client.extendWrapUp("S")), { op: "wrapup.extend", sid: "S" });
  assert.deepEqual(await after(client.endWrapUp("S")), { op: "wrapup.done", sid: "S" });
  assert.deepEqual(await after(client.addNote("S", "kind")), { op: "note.add", sid: "S", body: { type: "text", text: "kind" } });
  assert.deepEqual(await after(client.explain("S", { operator: "grace" })), { op: "explain", sid: "S", operator: "grace" });
  assert.deepEqual(await after(client.setIdentity("S", { name: "V" }, "consent")), { op: "client.identify", sid: "S", set: { name: "V" }, lawful_basis: "consent" });
  assert.deepEqual(await after(client.setIntent("paused", { until: "U" })), { op: "intent.set", intent: "paused", until: "U" });
});

test("a supervisor's word about somebody else is not its own intent", async () => {
  const s = await operator();
  const set = s.client.setIntent("paused", { for: "grace" });
  await settled();
  await s.answer({ intent: "paused" });
  await set;
  assert.equal(s.client.desk.intent.intent, "accepting");
});

test("who takes part in a chat may write there without owning it; who leaves may not", async () => {
  const s = await operator();
  const { client, world } = s;
  assert.equal(client.partIn("S"), "owner");
  const joining = client.join("J", "whisper");
  await settled();
  await s.answer({ sid: "J" });
  await joining;
  assert.deepEqual([client.partIn("J"), client.session("J").mine], ["whisper", true]);
  world.say({ ...evt(1, "participant.left", { operator: "ada" }), sid: "J" });
  assert.deepEqual([client.partIn("J"), client.session("J").mine], [undefined, false]);
  // Taken over: the old owner stays.
  world.say(evt(1, "participant.joined", { operator: "ada", facts: { as: "member" } }));
  world.say({ k: "watch", w: "me", t: "mine.changed", rev: 2, d: { sid: "S", owned: false, used: 0, open: 0 } });
  assert.deepEqual([client.partIn("S"), client.session("S").mine, client.desk.open], ["member", true, 0]);
});

async function guest() {
  const world = new World();
  const client = new VisitorClient({ server: "https://chat.example", tenant: "acme", world, timing: { repeat: 0 } });
  const s = stage(client, world);
  client.connect().catch(() => undefined);
  await settled();
  world.connected();
  await settled();
  await s.answer({ conn: "C", visitor: "V", token: "opaque", token_expires: new Date(9e12).toISOString(), tenant, departments, server_time: new Date(1_000_000).toISOString(), limits });
  return s;
}

test("departments are what the server last said of them", async () => {
  const { client, world, answer } = await guest();
  assert.deepEqual(client.departments, departments);
  const asked = client.listDepartments();
  await settled();
  await answer({ departments: [{ id: "sales", name: "Sales", status: "closed", opens_at: "M" }, { id: "help", status: "open" }] });
  await asked;
  assert.deepEqual(client.departments, [{ id: "sales", name: "Sales", status: "closed", opens_at: "M" }, { id: "help", name: "Help", status: "open" }]);
  world.say({ k: "eph", t: "department.status", d: { id: "sales", status: "open" } });
  assert.deepEqual(client.departments[0], { id: "sales", name: "Sales", status: "open" }, "it does not open later any more");
  const form = [{ name: "order", label: "Order" }];
  const again = client.listDepartments();
  await settled();
  await answer({ departments: [{ id: "sales", status: "open", form }, { id: "help", status: "open" }] });
  await again;
  world.say({ k: "eph", t: "department.status", d: { id: "sales", status: "open_queue", queue_len: 2, eta: 60 } });
  assert.deepEqual(client.departments[0], { id: "sales", name: "Sales", status: "open_queue", queue_len: 2, eta: 60, form }, "what it asks stays");
  const third = client.listDepartments();
  await settled();
  await answer({ departments: [{ id: "sales", status: "open" }, { id: "help", status: "open", form }] });
  await third;
  assert.deepEqual(client.departments.map((one) => one.form), [undefined, form], "it asks nothing any more");
  world.lose(1006);
  world.pass(2_000);
  await settled();
  world.connected();
  await settled();
  await answer({ conn: "C", visitor: "V", token: "opaque", token_expires: new Date(9e12).toISOString(), tenant, departments, server_time: new Date(1_000_000).toISOString(), limits });
  assert.deepEqual(client.departments[1], { id: "help", name: "Help", status: "open" }, "a hello says what is asked");
});

test("a chat that continues another is asked for as such, and again under the same key", async () => {
  const s = await guest();
  const { client, world } = s;
  client.start("help", { continues: "OLD" }).catch(() => undefined);
  await settled();
  const first = world.socket.sent.pop();
  assert.deepEqual([first.op, first.d.sid, first.d.department], ["session.continue", "OLD", "help"]);
  world.lose(1006);
  world.pass(2_000);
  await settled();
  world.connected();
  await settled();
  await s.answer({ conn: "C", visitor: "V", token: "opaque", token_expires: new Date(9e12).toISOString(), tenant, departments, server_time: new Date(1_000_000).toISOString(), limits });
  await settled();
  assert.deepEqual(world.socket.sent.find((frame) => frame.op === "session.continue").d, first.d);
});

test("what is watched is on the desk, each topic by its own revisions, and again after a reconnect", async () => {
  const s = await operator();
  const { client, world } = s;
  const { desk } = client;
  const watching = client.watch("board:sales", "operators");
  await settled();
  await s.answer({ topics: ["board:sales", "operators", "queue"] });
  await watching;
  const board = (rev, t, waiting) => world.say({ k: "watch", w: "board", t, rev, d: { department: "sales", waiting } });
  const row = (operator) => ({ operator, state: "accepting", used: 0, capacity: 3000, open: 0, open_cap: 6 });
  board(1, "snapshot", 2);
  world.say({ k: "watch", w: "operators", t: "snapshot", rev: 1, d: { rows: [row("ada"), row("eve")], gone: [] } });
  world.say({ k: "watch", w: "queue", t: "snapshot", rev: 1, d: { rows: [], gone: [], lines: [{ department: "sales", length: 0 }] } });
  board(2, "delta", 3);
  board(2, "delta", 9);
  world.say({ k: "watch", w: "operators", t: "delta", rev: 2, d: { rows: [], gone: ["eve"] } });
  world.say({ k: "watch", w: "queue", t: "snapshot", rev: 1, d: { department: "help", rows: [{ sid: "Q", department: "help", since: "", offered: false }], gone: [], lines: [] } });
  assert.deepEqual([desk.boards.get("sales").waiting, [...desk.team.keys()], [...desk.lines.keys()], desk.queue.size], [3, ["ada"], ["sales"], 0]);
  board(4, "delta", 5);
  const again = world.socket.sent.pop();
  assert.deepEqual([again.op, again.d, desk.boards.get("sales").waiting], ["watch", { topics: ["board:sales"] }, 3], "a hole: it begins anew");
  world.lose(1006);
  world.pass(2_000);
  await settled();
  world.connected();
  await settled();
  assert.deepEqual(world.socket.sent[0].d.watch, ["queue", "board:sales", "operators"]);
  world.say({ k: "watch", w: "board", t: "ended", rev: 5, d: { department: "sales" } });
  assert.equal(desk.boards.size, 0, "the right to it is gone");
});
