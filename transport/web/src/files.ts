// Files on their way: chosen, pasted or dropped, with their progress; and sizes
// and types as people read them.

import type { OperatorClient, VisitorClient } from "../client/src/index.ts";
import { newId, ParleyError } from "../client/src/index.ts";
import { attr, h, keyed, show, text } from "./dom.ts";
import { common, explain } from "./strings.ts";

interface Upload {
  id: string;
  sid: string;
  file: File;
  sent: number;
  failed: string;
  abort: AbortController;
}

export interface UploadsOptions {
  client: VisitorClient | OperatorClient;
  list: HTMLElement;
  /** Opens the choice; hidden where no file can be sent. */
  button: HTMLButtonElement;
  input: HTMLInputElement;
  /** Files may be dropped here. */
  place: HTMLElement;
  /** Files may be pasted here. */
  box: HTMLElement;
  /** Is it for colleagues only? */
  note?: () => boolean;
}

export class Uploads {
  private readonly options: UploadsOptions;
  private readonly items: Upload[] = [];
  private sid = "";

  constructor(options: UploadsOptions) {
    this.options = options;
    const { button, input, place, box } = options;
    button.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.add(input.files);
      input.value = "";
    });
    box.addEventListener("paste", (event) => {
      if (!event.clipboardData?.files.length) return;
      event.preventDefault();
      this.add(event.clipboardData.files);
    });
    place.addEventListener("dragover", (event) => {
      if (this.sid === "" || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      attr(place, "data-drop", true);
    });
    place.addEventListener("dragleave", (event) => !place.contains(event.relatedTarget as Node | null) && attr(place, "data-drop", false));
    place.addEventListener("drop", (event) => {
      attr(place, "data-drop", false);
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.add(event.dataTransfer.files);
    });
  }

  /** Shows what is on its way in one chat; an empty id: nothing can be sent now. */
  draw(sid: string): void {
    const { client, button, input, list } = this.options;
    const { file_bytes: max, file_types: types } = client.connection.limits;
    this.sid = max === undefined ? "" : sid;
    show(button, this.sid !== "");
    attr(input, "accept", types?.join(","));
    const shown = this.items.filter((item) => item.sid === sid);
    show(list, shown.length > 0);
    keyed(list, shown, (item) => item.id, (item) => this.make(item), (element, item) => this.update(element, item));
  }

  private add(files: FileList | null): void {
    for (const file of Array.from(files ?? [])) {
      if (this.sid === "") return;
      const item: Upload = { id: newId(), sid: this.sid, file, sent: 0, failed: "", abort: new AbortController() };
      this.items.push(item);
      void this.send(item);
    }
    this.draw(this.sid);
  }

  private async send(item: Upload): Promise<void> {
    const { client, note } = this.options;
    const { file_types: types } = client.connection.limits;
    item.failed = "";
    item.sent = 0;
    try {
      // The server judges as well; the person need not wait for that.
      if (types && !types.some((type) => isOf(item.file.type, type))) throw new ParleyError({ code: "type_not_allowed" });
      const progress = (sent: number) => {
        item.sent = sent;
        this.draw(this.sid || item.sid);
      };
      await client.sendFile(item.sid, item.file, item.file.name, { progress, signal: item.abort.signal, note: note?.() });
      this.drop(item);
    } catch (error) {
      const { code, refusal } = error instanceof ParleyError ? error : new ParleyError({ code: "internal" });
      if (code === "aborted") return;
      item.failed = code === "too_large" && refusal.max !== undefined ? common.fileTooLarge(sizeOf(refusal.max)) : common.failed(code === "too_large" ? common.fileTooLargeAnyhow : explain(code));
      this.draw(item.sid);
    }
  }

  private drop(item: Upload): void {
    item.abort.abort();
    const i = this.items.indexOf(item);
    if (i >= 0) this.items.splice(i, 1);
    this.draw(item.sid);
  }

  private make(item: Upload): HTMLElement {
    return h(
      "li",
      { class: "upload", "data-testid": "upload" },
      h("span", { class: "file-name", dir: "auto" }, item.file.name),
      h("span", { class: "file-size" }, sizeOf(item.file.size)),
      h("progress", { "aria-label": common.uploading(item.file.name) }),
      h("span", { class: "failure", role: "alert" }),
      h("button", { type: "button", class: "link", "data-retry": true, onclick: () => void this.send(item) }, common.retry),
      h("button", { type: "button", class: "link", "data-testid": "upload-cancel", onclick: () => this.drop(item) }, common.cancel),
    );
  }

  private update(element: HTMLElement, item: Upload): void {
    const bar = element.querySelector("progress") as HTMLProgressElement;
    bar.max = Math.max(1, item.file.size);
    bar.value = item.sent;
    show(bar, item.failed === "");
    attr(element, "data-failed", item.failed !== "");
    text(element.querySelector(".failure") as Element, item.failed);
    show(element.querySelector("[data-retry]") as HTMLElement, item.failed !== "");
  }
}

/** Is a media type of a list's entry, `image/png` or `image/*`? */
function isOf(type: string, of: string): boolean {
  return of.endsWith("/*") ? type.startsWith(of.slice(0, -1)) : type === of;
}

/** 812 B, 41 KB, 2.4 MB. */
export function sizeOf(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1_000)} KB`;
  return `${(bytes / 1_000_000).toFixed(bytes < 9_950_000 ? 1 : 0)} MB`;
}
