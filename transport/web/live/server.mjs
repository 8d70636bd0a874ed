// A real Parley in a process of its own: the program that PARLEY_BINARY names,
// with one tenant that signs its visitors as well.

import { spawn, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const secrets = { operators: "operators-0123456789012345678901234567", visitors: "visitors-01234567890123456789012345678" };

export const tenant = "acme";

const usual = [
  "departments: [{id: all, name: All, offer_timeout: 60s}]",
  "operators: [{id: ada, name: Ada, capacity: 64}, {id: grace, name: Grace, capacity: 64}]",
];

export class Parley {
  /** Makes the tenant's files and a root key, and starts. `extra` is more YAML of the tenant; `people` its departments and operators, in place of the usual ones. */
  static async start(extra = "", people = usual) {
    const parley = new Parley();
    parley.people = people;
    parley.binary = process.env.PARLEY_BINARY;
    if (!parley.binary) throw new Error("PARLEY_BINARY is not set; give it the path of a built cmd/parley");
    parley.folder = mkdtempSync(join(tmpdir(), "parley-live-"));
    parley.port = await freePort();
    mkdirSync(join(parley.folder, "tenants"));
    writeFileSync(join(parley.folder, "tenants", `${tenant}.yaml`), parley.tenantFile(extra));
    const { status, stderr } = spawnSync(parley.binary, ["keys", "new", "--root-key-file", "root.key"], { cwd: parley.folder });
    if (status !== 0) throw new Error(`keys new: ${stderr}`);
    process.on("exit", () => parley.clear());
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1)); // given up: not without the server
    await parley.run();
    return parley;
  }

  tenantFile(extra) {
    return [
      `id: ${tenant}`,
      "name: Acme",
      `origins: ["${this.origin}"]`,
      ...this.people,
      `keys: [{algorithm: HS256, secret: ${secrets.operators}}]`,
      `visitor_keys: [{algorithm: HS256, secret: ${secrets.visitors}}]`,
      extra,
    ].join("\n");
  }

  get address() {
    return `127.0.0.1:${this.port}`;
  }

  get origin() {
    return `http://${this.address}`;
  }

  /** Starts the process over the same folder. */
  async run() {
    const listen = ["--listen", this.address, "--admin-listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"];
    const child = spawn(this.binary, ["serve", "--tenants", "tenants", "--root-key-file", "root.key", "--data", "data", ...listen], { cwd: this.folder, stdio: ["ignore", "ignore", "pipe"] });
    this.process = child;
    let said = "";
    await new Promise((ready, failed) => {
      child.once("exit", (code) => failed(new Error(`parley ended with ${code}: ${said}`)));
      child.stderr.on("data", (chunk) => {
        said += chunk;
        const serving = said.split("\n").find((line) => line.includes('"msg":"serving"') && line.endsWith("}"));
        if (!serving) return;
        this.admin = JSON.parse(serving).admin;
        ready();
      });
    });
  }

  /** Ends the process: SIGKILL is a crash, SIGTERM a drain. */
  async end(signal = "SIGTERM") {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await gone;
  }

  async close() {
    await this.end("SIGKILL");
    this.clear();
  }

  clear() {
    this.process?.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  operatorToken(id = "ada", seconds = 3600, roles = ["operator"]) {
    return sign(secrets.operators, { sub: id, roles }, seconds);
  }

  visitorToken(sub, seconds = 3600) {
    return sign(secrets.visitors, { sub }, seconds);
  }

  /** The tenant's server writes into a session. */
  async post(sid, text, key) {
    const answer = await fetch(`http://${this.admin}/v1/tenants/${tenant}/sessions/${sid}/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.operatorToken("ada", 3600, ["admin"])}`, "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ text }),
    });
    if (!answer.ok) throw new Error(`post: ${answer.status} ${await answer.text()}`);
  }
}

/** A JWT (RFC 7519), signed with HMAC-SHA256. */
function sign(secret, claims, seconds) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Date.now() / 1000;
  // exp may have a fraction; whole seconds are what everybody reads.
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ aud: tenant, iat: Math.floor(now), exp: Math.floor(now + seconds), ...claims })}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}
