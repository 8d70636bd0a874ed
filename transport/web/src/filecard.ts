// A file as a message: a picture is shown, anything else is named.

import type { Body, OperatorClient, VisitorClient } from "../client/src/index.ts";
import { h, text } from "./dom.ts";
import { sizeOf } from "./files.ts";
import { common } from "./strings.ts";

export type FileBody = Extract<Body, { type: "file" }>;
type Client = VisitorClient | OperatorClient;

/** Pictures above this are not fetched unasked, in bytes. */
const previewed = 4_000_000;
const pictures = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** The contents of a message that is a file. */
export function fileCard(client: Client, sid: string, body: FileBody): HTMLElement[] {
  const fetch = h("button", { type: "button", class: "link", "data-testid": "download" }, common.download);
  const note = h("span", { class: "failure", role: "status" });
  const about = h("span", { class: "file-about" }, h("span", { class: "file-name" }, body.name), h("span", { class: "file-size" }, sizeOf(body.size)), fetch, note);
  fetch.addEventListener("click", () => void save(client, sid, body).then(() => text(note, ""), () => text(note, common.noFile)));
  if (!pictures.includes(body.mime) || body.size > previewed) return [about];
  const picture = h("img", { class: "picture", alt: body.name, "data-testid": "picture", decoding: "async" });
  const frame = h("span", { class: "picture-frame" }, picture);
  void preview(client, sid, body).then((address) => (picture.src = address), () => frame.remove());
  return [frame, about];
}

/** The picture as an address of its own: it is drawn, never run, and nothing else may be loaded. */
async function preview(client: Client, sid: string, body: FileBody): Promise<string> {
  const blob = await client.download(sid, body.file_id);
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result as string);
    reader.onerror = failed;
    reader.readAsDataURL(blob.slice(0, blob.size, body.mime));
  });
}

/** The server answers as an attachment: the browser saves it and stays on this page. */
async function save(client: Client, sid: string, body: FileBody): Promise<void> {
  const { url } = await client.fileLink(sid, body.file_id);
  h("a", { href: url, download: body.name, rel: "noreferrer" }).click();
}
