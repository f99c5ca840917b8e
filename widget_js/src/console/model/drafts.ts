/**
 * What was written and not sent, per conversation and mode, kept over reloads.
 *
 * A text is saved under the conversation it was written in and nowhere else, so it can never turn up in another one.
 */

import type { Storage } from "../../client/storage";

export type Mode = "reply" | "note";

const PREFIX = "draft:";

export class Drafts {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** The text of one conversation's box; empty when there is none. */
  read(channel: string, mode: Mode): string {
    return this.#storage.get(keyOf(channel, mode)) ?? "";
  }

  /** Keeps `text`; an empty one is forgotten. */
  write(channel: string, mode: Mode, text: string): void {
    if (text === "") this.#storage.remove(keyOf(channel, mode));
    else this.#storage.set(keyOf(channel, mode), text);
  }

  /** Forgets every draft: whoever signs out leaves nothing behind on the machine. */
  clear(): void {
    for (const key of this.#storage.keys(PREFIX)) this.#storage.remove(key);
  }
}

function keyOf(channel: string, mode: Mode): string {
  return `${PREFIX}${mode}:${channel}`;
}
