// Where the pages keep things.

import { browserStore, tabStore } from "../client/src/index.ts";

/** Outlives the tab: the visitor's token, preferences. */
export const lasting = browserStore();

/** Lives as long as the tab, over reloads: the operator's token, unsent messages, drafts. */
export const tab = tabStore();
