// What the stories share: a browser, the three kinds of page, and waiting.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

/** {"visitor_url", "operator_urls", "api_url", "api_token", "tenant"}: what `parley demo --json` prints. */
export function addresses() {
  const text = process.env.PARLEY_E2E;
  if (!text) throw new Error("PARLEY_E2E is not set; give it the line that `parley demo --json` prints");
  const { visitor_url, operator_urls, api_url, api_token, tenant } = JSON.parse(text);
  assert.ok(visitor_url && operator_urls?.length >= 2, "PARLEY_E2E needs visitor_url and two operator_urls");
  return { visitor: visitor_url, operators: operator_urls, api: api_url, token: api_token, tenant };
}

export async function launch() {
  return chromium.launch({
    executablePath: process.env.PARLEY_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

/** Opens pages and remembers what went wrong in them. */
export class Theatre {
  constructor(browser) {
    this.browser = browser;
    this.problems = [];
    this.contexts = [];
    this.addresses = addresses();
  }

  /** `before` runs in the page before its own script. */
  async open(url, options = {}) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 } });
    this.contexts.push(context);
    if (options.before) await context.addInitScript(options.before);
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on("pageerror", (error) => this.problems.push(`page error: ${error.message}`));
    page.on("console", (message) => {
      const expected = /WebSocket connection to|ERR_INTERNET_DISCONNECTED/.test(message.text());
      if (message.type() === "error" && !expected) this.problems.push(`console: ${message.text()}`);
    });
    await page.goto(url);
    await is(page, "connection", "data-state", "online");
    return page;
  }

  visitor(options) {
    return this.open(this.addresses.visitor, options);
  }

  operator(i, options) {
    return this.open(this.addresses.operators[i], options);
  }

  async close() {
    for (const context of this.contexts.splice(0)) await context.close();
    assert.deepEqual(this.problems, [], "the pages reported problems");
  }
}

export function at(page, id) {
  return page.getByTestId(id);
}

/** Waits until `check` answers without throwing; says at the end why it still throws. */
export async function eventually(check, within = 10_000) {
  const end = Date.now() + within;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

/** Waits for a text in an element. */
export async function says(page, id, words, within) {
  await eventually(async () => {
    const got = await at(page, id).allInnerTexts();
    assert.ok(got.some((one) => (words instanceof RegExp ? words.test(one) : one.includes(words))), `${id}: got ${JSON.stringify(got)}, want ${words}`);
  }, within);
}

/** Waits for an attribute's value. */
export async function is(page, id, name, value, within) {
  await eventually(async () => assert.equal(await at(page, id).first().getAttribute(name), value, `${id}: ${name}`), within);
}

/** What stands on the page: each message as [author, words]. */
export async function transcript(page) {
  return page.$$eval('[data-testid="message"]', (all) => all.map((one) => [one.dataset.author, one.querySelector(".body").textContent]));
}

export async function reads(page, want) {
  await eventually(async () => assert.deepEqual(await transcript(page), want));
}

export async function write(page, words) {
  await at(page, "composer").fill(words);
  await at(page, "composer").press("Enter");
}

export async function intent(page, name) {
  await eventually(async () => {
    await at(page, `intent-${name}`).check({ force: true, timeout: 2_000 });
    assert.equal(await at(page, `intent-${name}`).isChecked(), true);
  });
  await eventually(async () => {
    // It stays so once the server has spoken.
    assert.equal(await at(page, "intent-hint").getAttribute("data-intent"), name.replace("-", "_"));
  });
}

/** A visitor writes, the operator takes the chat; answers the chat's id. */
export async function meet(visitor, operator, words) {
  await write(visitor, words);
  await at(operator, "accept").first().waitFor();
  const sid = await at(operator, "offer").first().getAttribute("data-sid");
  await at(operator, "accept").first().click();
  await says(visitor, "status", "You are chatting with");
  await reads(operator, [["visitor", words]]);
  return sid;
}

export async function endChat(operator) {
  await at(operator, "close").click();
  await at(operator, "ask-yes").click();
  await at(operator, "done").click();
}

/** Makes the page believe that nobody looks at it, also after a reload. */
export async function look(page, watched) {
  const set = (value) => {
    sessionStorage.setItem("e2e.hidden", value ? "" : "yes");
    const hidden = () => sessionStorage.getItem("e2e.hidden") === "yes";
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (hidden() ? "hidden" : "visible") });
    document.hasFocus = () => !hidden();
    document.dispatchEvent(new Event("visibilitychange"));
  };
  if (!watched) await page.addInitScript(() => {
    const hidden = () => sessionStorage.getItem("e2e.hidden") === "yes";
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (hidden() ? "hidden" : "visible") });
    document.hasFocus = () => !hidden();
  });
  await page.evaluate(set, watched);
}

/** A door, 240 by 150. */
export const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAPAAAACWCAIAAABvmpKCAAADGElEQVR42u3Yx5XgVBCGUYVDEKyVAH5wioDA8Gbad1d7P5MGcaAVKiYAnVfFrXMjeP+3etOP8R7amDwBgoZRg/4p3kMba9DvoA1B0yvon+MdtCFougX9Cm1Mv8QrtCFoBA3DBv1rvEAbgkbQMGzQv8ULtLEG/QxtCJpeQf8ez9CGoOkW9BO0Mf0RT9CGoBE0DBv0n/EIbQgaQcOwQf8Vj9DGGvQDtCFoegX9Nh6gDUF/6IePP6rFZB8EfU9WMGirbaaDuCcrF7TJMkELWtCCFvSwQR/GHVm5oE2WCVrQgha0oIcN+ijuyMoFbbJsDfqWrGDQVtsIWtC9gj6OW7JyQZssE7SguwV9Q1YwaKttppO4ISsXtMkyQQta0IIW9LBBn8Y1WbmgTZYJWtCCFrSghw36LK7JygVtsmwN+oqsYNBW2wha0L2CPo8rsnJBmywTtKC7BX1JVjBoq22mi7gkKxe0yTJBC1rQghb0sEGH+++VC9pk+QQ9dNB/P735l6AFLej/X9CXEWTlgjZZtgZ9QVYwaKttBC3oXkFfxQVZuaBNlgla0N2CPicr9w9tsmy6jnOyckGbLBO0oAUtaEEPG/RNnJGVC9pkmaAFLWhBC3rYoG/jjKxc0CbL1qBPyQoGbbWNoAXdK+i7OCUrF7TJMkELulvQJ2QFg7baZrqPE7JyQZssE7SgBS1oQQ8b9EMck5UL2mSZoAUtaEELetigH+OYrFzQJsvWoI/ICgZttY2gBd0r6Kc4IisXtMkyQQu6W9CHZAWDttpmeo5DsnJBmywTtKAFLWhBDxv0SxyQlQvaZJmgBS1oQQt62KBf44CsXNAmy9ag35IVDNpqm+n7ZYY2BI2gYdigv1tmaEPQCBoEDXsE/e0yQxuCRtAgaNgj6G+WGdoQNIIGQcMeQX+9zNCGoBE0CBr2CPrNMkMbgkbQIGjYI+ivlhnaEDSCBkHDHkF/uczQhqARNAga9gj6i2WGNgSNoEHQsEfQny8ztCFoBA2Chj2C/myZoQ1BI2gQNOwR9KfLDG0IGkGDoGGPoD9ZZmhD0LTyD0D7yD+safwVAAAAAElFTkSuQmCC",
  "base64",
);
