import type { Ask } from "../account/ask";
import type { Storage } from "../client/storage";
import type { Texts } from "../core/texts";
import type { Config } from "./host";
import { STARTED } from "./host";
import type { Update } from "./state";

/** The conversation in which an address was left, or none wanted. */
const ASKED = "asked";

/** What the question is made of. */
export interface MailAskOptions {
  readonly config: Config;
  readonly root: ShadowRoot;
  readonly storage: Storage;
  readonly texts: Texts;
  /** What it stands above. */
  readonly composer: { readonly node: Element };
}

/**
 * Asks for a mail address where nobody is there to answer what was asked, and answers are mailed. Once it was given or
 * declined it is not asked again in the conversation. The form is fetched when it is first shown.
 */
export class MailAsk {
  #options: MailAskOptions;
  #ask: Ask | undefined;
  #isWanted = false;
  #isFetched = false;
  /** The last message that is here, and whether it is the visitor's. */
  #last = 0;
  #isUnanswered = false;

  constructor(options: MailAskOptions) {
    this.#options = options;
  }

  update({ state, messages, cleared }: Update): void {
    if (cleared) this.#last = 0;
    for (const { seq, author } of messages) {
      if (seq < this.#last) continue;
      this.#last = seq;
      this.#isUnanswered = author.role === "visitor";
    }
    const { site, begun, mail } = state;
    const { storage } = this.#options;
    const isAway = !!site?.mail_answers && site.state !== "online";
    const isSettled = storage.get(ASKED) === storage.get(STARTED);
    this.#isWanted = isAway && begun && !mail && this.#isUnanswered && !isSettled;
    this.#draw();
  }

  destroy(): void {
    this.#ask?.node.remove();
  }

  #draw(): void {
    if (this.#isWanted && !this.#isFetched) {
      this.#isFetched = true;
      // Not to be had now: the next news tries again.
      this.#fetch().catch(() => (this.#isFetched = false));
    }
    // What somebody is writing into is not taken away.
    if (this.#ask && !this.#ask.isInUse) this.#ask.node.hidden = !this.#isWanted;
  }

  async #fetch(): Promise<void> {
    const { texts, composer, storage, ...rest } = this.#options;
    const { Ask } = await import("../account/ask");
    const settled = (): void => storage.set(ASKED, storage.get(STARTED) ?? "");
    this.#ask = new Ask({ ...rest, storage, language: texts.language, settled });
    composer.node.before(this.#ask.node);
    this.#draw();
  }
}
