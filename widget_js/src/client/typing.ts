import type { World } from "../core/world";
import type { Author, TypingFrame } from "../protocol.gen";

const REPEAT_MS = 3000;
const FORGET_MS = 6000;
const DRAFT_CHARS = 500;

/** Somebody who is typing, until they stop, send, or are not heard of for 6 s. */
export interface Typist {
  readonly person: Author;
  /** What they have typed so far, where the site shows it to agents. */
  readonly draft: string | undefined;
}

/** Who is typing in one channel, and when to say so of oneself. */
export class TypingState {
  #world: World;
  #changed: () => void;
  #others = new Map<string, Typist & { readonly cancel: () => void }>();
  #saidAt: number | undefined;
  #cancelLater = (): void => {};

  /** `changed` is called whenever the list of others is another one. */
  constructor(world: World, changed: () => void) {
    this.#world = world;
    this.#changed = changed;
  }

  /** The others who type, in the order in which they began. */
  list(): Typist[] {
    return [...this.#others.values()];
  }

  heard(frame: TypingFrame): void {
    const { person, on, draft } = frame;
    if (!on) {
      this.forget(person.id);
      return;
    }
    this.#others.get(person.id)?.cancel();
    const cancel = this.#world.after(FORGET_MS, () => this.forget(person.id));
    this.#others.set(person.id, { person, draft: draft ?? undefined, cancel });
    this.#changed();
  }

  /** They have stopped, or what they typed has arrived. */
  forget(person: string): void {
    const typist = this.#others.get(person);
    if (!typist) return;
    typist.cancel();
    this.#others.delete(person);
    this.#changed();
  }

  forgetAll(): void {
    this.#cancelLater();
    for (const id of [...this.#others.keys()]) this.forget(id);
  }

  /**
   * This person types (`on`) or has stopped. `post` is called at once, or, when that was said less than 3 s ago, once
   * that time is over: with the draft as it is then.
   */
  say(on: boolean, draft: string | undefined, post: (draft: string | undefined) => void): void {
    const rest = (this.#saidAt ?? -REPEAT_MS) + REPEAT_MS - this.#world.now();
    if (!on && this.#saidAt === undefined) return;
    this.#cancelLater();
    const now = (): void => {
      this.#saidAt = on ? this.#world.now() : undefined;
      post(draft?.slice(0, DRAFT_CHARS));
    };
    if (!on || rest <= 0) now();
    else this.#cancelLater = this.#world.after(rest, now);
  }

  /** A message was sent, which tells the others by itself that one has stopped. */
  sent(): void {
    this.#cancelLater();
    this.#saidAt = undefined;
  }
}
