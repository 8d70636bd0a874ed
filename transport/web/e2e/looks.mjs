// axe, and nothing wider than the page.

import assert from "node:assert/strict";
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
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
    assert.deepEqual(found, [], `${what}, ${colorScheme}, ${width} wide`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${what}, ${width} wide: ${overflow} pixels too wide`);
  }
}
