import { Bell, BellOff, Send, X } from "lucide";
import type { Texts } from "../core/texts";
import type { SiteState } from "../protocol.gen";
import { button, element, face } from "./elements";
import { icon } from "./icon";
import { type Notice, Notices } from "./notices";
import { teamLine } from "./words";

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
  readonly node = element("section", "panel chat");
  /** Where the log goes, and where the composer. */
  readonly middle = element("div", "middle");
  #texts: Texts;
  #title = element("h2");
  #team = element("p", "team");
  #faces = element("div", "faces");
  #sound: HTMLButtonElement;
  #pill: HTMLButtonElement;
  #notices = new Notices();
  #shown: Partial<ViewState> = {};

  constructor(siteName: string, composer: Node, texts: Texts, actions: ViewActions) {
    const { text } = texts;
    this.#texts = texts;
    this.#title.id = "title";
    this.#title.textContent = siteName;
    this.#sound = button("icon-button", text("Sound"), actions.toggleSound, BellOff);
    this.#pill = button("pill", "", actions.toEnd);
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
      this.#notices.node,
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
    this.#notices.show(notice);
  }

  #showTeam(site: SiteState): void {
    this.#title.textContent = site.name;
    this.#team.textContent = teamLine(site, this.#texts);
    this.#faces.replaceChildren(...site.agents.slice(0, 3).map(face));
  }
}

/** The button beside the text box. */
export function sendButton(name: string): HTMLButtonElement {
  const made = element("button", "send", icon(Send));
  made.ariaLabel = name;
  return made;
}
