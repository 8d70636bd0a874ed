// A server of the story's own, with a line that moves, time for notes, and somebody
// who supervises. PARLEY_BINARY names the program.

import { Parley, tenant } from "../live/server.mjs";

const sales = "{id: sales, name: Sales, offer_timeout: 60s, operator_grace: 3s, wrap_up: 40s, rating_window: 1h, decline_for: 60s}";
const help = "{id: help, name: Help, offer_timeout: 60s, when_closed: unattended, hours: {zone: UTC, weekly: {}}}";
const form = "[{name: subject, label: 'What is it about?'}, {name: order, label: Order number, required: true}, {name: kind, label: Kind, options: [new, used]}]";
const care = `{id: care, name: Care, offer_timeout: 60s, operator_grace: 3s, close_reasons: [mended, replaced], form: ${form}}`;
const people = [
  `departments: [${sales}, ${help}, ${care}]`,
  "operators: [{id: ada, name: Ada, capacity: 1, open_cap: 2, skills: {billing: 3}, departments: [sales, care], may_pick: true}, {id: grace, name: Grace, capacity: 2, departments: [sales, care]}, {id: eve, name: Eve, departments: [sales, help, care]}]",
];

/** Plays a story in a house: `visitor()` and `operator(id, roles)` open pages. */
export async function inHouse(theatre, play) {
  const parley = await Parley.start("", people);
  const page = (path, fragment = "") => `${parley.origin}/${path}?tenant=${tenant}${fragment}`;
  try {
    await play({
      visitor: () => theatre.open(page("visitor")),
      operator: (id, roles = ["operator"]) => theatre.open(page("console", `#token=${parley.operatorToken(id, 3600, roles)}`)),
    });
  } finally {
    await theatre.close();
    await parley.close();
  }
}
