// Writes src/frames.ts, the types of every frame, from the JSON Schemas of
// transport/spec: node scripts/frames.mjs [FILE]. The same schemas give the same
// bytes; a test compares.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";

const here = dirname(fileURLToPath(import.meta.url));
const spec = join(here, "../../../spec");
const output = process.argv[2] ?? join(here, "../src/frames.ts");

const read = (file) => JSON.parse(readFileSync(join(spec, file), "utf8"));
const pascal = (name) => name.split(/[._-]/).map((word) => word[0].toUpperCase() + word.slice(1)).join("");

/** Frames by name, in the order of their names. */
const frames = readdirSync(join(spec, "schemas")).map((file) => file.replace(/\.json$/, "")).filter((name) => name !== "common").sort();
const events = frames.filter((name) => name.startsWith("evt."));

/** Names that say more, and that no browser has already. */
const names = { event: "Entry", name: "Label", operator: "OperatorId", request: "RequestId" };
const typeOf = (definition) => names[definition] ?? pascal(definition);

/** A schema as the generator understands it: conditions, which no type can say, are left out. */
function plain(node) {
  if (Array.isArray(node)) return node.map(plain);
  if (node === null || typeof node !== "object") return node;
  if (node.not && !node.type) return { description: node.description, tsType: "unknown" };
  const kept = {};
  if (node.type === "object" && !node.properties) kept.additionalProperties = true;
  for (const [key, value] of Object.entries(node)) {
    if (["$schema", "if", "then", "else", "not", "pattern", "format"].includes(key)) continue;
    if (key === "anyOf" && value.every((one) => Object.keys(one).join() === "required")) continue;
    if (key === "allOf" && value.every((one) => one.if)) continue;
    kept[key] = key === "$ref" ? `#/$defs/${reference(value)}` : plain(value);
  }
  return kept;
}

function reference(target) {
  const [file, pointer] = target.split("#/$defs/");
  return pointer ? typeOf(pointer) : pascal(file.replace(/\.json$/, ""));
}

/** What all frames of a kind begin with, by the type that says it once. */
const heads = [
  { name: "EventHead", says: "What every event has.", of: events },
  { name: "RequestHead", says: "What every request has.", of: frames.filter((name) => name.startsWith("req.")) },
  { name: "ResultHead", says: "What every answer has that is no refusal.", of: frames.filter((name) => name.startsWith("res.") && name !== "res.refused") },
];

/** Moves the members that all frames of a kind have alike to a type of their own. */
function behead(defs, { name, says, of }) {
  const all = of.map((frame) => defs[pascal(frame)]);
  const has = (schema, key) => JSON.stringify([schema.properties[key], schema.required?.includes(key) ?? false]);
  const shared = Object.keys(all[0].properties).filter((key) => all.every((schema) => has(schema, key) === has(all[0], key)));
  const required = all[0].required.filter((key) => shared.includes(key));
  defs[name] = { description: says, type: "object", properties: Object.fromEntries(shared.map((key) => [key, all[0].properties[key]])), required };
  for (const schema of all) {
    schema.properties = Object.fromEntries(Object.entries(schema.properties).filter(([key]) => !shared.includes(key)));
    schema.required = schema.required.filter((key) => !shared.includes(key));
    schema.extends = { $ref: `#/$defs/${name}` };
  }
}

/** Every definition and every frame in one document. */
function whole() {
  const defs = {};
  for (const [name, schema] of Object.entries(read("schemas/common.json").$defs)) defs[typeOf(name)] = plain(schema);
  // An event of a kind that this version does not know is skipped by the client, so no type says it.
  defs.Entry = { description: "An entry of a session's log, of a known kind.", oneOf: events.map((name) => ({ $ref: `#/$defs/${pascal(name)}` })) };
  for (const name of frames) {
    const { title, description, ...schema } = plain(read(`schemas/${name}.json`));
    defs[pascal(name)] = { ...schema, description: [title, description].filter(Boolean).join(". ") };
  }
  for (const head of heads) behead(defs, head);
  const logged = JSON.stringify(defs.ResMessageSend.properties.d);
  defs.Logged = { ...JSON.parse(logged), description: "Where what was asked for stands in its session's log." };
  for (const { properties } of Object.values(defs)) {
    if (properties?.d && JSON.stringify(properties.d) === logged) properties.d = { $ref: "#/$defs/Logged" };
  }
  for (const [name, schema] of Object.entries(defs)) schema.title = name;
  return { title: "Frames", type: "object", additionalProperties: false, $defs: defs };
}

/** Which operations a side has, as the AsyncAPI document says. */
function opsOf(side) {
  const { operations } = read("asyncapi.json");
  return Object.entries(operations)
    .filter(([name, { reply }]) => name.startsWith(`${side}.`) && reply)
    .map(([name]) => name.slice(side.length + 1))
    .sort();
}

function opTable(side) {
  const rows = opsOf(side).map((op) => {
    const name = op === "auth" ? `auth.${side}` : op;
    return `  ${JSON.stringify(op)}: { d: NonNullable<${pascal(`req.${name}`)}["d"]>; res: NonNullable<${pascal(`res.${name}`)}["d"]> };`;
  });
  return `/** What the ${side} may ask for: \`d\` of the request, \`res\` of its answer. */\nexport interface ${pascal(side)}Ops {\n${rows.join("\n")}\n}\n`;
}

/** Operations whose requests carry an idempotency key. */
function keyed() {
  const ops = frames.filter((name) => name.startsWith("req.") && read(`schemas/${name}.json`).properties.d?.properties?.idem);
  return ops.map((name) => name.slice("req.".length));
}

const union = (name, says, prefix, without = "none") =>
  `/** ${says} */\nexport type ${name} =\n${frames.filter((frame) => frame.startsWith(prefix) && !frame.startsWith(without)).map((frame) => `  | ${pascal(frame)}`).join("\n")};\n`;

const list = (name, says, words) =>
  `/** ${says} */\nexport const ${name}: readonly string[] = [\n${words.map((word) => `  ${JSON.stringify(word)},`).join("\n")}\n];\n`;

const types = await compile(whole(), "Frames", {
  additionalProperties: false,
  bannerComment: "// Generated by scripts/frames.mjs from transport/spec/schemas. Do not edit: npm run frames.",
  ignoreMinAndMaxItems: true,
  unreachableDefinitions: true,
  strictIndexSignatures: false,
  style: { printWidth: 160 },
});

writeFileSync(output, [
  types.replace(/\n\/\*\*\n \* This interface was referenced by `Frames`'s JSON-Schema\n \* via the `definition` "[A-Za-z0-9]+"\.\n \*\/\n/g, "\n")
    .replace(/\n \*\n \* This interface was referenced by `Frames`'s JSON-Schema\n \* via the `definition` "[A-Za-z0-9]+"\./g, "")
    .replace(/export interface Frames \{\}\n+/, ""),
  union("Passing", "What the server says in passing.", "eph."),
  union("Watch", "A list that the server keeps for an operator.", "watch."),
  union("Control", "What the server says about the connection and its sessions.", "ctl.", "ctl.client."),
  union("ClientControl", "What a client says without an answer.", "ctl.client."),
  opTable("visitor"),
  opTable("operator"),
  list("eventKinds", "The kinds of events that this version knows.", events.map((name) => name.slice("evt.".length))),
  list("keyedOps", "The operations that carry an idempotency key, `idem`.", keyed()),
].join("\n"));
