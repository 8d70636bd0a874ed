// node e2e/run.mjs [story…]: runs the stories, one after the other, against the
// server that PARLEY_E2E names. Exit code 1: one of them failed.

import * as access from "./access.mjs";
import * as asking from "./asking.mjs";
import * as conversation from "./conversation.mjs";
import * as ending from "./ending.mjs";
import * as handing from "./handing.mjs";
import * as history from "./history.mjs";
import { launch, Theatre } from "./lib.mjs";
import * as line from "./line.mjs";
import * as reconnect from "./reconnect.mjs";
import * as shots from "./shots.mjs";
import * as supervise from "./supervise.mjs";
import * as verified from "./verified.mjs";

const stories = { conversation, reconnect, history, access, verified, line, handing, ending, supervise, asking, shots };
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(stories);

const browser = await launch();
let failed = 0;
try {
  for (const name of wanted) {
    const started = Date.now();
    const theatre = new Theatre(browser);
    try {
      await stories[name].story(theatre);
      await theatre.close();
      console.log(`ok   ${name}: ${stories[name].title} (${Date.now() - started} ms)`);
    } catch (error) {
      failed++;
      console.log(`FAIL ${name}: ${stories[name].title} (${Date.now() - started} ms)\n${error.stack}`);
      for (const problem of theatre.problems) console.log(`     ${problem}`);
      await theatre.close().catch(() => undefined);
    }
  }
} finally {
  await browser.close();
}
process.exitCode = failed > 0 ? 1 : 0;
