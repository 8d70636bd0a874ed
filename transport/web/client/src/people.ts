// Names of people, as `people` frames bring them. Entries carry ids only.

import type { By, EphPeople } from "./frames.ts";

type Person = EphPeople["d"]["people"][number];

export class People {
  private readonly names = new Map<string, string>();

  learn(people: Person[]): void {
    for (const person of people) this.names.set(`${person.kind}/${person.id}`, person.name);
  }

  /** The operator's name, or the id as long as no name has come. */
  operator(id: string): string {
    return this.names.get(`operator/${id}`) ?? id;
  }

  /** Ids of the operators whose names have come. */
  get operators(): string[] {
    return [...this.names.keys()].filter((key) => key.startsWith("operator/")).map((key) => key.slice("operator/".length));
  }

  author(by: By): string | undefined {
    return by.id === undefined ? undefined : this.names.get(`${by.kind}/${by.id}`) ?? by.id;
  }
}
