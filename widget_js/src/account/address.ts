import type { Texts } from "../core/texts";
import { element } from "../widget/elements";
import { adopt } from "../widget/surface";
import sheetText from "./address.css?inline";
import { type Caller, callAsVisitor } from "./visitor_call";

/** What the field is made of. */
export interface AddressOptions extends Caller {
  readonly root: ShadowRoot;
  readonly texts: Texts;
  readonly label: string;
  /** Tells its line from those of other fields of the panel. */
  readonly name: string;
  /** Called when the server has taken the address. */
  left?(): void;
}

/** A field for the visitor's mail address. What is refused stays in it, and why stands below. */
export class AddressForm {
  readonly node: HTMLFormElement;
  #options: AddressOptions;
  #field = element("input", "mail");
  #said = element("p", "said");

  constructor(options: AddressOptions) {
    const { name, root, texts, label } = options;
    this.#options = options;
    adopt(root, sheetText);
    const field = this.#field;
    field.type = "email";
    field.autocomplete = "email";
    field.maxLength = 200;
    this.#said.role = "status";
    this.#said.id = `${name}-said`;
    field.setAttribute("aria-describedby", this.#said.id);
    const send = element("button", "text-button", texts.text("Leave address"));
    this.node = element(
      "form",
      "leave",
      element("label", "", label, element("span", "leave-row", field, send)),
      this.#said,
    );
    // The server says what is no address, in words that stay beside the field.
    this.node.noValidate = true;
    this.node.onsubmit = (event) => {
      event.preventDefault();
      void this.#leave();
    };
    field.oninput = () => this.#say("");
  }

  /** Whether something is written in it, or was said about it. */
  get isInUse(): boolean {
    return this.#field.value !== "" || this.#said.textContent !== "";
  }

  #say(text: string, isWrong = false): void {
    this.#said.textContent = text;
    this.#said.classList.toggle("bad", isWrong);
    this.#field.ariaInvalid = `${isWrong}`;
  }

  async #leave(): Promise<void> {
    try {
      await callAsVisitor(this.#options, "contacts", { mail: this.#field.value });
      this.#field.value = "";
      this.#say(this.#options.texts.text("We sent you a mail. Open the link in it to confirm."));
      this.#options.left?.();
    } catch (error) {
      this.#say((error as Error).message, true);
      this.#field.focus();
    }
  }
}
