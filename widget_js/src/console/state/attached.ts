/** The files that are to go with what is written, by conversation: as drafts of the text, they wait until one comes back. */

import { signal } from "@preact/signals";
import { Attachments } from "../../files/attachments";
import type { FileLimits } from "../../files/uploads";
import type { Api } from "../api";
import { texts } from "../texts";

export class AttachedDrafts {
  readonly limits = signal<FileLimits>({});
  /** Counts what has changed in any of them. */
  readonly changes = signal(0);
  readonly #api: Api;
  readonly #kept = new Map<string, Attachments>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** Those of one conversation. */
  of(channel: string): Attachments {
    const known = this.#kept.get(channel);
    if (known) return known;
    const made = new Attachments({
      ...this.#api.uploads,
      texts,
      place: () => ({ channel }),
      limits: () => this.limits.value,
      changed: () => {
        this.changes.value += 1;
      },
      focus: () => made.node.closest("form")?.querySelector("textarea")?.focus(),
    });
    this.#kept.set(channel, made);
    return made;
  }
}
