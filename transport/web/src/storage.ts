// Web storage that never throws: a browser may refuse it, and then things
// live as long as the page does.

export interface Storage {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
}

export class SafeStorage implements Storage {
  private readonly spare = new Map<string, string>();
  private readonly backing: () => globalThis.Storage;

  constructor(backing: () => globalThis.Storage) {
    this.backing = backing;
  }

  get(key: string): string | null {
    try {
      return this.backing().getItem(key) ?? this.spare.get(key) ?? null;
    } catch {
      return this.spare.get(key) ?? null;
    }
  }

  set(key: string, value: string): void {
    try {
      this.backing().setItem(key, value);
      this.spare.delete(key);
    } catch {
      this.spare.set(key, value);
    }
  }

  remove(key: string): void {
    this.spare.delete(key);
    try {
      this.backing().removeItem(key);
    } catch {
      // Nothing is kept there then.
    }
  }
}

/** Outlives the tab: the visitor's token, preferences. */
export const lasting = new SafeStorage(() => window.localStorage);

/** Lives as long as the tab, over reloads: the operator's token, unsent messages, drafts. */
export const tab = new SafeStorage(() => window.sessionStorage);
