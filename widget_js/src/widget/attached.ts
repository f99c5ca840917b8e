/** Files of what one reads and writes: ways to choose them, and those in messages. What uploads is fetched at the first one. */

import type { OutboxEntry } from "../core/outbox";
import { Texts, type TextTable } from "../core/texts";
import { acceptFiles, chooser } from "../files/attach";
import type { Attachments, AttachmentsOptions } from "../files/attachments";
import type { FileSource, Shown } from "../files/shown";
import type { FileLimits } from "../files/uploads";
import type { File as SentFile } from "../protocol.gen";
import type { Composer } from "./composer";

/** This part's own texts, put in by the build. */
declare const PART_TEXTS: Readonly<Record<string, TextTable>>;

/** What it works with. */
export interface AttachedOptions {
  readonly language: string;
  readonly composer: Composer;
  /** Where files may be dropped. */
  readonly zone: HTMLElement;
  /** Where what is fetched later puts its sheet, and a picture is shown large. */
  readonly root: ShadowRoot | HTMLElement;
  /** Where files go. */
  readonly server: Pick<AttachmentsOptions, "base" | "proof" | "cookies" | "place">;
  /** Where those in messages come from. */
  readonly source: FileSource;
  /** Whether the box holds an older message, with which nothing can go. */
  editing(): boolean;
  readonly signal: AbortSignal;
}

/** Joins the composer with the files that go with its text. */
export class AttachedFiles implements Shown {
  readonly source: FileSource;
  readonly language: string;
  #options: AttachedOptions;
  #limits: FileLimits = {};
  #chooser: HTMLElement;
  #attachments: Attachments | undefined;

  constructor(options: AttachedOptions) {
    const { composer, editing, language, signal, source, zone } = options;
    const { text } = new Texts(language, PART_TEXTS[language] ?? {});
    this.#options = options;
    this.language = language;
    this.source = source;
    const taken = (files: readonly File[]): void => void this.#take(files);
    this.#chooser = chooser(text, "icon-button", taken);
    this.#chooser.hidden = true;
    composer.node.querySelector(".send")?.before(this.#chooser);
    acceptFiles({ text, zone, box: composer.node, allowed: () => this.#most > 0 && !editing(), taken, signal });
    // Before the composer hears of it.
    const hold = (event: Event): void => {
      if (editing() || !this.#attachments?.hold(() => composer.node.requestSubmit())) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    const capturing = { capture: true, signal };
    composer.node.addEventListener("submit", hold, capturing);
    composer.node.addEventListener(
      "keydown",
      (event) => {
        const typing = event.target instanceof HTMLTextAreaElement;
        if (typing && event.key === "Enter" && !event.shiftKey && !event.isComposing) hold(event);
      },
      capturing,
    );
    composer.node.addEventListener("input", () => this.#attachments?.forget(), { signal });
    signal.addEventListener("abort", () => this.#attachments?.end());
  }

  /** Takes in what the server takes, and what has become a message. */
  update(limits: FileLimits | undefined, pending: readonly OutboxEntry[]): void {
    this.#limits = limits ?? this.#limits;
    this.#chooser.hidden = !this.#most;
    for (const { files = [] } of pending) this.#attachments?.sent(files.map(({ id }) => id));
  }

  async open(file: SentFile): Promise<void> {
    const { viewLarge } = await import("../files/files");
    viewLarge(this.language, this.#options.root, file, this.source);
  }

  get #most(): number {
    return this.#limits.files ?? 0;
  }

  async #take(files: readonly File[]): Promise<void> {
    const { composer, language, root, server, signal } = this.#options;
    const { attachments } = await import("../files/files");
    if (signal.aborted) return;
    if (!this.#attachments) {
      const made = attachments(language, root, {
        ...server,
        limits: () => this.#limits,
        changed: () => {
          composer.files = made.ready;
          composer.changed();
        },
        focus: () => composer.focus(),
      });
      this.#attachments = made;
      composer.above.append(made.node);
    }
    this.#attachments.add(files);
    composer.focus();
  }
}
