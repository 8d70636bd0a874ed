import type { By, EphPeople } from "./frames.ts";
type Person = EphPeople["d"]["people"][number];
export declare class People {
    private readonly names;
    learn(people: Person[]): void;
    /** The operator's name, or the id as long as no name has come. */
    operator(id: string): string;
    /** Ids of the operators whose names have come. */
    get operators(): string[];
    author(by: By): string | undefined;
}
export {};
