// What a message holds, as words that a person reads.

import type { Body, BodyIn, Entry } from "../client/src/index.ts";
import { common } from "./strings.ts";

export function wordsOf(body: Body | BodyIn | undefined): string {
  switch (body?.type) {
    case "text":
      return body.text;
    case "form_answer":
      return Object.entries(body.fields).map(([name, value]) => `${name}: ${plain(value)}`).join("\n") || common.emptyForm;
    case "postback":
      return plain(body.value);
    case "file":
      return "name" in body ? body.name : common.file;
    case "redacted":
      return common.removed;
    default:
      return common.unknownBody;
  }
}

/** What the visitor said before the chat, with the questions as far as they are known. */
export function formWords(evt: Entry, asked: { name: string; label: string }[] = []): string {
  if (evt.t !== "form.filled") return "";
  const { subject, form = {} } = evt.d;
  const label = (name: string) => asked.find((one) => one.name === name)?.label ?? name;
  const lines = Object.entries(form).map(([name, value]) => `${label(name)}: ${value ?? ""}`);
  return [...(subject ? [subject] : []), ...lines].join("\n") || common.removed;
}

/** Is it for colleagues only? */
export function isNote(evt: Entry): boolean {
  return evt.t === "message.new" && evt.vis === "operators";
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}
