// axe, and nothing wider than the page; with pictures, where PARLEY_E2E_SHOTS names a folder.

import assert from "node:assert/strict";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";

const looks = [
  { colorScheme: "dark", width: 390, height: 844 },
  { colorScheme: "light", width: 1280, height: 800 },
];

/** axe in dark and light, narrow and wide. */
export async function everyLook(page, what) {
  for (const { colorScheme, width, height } of looks) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height });
    const folder = process.env.PARLEY_E2E_SHOTS;
    if (folder) await page.screenshot({ path: join(folder, `${what.replace(/\W+/g, "-")}-${width}-${colorScheme}.png`) });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
    assert.deepEqual(found, [], `${what}, ${colorScheme}, ${width} wide`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${what}, ${width} wide: ${overflow} pixels too wide`);
  }
}
