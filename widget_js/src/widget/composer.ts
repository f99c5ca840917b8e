import type { Texts } from "../core/texts";
import type { File } from "../protocol.gen";
import { element } from "./elements";
import { sendButton } from "./view";

const HEIGHT_MAX_PX = 160;

/** What the composer reports. */
export interface ComposerOptions {
  readonly texts: Texts;
  /** The person wants to send `body`; nothing but blanks is never reported without files. */
  submit(body: string): void;
  /** The text has changed by hand. */
  typed(body: string): void;
}

/** The text box with its button. Enter sends, Shift+Enter breaks; it grows from one line to six. */
export class Composer {
  readonly node = element("form", "composer");
  /** What goes with the text stands here, above it. */
  readonly above = element("div");
  /** What goes with the text. */
  files: readonly File[] = [];
  #options: ComposerOptions;
  #input = element("textarea");
  #send: HTMLButtonElement;
  #hint = element("p", "hint");

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
      this.changed();
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
    this.#hint.hidden = true;
    this.#hint.textContent = text("The team sees what you type before you send it.");
    this.node.append(this.above, element("div", "field", input, this.#send), this.#hint);
    this.changed();
  }

  get value(): string {
    return this.#input.value;
  }

  set value(text: string) {
    this.#input.value = text;
    this.changed();
  }

  focus(): void {
    this.#input.focus();
    this.changed();
  }

  /** The visitor is told that the team sees drafts. */
  showHint(shown: boolean): void {
    this.#hint.hidden = !shown;
  }

  #submit(): void {
    const body = this.value.trim();
    if (body || this.files.length) this.#options.submit(body);
    // The button must not keep the focus: it is of no use to somebody who writes on.
    this.#input.focus();
  }

  /** What there is to send is something else. */
  changed(): void {
    const { style } = this.#input;
    style.blockSize = "auto";
    const height = Math.min(HEIGHT_MAX_PX, this.#input.scrollHeight);
    if (height) style.blockSize = `${height}px`;
    this.#send.ariaDisabled = `${!this.value.trim() && !this.files.length}`;
  }
}
