// Where a client keeps what shall outlive it: the visitor's token, and what is
// written and not yet taken by the server. Nothing here throws: a browser may
// refuse its storage, and then things live as long as the page does.

export interface Store {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  /** The keys that begin so, in no particular order. */
  keys(prefix: string): string[];
  /** Several tabs have it in common. */
  readonly isShared?: boolean;
}

/** Keeps things as long as the page or process lives. The default: nothing is written anywhere. */
export function memoryStore(): Store {
  return new WebStore(() => null);
}

/** Keeps things as long as the tab, over reloads. Readable to scripts of the same origin. */
export function tabStore(): Store {
  return new WebStore(() => sessionStorage);
}

/** Keeps things until they are removed, for all tabs. Readable to scripts of the same origin, and on disk in clear. */
export function browserStore(): Store {
  return new WebStore(() => localStorage, true);
}

class WebStore implements Store {
  /** What the browser would not keep. */
  private readonly spare = new Map<string, string>();
  readonly isShared: boolean;
  private readonly backing: () => Storage | null;

  constructor(backing: () => Storage | null, isShared = false) {
    this.backing = backing;
    this.isShared = isShared;
  }

  get(key: string): string | null {
    return this.attempt((kept) => kept.getItem(key)) ?? this.spare.get(key) ?? null;
  }

  set(key: string, value: string): void {
    const done = this.attempt((kept) => {
      kept.setItem(key, value);
      return true;
    });
    if (done) this.spare.delete(key);
    else this.spare.set(key, value);
  }

  remove(key: string): void {
    this.spare.delete(key);
    this.attempt((kept) => kept.removeItem(key));
  }

  keys(prefix: string): string[] {
    const kept = this.attempt((storage) => Array.from({ length: storage.length }, (_, i) => storage.key(i) ?? "")) ?? [];
    return [...new Set([...kept, ...this.spare.keys()])].filter((key) => key.startsWith(prefix));
  }

  private attempt<T>(run: (storage: Storage) => T): T | null {
    try {
      const storage = this.backing();
      return storage && run(storage);
    } catch {
      return null;
    }
  }
}
