// The box to write in: Enter sends, Shift+Enter breaks the line, the size is
// counted in the bytes that the server counts, and a draft survives a reload.

import type { Store } from "../client/src/index.ts";
import { attr, show, text } from "./dom.ts";
import { common } from "./strings.ts";

export interface ComposerOptions {
  input: HTMLTextAreaElement;
  send: HTMLButtonElement;
  counter: HTMLElement;
  storage: Store;
  limit: () => number;
  submit: (text: string) => void;
  typing: (on: boolean) => void;
  /** What stands in the box after each change. */
  changed?: (text: string) => void;
}

export class Composer {
  private readonly options: ComposerOptions;
  private key = "";
  private quiet = 0;

  constructor(options: ComposerOptions) {
    this.options = options;
    const { input, send } = options;
    input.addEventListener("input", () => this.edited());
    input.addEventListener("keydown", (event) => this.keydown(event));
    input.addEventListener("blur", () => this.stopTyping());
    send.addEventListener("click", () => this.submit());
    this.measure();
  }

  /** Shows the draft of another chat; the draft left behind is kept. */
  open(key: string): void {
    if (key === this.key) return;
    this.stopTyping();
    this.key = key;
    this.options.input.value = key ? this.options.storage.get(key) ?? "" : "";
    this.measure();
  }

  /** Puts other words into the box. */
  fill(words: string): void {
    this.options.input.value = words;
    this.keep();
    this.measure();
  }

  enable(on: boolean): void {
    if (this.options.input.disabled === on) this.options.input.disabled = !on;
    this.measure();
  }

  focus(): void {
    this.options.input.focus();
  }

  private keydown(event: KeyboardEvent): void {
    // An input method uses Enter to choose a word: that is not sending.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  }

  private submit(): void {
    const { input } = this.options;
    const words = input.value.trim();
    if (input.disabled || words === "" || sizeOf(words) > this.options.limit()) return;
    this.stopTyping();
    input.value = "";
    this.keep();
    this.measure();
    this.options.submit(words);
    input.focus();
  }

  private edited(): void {
    this.keep();
    this.measure();
    clearTimeout(this.quiet);
    this.options.changed?.(this.options.input.value);
    if (this.options.input.value === "") return this.options.typing(false);
    this.options.typing(true);
    this.quiet = setTimeout(() => this.stopTyping(), 4_000) as unknown as number;
  }

  private stopTyping(): void {
    clearTimeout(this.quiet);
    this.options.typing(false);
  }

  private keep(): void {
    if (!this.key) return;
    const { storage, input } = this.options;
    if (input.value) storage.set(this.key, input.value);
    else storage.remove(this.key);
  }

  private measure(): void {
    const { input, send, counter } = this.options;
    const limit = this.options.limit();
    const used = sizeOf(input.value.trim());
    const over = used > limit;
    show(counter, used > limit * 0.8);
    text(counter, over ? common.tooLong(used, limit) : common.bytes(used, limit));
    attr(counter, "data-over", over);
    attr(input, "aria-invalid", over ? "true" : undefined);
    send.disabled = input.disabled || over || used === 0;
    input.rows = Math.min(6, input.value.split("\n").length);
  }
}

/** The size in UTF-8, as the server counts it. */
function sizeOf(value: string): number {
  return new TextEncoder().encode(value).length;
}
