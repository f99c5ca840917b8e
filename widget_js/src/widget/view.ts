import { Bell, BellOff, Send, X } from "lucide";
import type { Texts } from "../core/texts";
import type { SiteState } from "../protocol.gen";
import { button, element, face } from "./elements";
import { icon } from "./icon";
import { teamLine } from "./words";

/** What is said above the composer, and what can be done about it. */
export interface Notice {
  readonly text: string;
  /** Something went wrong, so it is said at once. */
  readonly alert?: boolean;
  readonly action?: readonly [text: string, run: () => void];
}

/** Everything that the frame around the log shows. */
export interface ViewState {
  readonly site: SiteState | null;
  readonly sound: boolean;
  readonly notice: Notice | undefined;
  /** How many new messages stand below what is read. */
  readonly below: number;
}

/** What a person can do there. */
export interface ViewActions {
  close(): void;
  toggleSound(): void;
  toEnd(): void;
}

/**
 * The frame around the log: header, notices, the place of the composer. A dozen elements, changed by hand where they
 * differ: a framework would weigh more than the rest of the panel.
 */
export class View {
  readonly node = element("section", "panel");
  /** Where the log goes, and where the composer. */
  readonly middle = element("div", "middle");
  #texts: Texts;
  #title = element("h2");
  #team = element("p", "team");
  #faces = element("div", "faces");
  #sound: HTMLButtonElement;
  #pill: HTMLButtonElement;
  // Live regions exist before they say anything: only what changes inside them is announced.
  #status = element("div");
  #alert = element("div");
  #shown: Partial<ViewState> = {};

  constructor(siteName: string, composer: Node, texts: Texts, actions: ViewActions) {
    const { text } = texts;
    this.#texts = texts;
    this.#title.id = "title";
    this.#title.textContent = siteName;
    this.#sound = button("icon-button", text("Sound"), actions.toggleSound, BellOff);
    this.#pill = button("pill", "", actions.toEnd);
    this.#status.role = "status";
    this.#alert.role = "alert";
    const { node } = this;
    node.role = "dialog";
    node.setAttribute("aria-labelledby", "title");
    node.append(
      element(
        "div",
        "header",
        this.#faces,
        element("div", "grow", this.#title, this.#team),
        this.#sound,
        button("icon-button", text("Close chat"), actions.close, X),
      ),
      this.middle,
      element("div", "over", this.#pill),
      this.#status,
      this.#alert,
      composer,
    );
  }

  /** Shows `state`; what is as it was stays untouched. */
  update(state: ViewState): void {
    const { site, sound, notice, below } = state;
    const before = this.#shown;
    this.#shown = state;
    if (site && site !== before.site) this.#showTeam(site);
    this.#pill.hidden = !below;
    if (below !== before.below) this.#pill.textContent = this.#texts.text("{n} new", { n: below });
    if (sound !== before.sound) {
      this.#sound.ariaPressed = `${sound}`;
      this.#sound.replaceChildren(icon(sound ? Bell : BellOff));
    }
    if (notice?.text === before.notice?.text) return;
    const line = notice ? [noticeLine(notice)] : [];
    this.#status.replaceChildren(...(notice?.alert ? [] : line));
    this.#alert.replaceChildren(...(notice?.alert ? line : []));
  }

  #showTeam(site: SiteState): void {
    this.#title.textContent = site.name;
    this.#team.textContent = teamLine(site, this.#texts);
    this.#faces.replaceChildren(...site.agents.slice(0, 3).map(face));
  }
}

function noticeLine({ text, alert, action }: Notice): HTMLElement {
  const line = element("p", alert ? "notice bad" : "notice", element("span", "grow", text));
  if (action) line.append(button("text-button", ...action));
  return line;
}

/** The button beside the text box. */
export function sendButton(name: string): HTMLButtonElement {
  const made = element("button", "send", icon(Send));
  made.ariaLabel = name;
  return made;
}
