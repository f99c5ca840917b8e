import type { Storage } from "../client/storage";
import type { Texts } from "../core/texts";
import type { World } from "../core/world";
import type { Message } from "../protocol.gen";
import type { Composer } from "./composer";
import { button, element } from "./elements";
import type { Notice } from "./notices";

const UNDO_MS = 10_000;
const REMOVING = "removing";

/** A removal that can still be undone. */
interface Removal {
  /** The time is over. */
  now(): void;
  undo(): void;
  /** The page goes. */
  leave(): void;
}

/** What changing one's own messages needs of its surroundings. */
export interface OwnMessagesOptions {
  readonly texts: Texts;
  readonly world: World;
  /** Of the place that the messages are in. */
  readonly storage: Storage;
  readonly composer: Composer;
  /** Both reject with what a person can read. */
  edit(seq: number, body: string): Promise<unknown>;
  remove(seq: number): Promise<unknown>;
  /** Shows a removal that can still be taken back, or takes it back. */
  hide(seq: number, hidden: boolean): void;
  /** The unsent text to put back when editing is over. */
  draft(): string;
  /** What `notice` says is another. */
  changed(): void;
  failed(error: Error): void;
}

/** What somebody does to their own messages: change them in the composer, and remove them with time to undo it. */
export class OwnMessages {
  #options: OwnMessagesOptions;
  #editing: Message | undefined;
  #line = element("p", "editing");
  #removing: Removal | undefined;

  /** `signal` ends it. */
  constructor(options: OwnMessagesOptions, signal: AbortSignal) {
    const { text } = options.texts;
    const stop = button("text-button", text("Cancel"), () => this.endEdit());
    this.#options = options;
    this.#line.append(element("span", "grow", text("Editing your message")), stop);
    this.#line.hidden = true;
    options.composer.node.prepend(this.#line);
    signal.addEventListener("abort", () => {
      this.#removing?.now();
      this.#line.remove();
    });
    // A removal does not wait for somebody who has gone; the next page carries it out.
    window.addEventListener("pagehide", () => this.#removing?.leave(), { signal });
    window.addEventListener("pageshow", () => this.carryOut(), { signal });
  }

  /** Whether the composer holds an older message that is being changed. */
  get editing(): boolean {
    return this.#editing !== undefined;
  }

  /** What is to be said of a removal that can still be undone. */
  get notice(): Notice | undefined {
    const { text } = this.#options.texts;
    return this.#removing && { text: text("Message removed"), action: [text("Undo"), this.#removing.undo] };
  }

  beginEdit(message: Message): void {
    const { composer } = this.#options;
    this.#editing = message;
    this.#line.hidden = false;
    composer.value = message.body;
    composer.focus();
  }

  /** Stores `body` as the new text of the message that is being changed. */
  finishEdit(body: string): void {
    const message = this.#editing;
    this.endEdit();
    if (!message || body === message.body) return;
    this.#options.edit(message.seq, body).catch((error: Error) => {
      // What was written is not lost: it stands in the box again.
      this.beginEdit({ ...message, body });
      this.#options.failed(error);
    });
  }

  endEdit(): void {
    const { composer, draft } = this.#options;
    this.#editing = undefined;
    this.#line.hidden = true;
    composer.value = draft();
    composer.focus();
  }

  /** Takes the message away after ten seconds in which that can be undone. */
  remove({ seq }: Message): void {
    const { changed, composer, hide, storage, world } = this.#options;
    const end = (): void => {
      cancel();
      this.#removing = undefined;
      changed();
    };
    this.#removing?.now();
    this.#removing = {
      now: () => {
        end();
        this.#finishRemoval(seq);
      },
      undo: () => {
        end();
        hide(seq, false);
        composer.focus();
      },
      leave: () => {
        end();
        storage.set(REMOVING, `${seq}`);
      },
    };
    const cancel = world.after(UNDO_MS, this.#removing.now);
    hide(seq, true);
    composer.focus();
    changed();
  }

  /** Does what an earlier page, or this one before it went, has left to be done. */
  carryOut(): void {
    const left = Number(this.#options.storage.get(REMOVING));
    if (left) this.#finishRemoval(left);
  }

  #finishRemoval(seq: number): void {
    const { failed, hide, remove, storage } = this.#options;
    storage.remove(REMOVING);
    hide(seq, true);
    remove(seq).catch((error: Error) => {
      hide(seq, false);
      failed(error);
    });
  }
}
