// A network that a test can cut: TCP from a port of its own to the server's.

import { connect, createServer } from "node:net";

export class Proxy {
  static async open(to) {
    const proxy = new Proxy();
    proxy.to = to;
    proxy.pairs = new Set();
    proxy.server = createServer((near) => proxy.join(near));
    await new Promise((done) => proxy.server.listen(0, "127.0.0.1", done));
    return proxy;
  }

  /** How many bytes up the next connections are good for, one after the other. */
  budgets = [];
  /** How many connections have ended. */
  severed = 0;
  /** Nobody gets through. */
  down = false;

  get url() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  join(near) {
    if (this.down) return near.destroy();
    const [host, port] = this.to.split(":");
    const pair = { near, far: connect(Number(port), host), left: { up: this.budgets.shift() ?? Infinity, down: Infinity } };
    this.pairs.add(pair);
    this.pipe(pair, "up", pair.near, pair.far);
    this.pipe(pair, "down", pair.far, pair.near);
  }

  pipe(pair, way, from, to) {
    from.setNoDelay(true);
    from.on("data", (chunk) => {
      // Bytes beyond what is left are lost, in the middle of a frame or not.
      const passed = chunk.subarray(0, pair.left[way]);
      pair.left[way] -= passed.length;
      if (passed.length > 0 && to.writable) to.write(passed);
      if (pair.left[way] <= 0) this.sever(pair);
    });
    from.on("error", () => this.sever(pair));
    from.on("close", () => this.sever(pair));
  }

  sever(pair) {
    if (!this.pairs.delete(pair)) return;
    this.severed++;
    pair.near.destroy();
    pair.far.destroy();
  }

  /** Cuts every connection: now, or after so many bytes more, up to the server or down to the client. */
  cut(after = 0, way = "down") {
    for (const pair of [...this.pairs]) {
      if (after === 0) this.sever(pair);
      else pair.left[way] = after;
    }
  }

  /** The connections stay, and nothing passes down any more: half open. */
  stall() {
    for (const pair of this.pairs) pair.far.removeAllListeners("data").on("data", () => undefined);
  }

  async close() {
    this.cut();
    await new Promise((done) => this.server.close(done));
  }
}
