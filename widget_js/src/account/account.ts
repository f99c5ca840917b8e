/** What can be done with a chat as a whole: save it to an account, leave an address. Fetched when it is asked for. */

import type { Storage } from "../client/storage";
import { Texts, type TextTable } from "../core/texts";
import { button, element } from "../widget/elements";
import type { Config } from "../widget/host";
import { adopt } from "../widget/surface";
import sheetText from "./account.css?inline";

/** This part's own texts in every language, put in by the build: they need not travel to every visitor. */
declare const PART_TEXTS: Readonly<Record<string, TextTable>>;

/** Where the visitor's token stands in the storage; as `session.TOKEN`, which would bring the session along. */
const TOKEN = "token";

/** What the part is made of. */
export interface AccountOptions {
  readonly config: Config;
  readonly root: ShadowRoot;
  readonly storage: Storage;
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
    const mail = element("input", "mail");
    mail.type = "email";
    mail.required = true;
    mail.autocomplete = "email";
    mail.maxLength = 200;
    mail.ariaLabel = text("Your mail address");
    mail.placeholder = text("Your mail address");
    const form = element("form", "leave", mail, element("button", "text-button", text("Leave address")));
    form.onsubmit = (event) => {
      event.preventDefault();
      void this.#leave(mail);
    };
    this.node = element(
      "div",
      "account",
      button("text-button", text("Save this chat to my account"), () => void this.#save()),
      form,
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
      const { code, page } = (await this.#call("claims")) as Claim;
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

  async #leave(field: HTMLInputElement): Promise<void> {
    try {
      await this.#call("contacts", { mail: field.value });
      field.value = "";
      this.#said.textContent = this.#texts.text("We sent you a mail. Open the link in it to confirm.");
    } catch (error) {
      this.#said.textContent = (error as Error).message;
    }
  }

  /** Calls the server as this visitor; rejects with what a person can read. */
  async #call(kind: string, body: unknown = {}): Promise<unknown> {
    const { config, storage } = this.#options;
    const response = await fetch(`${config.base}/${kind}/${config.key}`, {
      method: "POST",
      credentials: "omit",
      headers: { Authorization: `Bearer ${storage.get(TOKEN) ?? ""}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (response.status === 204) return undefined;
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error((answer as { error: { message: string } }).error.message);
    return answer;
  }
}
