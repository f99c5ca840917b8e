import { IdSource } from "../core/ids";
import type { Texts } from "../core/texts";
import { browserWorld } from "../core/world";
import type { File as SentFile } from "../protocol.gen";
import { Tray } from "./tray";
import { type TusOptions, tusServer } from "./tus";
import { type FileLimits, Uploads } from "./uploads";

/** What it works with. */
export interface AttachmentsOptions extends Omit<TusOptions, "unexplained"> {
  readonly texts: Texts;
  limits(): FileLimits;
  /** How many there are, or what state they are in, is different. */
  changed(): void;
  /** Puts the focus where one writes. */
  focus(): void;
}

/** The files that go with what somebody writes: the list, the row that shows it, and the wait until all are there. */
export class Attachments {
  /** The row, to be put above the text. */
  readonly node: HTMLElement;
  #uploads: Uploads;
  #tray: Tray;
  /** What sends, while somebody waits for that. */
  #send: (() => void) | undefined;
  #ended = new AbortController();

  constructor(options: AttachmentsOptions) {
    const ids = new IdSource(browserWorld);
    const { texts, limits } = options;
    this.#uploads = new Uploads({
      server: tusServer({ ...options, unexplained: texts.text("The file could not be uploaded.") }),
      world: browserWorld,
      texts,
      limits,
      newId: () => ids.next(),
      changed: () => {
        // Before what waits is sent: it goes with what is ready by then.
        options.changed();
        this.#update();
      },
    });
    this.#tray = new Tray(this.#uploads, texts, options.focus);
    this.node = this.#tray.node;
    addEventListener("online", () => this.#uploads.wake(), { signal: this.#ended.signal });
  }

  /** How many were chosen. */
  get count(): number {
    return this.#uploads.list.length;
  }

  /** Those that are ready, in order. */
  get ready(): readonly SentFile[] {
    return this.#uploads.ready;
  }

  add(files: readonly File[]): void {
    this.#uploads.take(files);
  }

  /** Whether what is written has to wait; then `send` is called once all files are there, unless `forget` comes before. */
  hold(send: () => void): boolean {
    const { refused, waits } = this.#uploads;
    const holds = waits || refused;
    this.#send = holds ? send : undefined;
    this.#tray.update(holds);
    return holds;
  }

  /** Whoever writes on does not want it to be sent in the middle of that. */
  forget(): void {
    if (!this.#send) return;
    this.#send = undefined;
    this.#tray.update(false);
  }

  /** A message has taken those with these `ids`. */
  sent(ids: readonly string[]): void {
    this.#uploads.leave(ids);
  }

  /** Gives everything up that was not taken. */
  end(): void {
    this.#send = undefined;
    this.#uploads.cancelAll();
    this.#ended.abort();
  }

  #update(): void {
    const send = this.#send;
    const { list, refused, waits } = this.#uploads;
    if (!list.length) this.#send = undefined;
    this.#tray.update(this.#send !== undefined);
    if (!send || !list.length || waits || refused) return;
    this.#send = undefined;
    send();
  }
}
