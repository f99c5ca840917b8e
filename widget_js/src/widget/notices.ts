import { button, element } from "./elements";

/** What is said above the composer, and what can be done about it. */
export interface Notice {
  readonly text: string;
  /** Something went wrong, so it is said at once. */
  readonly alert?: boolean;
  readonly action?: readonly [text: string, run: () => void];
}

/** The place of one notice. Live regions exist before they say anything: only what changes inside them is announced. */
export class Notices {
  readonly node = element("div");
  #status = element("div");
  #alert = element("div");
  #text: string | undefined;

  constructor() {
    this.#status.role = "status";
    this.#alert.role = "alert";
    this.node.append(this.#status, this.#alert);
  }

  /** Says this instead of what was said; what is as it was stays untouched. */
  show(notice: Notice | undefined): void {
    if (notice?.text === this.#text) return;
    this.#text = notice?.text;
    this.#status.replaceChildren();
    this.#alert.replaceChildren();
    if (notice) (notice.alert ? this.#alert : this.#status).append(lineOf(notice));
  }
}

function lineOf({ text, alert, action }: Notice): HTMLElement {
  const line = element("p", alert ? "notice bad" : "notice", element("span", "grow", text));
  if (action) line.append(button("text-button", ...action));
  return line;
}
