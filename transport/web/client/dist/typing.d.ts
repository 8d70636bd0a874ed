import type { Connection } from "./connection.ts";
export declare class Typing {
    private readonly connection;
    private readonly said;
    private readonly peeks;
    private timer;
    constructor(connection: Connection);
    typing(sid: string, on: boolean): void;
    /** Shows operators what is typed and not sent, where the tenant wants it. */
    peek(sid: string, text: string): void;
    /** What was typed is a message now. */
    sent(sid: string): void;
    stop(): void;
    private show;
}
