// Files' bytes go by HTTP, beside the socket: file.begin announces them, PUT
// brings them, and a message says that they are there.

import type { Timing } from "./backoff.ts";
import { repeatAfter } from "./backoff.ts";
import { ParleyError } from "./protocol.ts";

/** Where bytes come from or go to, and until when. The address holds a proof: it is nobody else's. */
export interface Link {
  url: string;
  /** RFC 3339. */
  expires: string;
}

export interface TransferOptions {
  signal?: AbortSignal;
  /** Hears how many bytes of a file have gone; only browsers tell. */
  progress?: (sent: number, total: number) => void;
}

/** What file.begin must know of the bytes. Needs a secure context, for the sum. */
export async function announced(file: Blob, name: string) {
  const bytes = await file.arrayBuffer();
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha256 = Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const mime = file.type.split(";")[0].trim().toLowerCase() || "application/octet-stream";
  return { name, size: file.size, mime, sha256 };
}

/** Brings the bytes, again and again until the server has them or will not take them: a repetition does no harm. */
export async function put(link: Link, file: Blob, timing: Timing, { signal, progress }: TransferOptions = {}): Promise<void> {
  const headers = file.type ? { "content-type": file.type } : undefined;
  const run = progress && typeof XMLHttpRequest === "function" ? () => told(link.url, file, progress, signal) : () => fetch(link.url, { method: "PUT", body: file, headers, signal, ...plain });
  await repeated(link, timing, signal, run);
}

/** As fetch, which does not tell how far it is. */
function told(url: string, file: Blob, progress: (sent: number, total: number) => void, signal?: AbortSignal): Promise<Response> {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    if (file.type) request.setRequestHeader("content-type", file.type);
    request.upload.onprogress = ({ loaded, total }) => progress(loaded, total);
    request.onload = () => done(new Response(request.status === 204 ? null : request.responseText, { status: request.status }));
    request.onerror = request.onabort = failed;
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    if (signal?.aborted) return failed(signal.reason);
    request.send(file);
  });
}

/** Fetches the bytes of a file. */
export async function get(link: Link, timing: Timing, { signal }: TransferOptions = {}): Promise<Blob> {
  return repeated(link, timing, signal, async () => {
    const answer = await fetch(link.url, { signal, ...plain });
    return answer.ok ? answer.blob() : answer;
  });
}

/** Nothing of the browser's goes along: the address is the right. */
const plain = { credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", redirect: "error" } as const;

async function repeated<T>(link: Link, timing: Timing, signal: AbortSignal | undefined, run: () => Promise<T | Response>): Promise<T> {
  for (let tries = 0; ; tries++) {
    const error = await run().then<unknown, unknown>(
      (answer) => (answer instanceof Response && !answer.ok ? refusalOf(answer) : answer),
      () => new ParleyError({ code: signal?.aborted ? "aborted" : "disconnected" }),
    );
    if (!(error instanceof ParleyError)) return error as T;
    const wait = repeatAfter(error.retryAfter, tries, timing);
    const late = Date.now() + wait > Date.parse(link.expires);
    if (!["disconnected", "unavailable", "internal"].includes(error.code) || late || tries > 8) throw error;
    await new Promise((done) => setTimeout(done, wait));
  }
}

/** A problem (RFC 9457) as the error that the socket would have told. */
async function refusalOf(answer: Response): Promise<ParleyError> {
  const problem = (await answer.json().catch(() => ({}))) as { code?: string; title?: string; retry_after_ms?: number; max?: number };
  return new ParleyError({ code: problem.code ?? "unavailable", message: problem.title, retry_after_ms: problem.retry_after_ms, max: problem.max });
}
