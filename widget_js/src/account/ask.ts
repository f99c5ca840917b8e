/** The question for a mail address, where nobody is there to answer. Fetched when it is asked. */

import { X } from "lucide";
import { Texts, type TextTable } from "../core/texts";
import { button, element } from "../widget/elements";
import { adopt } from "../widget/surface";
import { AddressForm } from "./address";
import sheetText from "./ask.css?inline";
import type { Caller } from "./visitor_call";

/** This part's own texts in every language, put in by the build: they need not travel to every visitor. */
declare const PART_TEXTS: Readonly<Record<string, TextTable>>;

/** What the question is made of. */
export interface AskOptions extends Caller {
  readonly root: ShadowRoot;
  /** BCP 47 tag. */
  readonly language: string;
  /** Called when an address was left, or none is wanted. */
  settled(): void;
}

/** One line above the composer. */
export class Ask {
  readonly node: HTMLElement;
  #form: AddressForm;

  constructor(options: AskOptions) {
    const texts = new Texts(options.language, PART_TEXTS[options.language] ?? {});
    adopt(options.root, sheetText);
    this.#form = new AddressForm({
      ...options,
      texts,
      label: texts.text("Your e-mail address, to get the answer by mail"),
      name: "ask",
      left: () => {
        this.node.classList.add("left");
        options.settled();
      },
    });
    const decline = (): void => {
      options.settled();
      this.node.remove();
    };
    this.node = element("div", "ask", this.#form.node, button("icon-button", texts.text("No, thank you"), decline, X));
  }

  /** Whether it is written in, or says something. */
  get isInUse(): boolean {
    return this.#form.isInUse;
  }
}
