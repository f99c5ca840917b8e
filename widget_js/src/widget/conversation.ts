/** What a conversation needs beyond the composer: fetched beside the panel, not before one can write. */

import { Ellipsis } from "lucide";
import type { Account } from "../account/account";
import { pictureAddress } from "../client/picture";
import type { Storage } from "../client/storage";
import { stateOf } from "../core/delivery";
import type { OutboxEntry } from "../core/outbox";
import type { Texts } from "../core/texts";
import type { World } from "../core/world";
import { tokenSource } from "../files/sources";
import { AttachedFiles } from "./attached";
import type { Composer } from "./composer";
import { Cover } from "./cover";
import { button, element } from "./elements";
import type { Config } from "./host";
import { MessageLog } from "./log";
import sheetText from "./log.css?inline";
import { MailAsk } from "./mail_ask";
import { OwnMessages } from "./own_messages";
import { BLANK, type Commands, type Update } from "./state";
import { adopt } from "./surface";

/** Where the visitor's token stands in the storage; as `session.TOKEN`, which would bring the session along. */
const TOKEN = "token";

/** What a conversation is made of. */
export interface ConversationOptions {
  readonly texts: Texts;
  readonly world: World;
  readonly storage: Storage;
  /** The widget's, where the sheet is adopted. */
  readonly root: ShadowRoot;
  readonly composer: Composer;
  readonly config: Config;
  /** Runs a command where the connection is; rejects with what a person can read. */
  call<Name extends keyof Commands>(name: Name, ...values: Parameters<Commands[Name]>): Promise<void>;
  /** The unsent text to put back when editing is over. */
  draft(): string;
  discard(clientId: string): void;
  /** What is in view, or what `own.notice` says, is another. */
  changed(): void;
  failed(error: Error): void;
}

/** The log with what can be done to its messages: change and remove one's own. */
export class Conversation {
  readonly log: MessageLog;
  readonly own: OwnMessages;
  /** How many new messages stand below what is read. */
  below = 0;
  #options: ConversationOptions;
  #greeting: HTMLElement;
  #more: HTMLButtonElement;
  #account: Account | undefined;
  #marks = BLANK.marks;
  #attached: AttachedFiles;
  #ended = new AbortController();
  #cover: Cover;
  #ask: MailAsk;

  constructor(options: ConversationOptions) {
    const { call, changed, config } = options;
    this.#options = options;
    adopt(options.root, sheetText);
    this.#cover = new Cover(options.root.host, this.#ended.signal);
    const { signal } = this.#ended;
    const proof = () => ({ Authorization: `Bearer ${options.storage.get(TOKEN)}` });
    this.#attached = new AttachedFiles({
      language: options.texts.language,
      composer: options.composer,
      zone: options.root.querySelector(".panel") ?? options.composer.node,
      root: options.root,
      server: { base: config.base, proof, cookies: false, place: () => ({ site: config.key }) },
      source: tokenSource(config.base, proof),
      editing: () => this.own.editing,
      signal,
    });
    this.own = new OwnMessages(
      {
        texts: options.texts,
        world: options.world,
        storage: options.storage,
        composer: options.composer,
        edit: (seq, body) => call("edit", seq, body),
        remove: (seq) => call("remove", seq),
        hide: (seq, hidden) => this.log.hide(seq, hidden),
        draft: options.draft,
        changed,
        failed: options.failed,
      },
      signal,
    );
    this.log = new MessageLog({
      texts: options.texts,
      shown: this.#attached,
      now: options.world.now,
      isOwn: ({ role }) => role === "visitor",
      picture: ({ picture }) => picture && pictureAddress(picture),
      standing: (seq) => ({ state: stateOf(seq, this.#marks) }),
      typing: ({ name }) => options.texts.text("{name} is typing", { name: name ?? "" }),
      told: () => undefined,
      history: () => call("history"),
      retry: (id) => void call("retry", id),
      discard: options.discard,
      edit: (message) => this.own.beginEdit(message),
      remove: (message) => this.own.remove(message),
      viewed: changed,
      below: (count) => {
        this.below = count;
        changed();
      },
    });
    // The box is measured at the height of one line, for which the log makes room.
    options.composer.node.addEventListener("input", () => this.log.stay(), { signal });
    this.own.carryOut();
    this.#greeting = element("p", "greeting", config.greeting);
    this.log.node.prepend(this.#greeting);
    this.#more = button("icon-button", options.texts.text("More"), () => void this.#showMore(), Ellipsis);
    this.#more.hidden = true;
    this.#more.ariaExpanded = "false";
    options.root.querySelector(".header .grow")?.after(this.#more);
    this.#ask = new MailAsk(options);
  }

  update(update: Update, pending: readonly OutboxEntry[]): void {
    this.#greeting.hidden = !this.#options.config.greeting || update.state.more;
    this.#more.hidden = !update.state.begun;
    this.#attached.update(update.state.files, pending);
    this.#marks = update.state.marks;
    this.log.update(update, pending);
    this.#ask.update(update);
  }

  /** The panel was opened or closed. */
  opened(open: boolean): void {
    this.#cover.show(open);
    if (open) this.log.toEnd();
  }

  destroy(): void {
    this.#ended.abort();
    this.#more.remove();
    this.#account?.node.remove();
    this.#ask.destroy();
    this.log.destroy();
  }

  /** What can be done with the chat as a whole; fetched when somebody asks for it. */
  async #showMore(): Promise<void> {
    const { config, root, storage, texts } = this.#options;
    if (!this.#account) {
      const { Account } = await import("../account/account");
      this.#account ??= new Account({ config, root, storage, language: texts.language });
      if (!this.#account.node.isConnected) root.querySelector(".header")?.after(this.#account.node);
    }
    this.#more.ariaExpanded = `${this.#account.toggle()}`;
  }
}
