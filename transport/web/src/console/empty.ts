import { byId, show, text } from "../dom.ts";

/** The count in a list's heading, and a sentence when there is nothing. */
export function empty(id: string, count: number, sentence: string): void {
  text(byId(`${id}-count`), count > 0 ? String(count) : "");
  const note = byId(`${id}-none`);
  show(note, count === 0);
  text(note, sentence);
}
