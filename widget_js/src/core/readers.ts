import type { Delivery, ReaderMarks, SideMarks } from "../protocol.gen";
import { raised, stateOf } from "./delivery";

/** How far the members of a room have come. */
export class Readers {
  #marks = new Map<string, SideMarks>();

  /** Takes news of them: marks only rise, so it may come twice and late. */
  take(readers: readonly ReaderMarks[]): void {
    for (const { person, delivered, seen } of readers)
      this.#marks.set(person, raised(this.#marks.get(person) ?? { delivered: 0, seen: 0 }, { delivered, seen }));
  }

  /** Another history begins: nothing of what was known of this one holds. */
  clear(): void {
    this.#marks.clear();
  }

  /** Up to which message this person has seen the room. */
  seenBy(person: string): number {
    return this.#marks.get(person)?.seen ?? 0;
  }

  /** How far a message with number `seq` of `author` has come: as far as anybody else has, and how many have seen it. */
  standing(seq: number, author: string): { state: Delivery; seenBy: number } {
    let furthest: SideMarks = { delivered: 0, seen: 0 };
    let seenBy = 0;
    for (const [person, marks] of this.#marks) {
      if (person === author) continue;
      furthest = raised(furthest, marks);
      if (seq <= marks.seen) seenBy++;
    }
    return { state: stateOf(seq, furthest), seenBy };
  }
}
