import type { Timing } from "./backoff.ts";
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
export declare function announced(file: Blob, name: string): Promise<{
    name: string;
    size: number;
    mime: string;
    sha256: string;
}>;
/** Brings the bytes, again and again until the server has them or will not take them: a repetition does no harm. */
export declare function put(link: Link, file: Blob, timing: Timing, { signal, progress }?: TransferOptions): Promise<void>;
/** Fetches the bytes of a file. */
export declare function get(link: Link, timing: Timing, { signal }?: TransferOptions): Promise<Blob>;
