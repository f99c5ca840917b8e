import type { Texts } from "../core/texts";
import { button, element } from "./elements";
import { sendButton } from "./view";

const HEIGHT_MAX_PX = 160;

/** What the composer reports. */
export interface ComposerOptions {
  readonly texts: Texts;
  /** The person wants to send `body`; nothing but blanks is never reported. */
  submit(body: string): void;
  /** The text has changed by hand. */
  typed(body: string): void;
}

/** The text box with its button. Enter sends, Shift+Enter breaks; it grows from one line to six. */
export class Composer {
  readonly node = element("form", "composer");
  #options: ComposerOptions;
  #input = element("textarea");
  #send: HTMLButtonElement;
  #hint = element("p", "hint");
  #editing = element("p", "editing");

  constructor(options: ComposerOptions) {
    const { text } = options.texts;
    const input = this.#input;
    this.#options = options;
    this.#send = sendButton(text("Send"));
    input.rows = 1;
    input.dir = "auto";
    input.ariaLabel = text("Message");
    input.placeholder = text("Write a message");
    input.enterKeyHint = "send";
    input.autocomplete = "off";
    input.oninput = () => {
      this.#changed();
      options.typed(input.value);
    };
    input.onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    };
    this.node.onsubmit = (event) => {
      event.preventDefault();
      this.#submit();
    };
    this.#hint.hidden = this.#editing.hidden = true;
    this.#hint.textContent = text("The team sees what you type before you send it.");
    this.node.append(this.#editing, element("div", "field", input, this.#send), this.#hint);
    this.#changed();
  }

  get value(): string {
    return this.#input.value;
  }

  set value(text: string) {
    this.#input.value = text;
    this.#changed();
  }

  focus(): void {
    this.#input.focus();
    this.#changed();
  }

  /** The visitor is told that the team sees drafts. */
  showHint(shown: boolean): void {
    this.#hint.hidden = !shown;
  }

  /** Says that an older message is being changed, until `cancel` is called without it. */
  showEditing(cancel?: () => void): void {
    const { text } = this.#options.texts;
    this.#editing.hidden = !cancel;
    if (!cancel) return;
    const stop = button("text-button", text("Cancel"), cancel);
    this.#editing.replaceChildren(element("span", "grow", text("Editing your message")), stop);
  }

  #submit(): void {
    const body = this.value.trim();
    if (body) this.#options.submit(body);
    // The button must not keep the focus: it is of no use to somebody who writes on.
    this.#input.focus();
  }

  #changed(): void {
    const { style } = this.#input;
    style.blockSize = "auto";
    const height = Math.min(HEIGHT_MAX_PX, this.#input.scrollHeight);
    if (height) style.blockSize = `${height}px`;
    this.#send.ariaDisabled = `${!this.value.trim()}`;
  }
}
