/** What a conversation needs beyond the composer: fetched beside the panel, not before one can write. */

import type { Storage } from "../client/storage";
import type { OutboxEntry } from "../core/outbox";
import type { Texts } from "../core/texts";
import type { World } from "../core/world";
import type { Message } from "../protocol.gen";
import type { Composer } from "./composer";
import { Cover } from "./cover";
import { element } from "./elements";
import { MessageLog } from "./log";
import sheetText from "./log.css?inline";
import type { Commands, Update } from "./state";
import { adopt } from "./surface";
import type { Notice } from "./view";

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

/** What a conversation is made of. */
export interface ConversationOptions {
  readonly texts: Texts;
  readonly world: World;
  readonly storage: Storage;
  /** The widget's, where the sheet is adopted. */
  readonly root: ShadowRoot;
  readonly composer: Composer;
  /** What an empty conversation says; may be empty. */
  readonly greeting: string;
  /** Runs a command where the connection is; rejects with what a person can read. */
  call<Name extends keyof Commands>(name: Name, ...values: Parameters<Commands[Name]>): Promise<void>;
  /** The unsent text to put back when editing is over. */
  draft(): string;
  discard(clientId: string): void;
  /** What is in view, or what `notice` says, is another. */
  changed(): void;
  failed(error: Error): void;
}

/** The log with what can be done to its messages: change and remove one's own. */
export class Conversation {
  readonly log: MessageLog;
  /** How many new messages stand below what is read. */
  below = 0;
  #options: ConversationOptions;
  #greeting: HTMLElement;
  #editing: Message | undefined;
  #ended = new AbortController();
  #removing: Removal | undefined;
  #cover: Cover;

  constructor(options: ConversationOptions) {
    const { call, changed, greeting } = options;
    this.#options = options;
    adopt(options.root, sheetText);
    this.#cover = new Cover(options.root.host, this.#ended.signal);
    this.log = new MessageLog({
      texts: options.texts,
      now: options.world.now,
      history: () => call("history"),
      retry: (id) => void call("retry", id),
      discard: options.discard,
      edit: (message) => this.#beginEdit(message),
      remove: (message) => this.#remove(message),
      viewed: changed,
      below: (count) => {
        this.below = count;
        changed();
      },
    });
    // A removal does not wait for somebody who has gone; the next page carries it out.
    const { signal } = this.#ended;
    window.addEventListener("pagehide", () => this.#removing?.leave(), { signal });
    window.addEventListener("pageshow", () => this.#carryOut(), { signal });
    this.#carryOut();
    this.#greeting = element("p", "greeting", greeting);
    this.log.node.prepend(this.#greeting);
  }

  update(update: Update, pending: readonly OutboxEntry[]): void {
    this.#greeting.hidden = !this.#options.greeting || update.state.more;
    this.log.update(update, pending);
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

  /** Stores `body` as the new text of the message that is being changed. */
  finishEdit(body: string): void {
    const message = this.#editing;
    this.endEdit();
    if (!message || body === message.body) return;
    this.#options.call("edit", message.seq, body).catch((error: Error) => {
      // What was written is not lost: it stands in the box again.
      this.#beginEdit({ ...message, body });
      this.#options.failed(error);
    });
  }

  endEdit(): void {
    const { composer, draft } = this.#options;
    this.#editing = undefined;
    composer.showEditing();
    composer.value = draft();
    composer.focus();
  }

  /** The panel was opened or closed. */
  opened(open: boolean): void {
    this.#cover.show(open);
    if (open) this.log.toEnd();
  }

  destroy(): void {
    this.#removing?.now();
    this.#ended.abort();
    this.log.destroy();
  }

  #beginEdit(message: Message): void {
    const { composer } = this.#options;
    this.#editing = message;
    composer.showEditing(() => this.endEdit());
    composer.value = message.body;
    composer.focus();
  }

  /** Takes the message away after ten seconds in which that can be undone. */
  #remove({ seq }: Message): void {
    const { changed, composer, storage, world } = this.#options;
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
        this.log.hide(seq, false);
        composer.focus();
      },
      leave: () => {
        end();
        storage.set(REMOVING, `${seq}`);
      },
    };
    const cancel = world.after(UNDO_MS, this.#removing.now);
    this.log.hide(seq, true);
    composer.focus();
    changed();
  }

  /** What an earlier page, or this one before it went, has left to be done. */
  #carryOut(): void {
    const left = Number(this.#options.storage.get(REMOVING));
    if (left) this.#finishRemoval(left);
  }

  #finishRemoval(seq: number): void {
    const { call, failed, storage } = this.#options;
    storage.remove(REMOVING);
    this.log.hide(seq, true);
    call("remove", seq).catch((error: Error) => {
      this.log.hide(seq, false);
      failed(error);
    });
  }
}
