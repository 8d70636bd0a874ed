// The parts of the world that tests, and hosts without a browser, replace.

export interface World {
  open: (url: string, protocol: string) => WebSocket;
  random: () => number;
  now: () => number;
  after: (ms: number, run: () => void) => number;
  cancel: (timer: number) => void;
  /** What the browser believes. It may be wrong, and loopback needs no network. */
  hasNetwork: () => boolean;
}

/** A browser, or a Node.js with WebSocket (22; 20 with --experimental-websocket). */
export const standard: Readonly<World> = {
  open: (url, protocol) => new WebSocket(url, protocol),
  random: Math.random,
  now: Date.now,
  after: (ms, run) => setTimeout(run, ms) as unknown as number,
  cancel: (timer) => clearTimeout(timer),
  hasNetwork: () => (globalThis.navigator?.onLine as boolean | undefined) ?? true,
};

export interface Watched {
  /** Do not wait any longer: somebody looks, or the network is back. */
  nudge(): void;
  /** The network is gone: so is the socket. */
  renew(): void;
}

/** Tabs sleep and networks go: uses every hint that the line should be looked at. Does nothing where there is no page. */
export function listenToPage(line: Watched, signal: AbortSignal): void {
  if (typeof document === "undefined" || typeof addEventListener === "undefined") return;
  const options = { signal };
  addEventListener("online", () => line.nudge(), options);
  addEventListener("offline", () => line.renew(), options);
  addEventListener("pageshow", () => line.nudge(), options);
  addEventListener("focus", () => line.nudge(), options);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && line.nudge(), options);
}
