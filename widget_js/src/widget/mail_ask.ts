import type { Ask } from "../account/ask";
import type { Storage } from "../client/storage";
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
  /** BCP 47 tag. */
  readonly language: string;
  /** The element above which it stands. */
  readonly before: Element;
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
    const isAway = site?.mail_answers === true && site.state !== "online";
    this.#isWanted = isAway && begun && !mail && this.#last > 0 && this.#isUnanswered && !this.#isSettled;
    this.#draw();
  }

  destroy(): void {
    this.#isWanted = false;
    this.#ask?.node.remove();
  }

  get #isSettled(): boolean {
    const { storage } = this.#options;
    return storage.get(ASKED) === storage.get(STARTED);
  }

  #settle(): void {
    const { storage } = this.#options;
    storage.set(ASKED, storage.get(STARTED) ?? "");
    this.#isWanted = false;
  }

  #draw(): void {
    if (this.#isWanted && !this.#isFetched) void this.#fetch();
    // What somebody is writing into is not taken away.
    if (this.#ask && !this.#ask.isInUse) this.#ask.node.hidden = !this.#isWanted;
  }

  async #fetch(): Promise<void> {
    this.#isFetched = true;
    const { before, ...rest } = this.#options;
    try {
      const { Ask } = await import("../account/ask");
      this.#ask = new Ask({ ...rest, settled: () => this.#settle() });
      this.#ask.node.hidden = true;
      before.before(this.#ask.node);
      this.#draw();
    } catch {
      // Not to be had now; the next news tries again.
      this.#isFetched = false;
    }
  }
}
