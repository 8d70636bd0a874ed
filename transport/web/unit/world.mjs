// The world as a test holds it: a socket, a clock and dice.

/** A socket, a clock and dice that the test holds. */
export class World {
  sockets = [];
  timers = [];
  clock = 1_000_000;
  dice = 0.5;
  network = true;
  hasNetwork = () => this.network;
  open = (url, protocol) => {
    const socket = { url, protocol, readyState: 0, sent: [], send: (text) => socket.sent.push(JSON.parse(text)), close: () => (socket.readyState = 2) };
    this.sockets.push(socket);
    return socket;
  };
  random = () => this.dice;
  now = () => this.clock;
  after = (ms, run) => this.timers.push({ at: this.clock + ms, run, live: true });
  cancel = (timer) => timer && (this.timers[timer - 1].live = false);
  get socket() { return this.sockets[this.sockets.length - 1]; }

  /** Lets time pass, timer by timer. */
  pass(ms) {
    const end = this.clock + ms;
    for (;;) {
      const next = this.timers.filter((timer) => timer.live && timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.clock = Math.max(this.clock, next.at);
      next.live = false;
      next.run();
    }
    this.clock = end;
  }
  connected() {
    this.socket.readyState = 1;
    this.socket.onopen();
  }
  say(frame) { this.socket.onmessage({ data: JSON.stringify(frame) }); }
  lose(code) {
    this.socket.readyState = 3;
    this.socket.onclose({ code });
  }
}

export const settled = () => new Promise((done) => setImmediate(done));
