/** What can be done with a chat as a whole: save it to an account, leave an address. Fetched when it is asked for. */

import { Texts, type TextTable } from "../core/texts";
import { button, element } from "../widget/elements";
import { adopt } from "../widget/surface";
import sheetText from "./account.css?inline";
import { AddressForm } from "./address";
import { type Caller, callAsVisitor } from "./visitor_call";

/** This part's own texts in every language, put in by the build: they need not travel to every visitor. */
declare const PART_TEXTS: Readonly<Record<string, TextTable>>;

/** What the part is made of. */
export interface AccountOptions extends Caller {
  readonly root: ShadowRoot;
  /** BCP 47 tag. */
  readonly language: string;
}

interface Claim {
  readonly code: string;
  readonly page: string;
}

/** A small section under the header. */
export class Account {
  readonly node: HTMLElement;
  #options: AccountOptions;
  #texts: Texts;
  #said = element("p", "said");

  constructor(options: AccountOptions) {
    this.#options = options;
    this.#texts = new Texts(options.language, PART_TEXTS[options.language] ?? {});
    const { text } = this.#texts;
    adopt(options.root, sheetText);
    this.#said.role = "status";
    const address = new AddressForm({
      ...options,
      texts: this.#texts,
      label: text("Your mail address"),
      name: "account",
    });
    this.node = element(
      "div",
      "account",
      button("text-button", text("Save this chat to my account"), () => void this.#save()),
      address.node,
      this.#said,
    );
    this.node.hidden = true;
  }

  /** Shows or hides the section; says which. */
  toggle(): boolean {
    this.node.hidden = !this.node.hidden;
    this.#said.replaceChildren();
    if (!this.node.hidden) this.node.querySelector("button")?.focus();
    return !this.node.hidden;
  }

  /** Opens our page with a code of a minute: what is saved, and whether, is asked there. */
  async #save(): Promise<void> {
    // Opened at once: a browser lets nothing open that does not follow on a click.
    const tab = window.open("about:blank");
    if (tab) tab.opener = null;
    try {
      const { code, page } = (await callAsVisitor(this.#options, "claims")) as Claim;
      const address = `${page}#${code}`;
      if (tab) tab.location.href = address;
      else this.#offer(address);
    } catch (error) {
      tab?.close();
      this.#said.textContent = (error as Error).message;
    }
  }

  #offer(address: string): void {
    const link = element("a", "text-button", this.#texts.text("Go on in a new tab"));
    link.href = address;
    link.target = "_blank";
    link.rel = "noopener";
    this.#said.replaceChildren(link);
  }
}
