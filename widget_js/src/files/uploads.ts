import type { Texts } from "../core/texts";
import type { World } from "../core/world";
import type { Limits, File as SentFile } from "../protocol.gen";
import { saidSize } from "./size";
import { type FileServer, Upload } from "./upload";

/** So many go at a time: a browser has six lines to one server, and the chat wants one of them. */
const AT_ONCE = 2;

/** What may go with one message, as `welcome` tells it: how many files (0: none at all), and how large each may be. */
export type FileLimits = Pick<Limits, "files" | "file_bytes">;

/** What the list is made of. */
export interface UploadsOptions {
  readonly server: FileServer;
  readonly world: World;
  readonly texts: Texts;
  limits(): FileLimits;
  newId(): string;
  changed(): void;
}

/** The files that are to go with one message, in the order in which they were chosen. */
export class Uploads {
  list: readonly Upload[] = [];
  /** How many of those last chosen were too many. */
  surplus = 0;
  #options: UploadsOptions;

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /** Takes files and begins to send them; what cannot be sent says so in its place. */
  take(files: readonly File[]): void {
    const { limits, newId, server, texts, world } = this.#options;
    const { files: most = 0, file_bytes = 0 } = limits();
    const taken = files.slice(0, Math.max(0, most - this.list.length));
    this.surplus = files.length - taken.length;
    for (const file of taken) {
      const unreadable = texts.text("This file cannot be read.");
      const upload = new Upload(file, { server, world, newId, unreadable, changed: () => this.#changed() });
      this.list = [...this.list, upload];
      if (!file.size) upload.refuse(texts.text("This file is empty."));
      else if (file.size > file_bytes)
        upload.refuse(texts.text("A file may have {size}.", { size: saidSize(file_bytes, texts.language) }));
    }
    this.#changed();
  }

  /** Whether one is still under way. */
  get waits(): boolean {
    return this.list.some(({ phase }) => phase !== "ready" && phase !== "refused");
  }

  /** Whether one cannot go. */
  get refused(): boolean {
    return this.list.some(({ phase }) => phase === "refused");
  }

  /** What a message names. */
  get ready(): readonly SentFile[] {
    return this.list.flatMap(({ result }) => result ?? []);
  }

  cancel(upload: Upload): void {
    upload.cancel();
    this.list = this.list.filter((other) => other !== upload);
    this.surplus = 0;
    this.#changed();
  }

  again(upload: Upload): void {
    upload.again();
  }

  /** Those with these `ids` are a message's now. */
  leave(ids: readonly string[]): void {
    const kept = this.list.filter(({ result }) => !result || ids.indexOf(result.id) < 0);
    if (kept.length === this.list.length) return;
    this.list = kept;
    this.surplus = 0;
    this.#changed();
  }

  /** Gives all of them up. */
  cancelAll(): void {
    const { list } = this;
    this.list = [];
    for (const upload of list) upload.cancel();
    this.#changed();
  }

  wake(): void {
    for (const upload of this.list) upload.wake();
  }

  #changed(): void {
    // Each that starts is a change itself, which starts the next one.
    const waiting = this.list.find(({ phase }) => phase === "waiting");
    if (waiting && this.list.filter(({ works }) => works).length < AT_ONCE) waiting.start();
    this.#options.changed();
  }
}
