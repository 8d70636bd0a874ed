// Visitors and operators of the live tests, and what they are told.

import assert from "node:assert/strict";
import { OperatorClient, VisitorClient } from "../client/src/index.ts";
import { tenant } from "./server.mjs";

/** Waits are short: the tests cut the line hundreds of times. */
export const timing = { backoff: 10, ceiling: 60, repeat: 20, request: 3_000, handshake: 3_000 };

/** undici's WebSocket takes headers: a visitor's client must say where its page is from. */
const world = (origin) => ({ open: (url, protocol) => new WebSocket(url, { protocols: [protocol], headers: { origin } }) });

export function visitor(parley, server, options = {}) {
  return record(new VisitorClient({ server, tenant, world: world(parley.origin), timing, ...options }));
}

export function operator(parley, server, options = {}) {
  return record(new OperatorClient({ server, tenant, getToken: () => parley.operatorToken(), timing, ...options }));
}

const all = [];

/** Ends every client of the test, however it went: a client that lives keeps the process. */
export function leave() {
  for (const client of all.splice(0)) client.close();
}

/** Writes down every entry that the application is told of. */
function record(client) {
  all.push(client);
  client.heard = [];
  client.missed = [];
  client.on("entry", ({ entry }) => client.heard.push(entry));
  client.on("reset", ({ from, to }) => client.missed.push([from, to]));
  return client;
}

export const textOf = (entry) => (entry.t === "message.new" && entry.d.body.type === "text" ? entry.d.body.text : "");
export const textsOf = (entries) => entries.map(textOf).filter(Boolean);

/** A visitor's chat that the operator has taken; answers its id. */
export async function meet(guest, host) {
  await Promise.all([guest.connect(), host.connect()]);
  await host.setIntent("accepting");
  const { sid } = await guest.start();
  const offered = () => [...host.desk.offers.values()].find((offer) => offer.sid === sid);
  await eventually(() => assert.ok(offered(), "no offer came"));
  await host.accept(offered());
  return sid;
}

/** The session as the server has it, for this reader: all pages of its history. */
export async function wholeOf(client, sid) {
  const entries = [];
  for (let more = true; more; ) {
    const page = await client.history(sid, entries[0]?.seq);
    entries.unshift(...page.events);
    more = page.more;
  }
  return entries;
}

export async function eventually(check, within = 15_000) {
  const end = Date.now() + within;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((done) => setTimeout(done, 2));
    }
  }
}
