// The operator's token: it comes in the fragment of the address, which no
// server and no referrer sees, and leaves the address at once.

import { takeFromFragment } from "../page.ts";
import { tab } from "../storage.ts";

export class SignIn {
  private readonly key: string;

  constructor(tenant: string) {
    this.key = `parley.operator.token.${tenant}`;
    this.takeFromAddress();
  }

  /** Takes a token out of the address. True: there was one. */
  takeFromAddress(): boolean {
    const token = takeFromFragment("token");
    if (token) tab.set(this.key, token);
    return token !== "";
  }

  get token(): string {
    return tab.get(this.key) ?? "";
  }

  /** Names the places where this operator's things are kept. It proves nothing. */
  get subject(): string {
    return String(this.claims.sub ?? "");
  }

  /** What is worth showing: the server judges every request by itself. */
  get supervises(): boolean {
    const { roles } = this.claims;
    return Array.isArray(roles) && roles.includes("supervisor");
  }

  private get claims(): { sub?: unknown; roles?: unknown } {
    try {
      return JSON.parse(atob(this.token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))) as { sub?: unknown; roles?: unknown };
    } catch {
      return {};
    }
  }
}
