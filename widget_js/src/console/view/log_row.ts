/** One row of the log as DOM: text only ever becomes text nodes, links only http, https and mailto. */

import { Check, CheckCheck, CircleAlert, Clock, type IconNode, Pencil, StickyNote, Trash2 } from "lucide";
import { pictureAddress } from "../../client/picture";
import { linkPieces } from "../../core/links";
import { filesNode, type Shown } from "../../files/shown";
import type { Author, File } from "../../protocol.gen";
import { element } from "../../widget/elements";
import { icon } from "../../widget/icon";
import { DELIVERY_WORDS } from "../model/names";
import { hueOf, initialsOf, nameOf } from "../model/people";
import { type Item, type MessageItem, type SystemItem, systemSentence } from "../model/timeline";
import { ahead, clock, dayName, exact } from "../model/times";
import { t } from "../texts";

/** What the reader can do with a message. */
export interface RowActions {
  edit(item: MessageItem): void;
  remove(item: MessageItem): void;
  retry(item: MessageItem): void;
  /** Gives a failed message up; its text goes back to the composer. */
  takeBack(item: MessageItem): void;
}

/** What a row depends on beside its item. */
export interface RowFacts {
  readonly now: number;
  /** This agent, the author of what is not yet stored. */
  readonly me: Author;
  /** How long after it was sent a message can be changed, in milliseconds. */
  readonly editMs: number;
  /** How files are shown. */
  readonly shown: Shown;
}

const STATE_ICONS: Readonly<Record<string, IconNode>> = {
  pending: Clock,
  sent: Check,
  delivered: CheckCheck,
  seen: CheckCheck,
  failed: CircleAlert,
};

/** All that a row's picture depends on, as one string: rows with the same one are not drawn again. */
export function fingerprint(item: Item, facts: RowFacts): string {
  if (item.kind === "day") return dayName(item.at, facts.now);
  if (item.kind === "system") return `${item.message.version}`;
  const { message, state, leads, reason, retryAt, removing } = item;
  return [message?.version, message?.seq, state, leads, reason, retryAt, removing, isChangeable(item, facts)].join("|");
}

/** A fresh row for `item`. */
export function drawRow(item: Item, facts: RowFacts, actions: RowActions): HTMLElement {
  switch (item.kind) {
    case "day":
      return element("li", "row-day", element("span", "", dayName(item.at, facts.now)));
    case "system":
      return systemRow(item, facts);
    default:
      return messageRow(item, facts, actions);
  }
}

function systemRow(item: SystemItem, facts: RowFacts): HTMLElement {
  const { message } = item;
  const actor = message.author.id === facts.me.id ? t("You") : nameOf(message.author);
  const sentence = systemSentence(message, actor, (at) => ahead(at, facts.now));
  return element("li", "row-system", element("span", "", sentence), timeOf(item.at));
}

function messageRow(item: MessageItem, facts: RowFacts, actions: RowActions): HTMLElement {
  const author = item.message?.author ?? facts.me;
  const side = author.role === "visitor" ? "theirs" : "ours";
  const row = element(
    "li",
    `row row-${item.kind} row-${side}${item.own ? " row-own" : ""}${item.leads ? " row-leads" : ""}`,
  );
  if (item.leads) row.append(picture(author), heading(item, author, facts));
  else row.append(element("span", "sr", `${calledBy(author, facts)}, ${clock(item.at)}:`));
  row.append(content(item, facts, actions));
  if (item.files?.length && !item.message?.removed && !item.removing) row.append(filesOf(item.files, facts));
  const foot = footer(item, actions);
  if (foot) row.append(foot);
  return row;
}

function heading(item: MessageItem, author: Author, facts: RowFacts): HTMLElement {
  const heading = element("div", "row-head", element("strong", "", calledBy(author, facts)));
  if (item.kind === "note") {
    const label = element("span", "note-label", icon(StickyNote), t("Note, seen by agents only"));
    heading.append(label);
  }
  heading.append(timeOf(item.at));
  return heading;
}

function calledBy(author: Author, facts: RowFacts): string {
  return author.id === facts.me.id ? t("You") : nameOf(author);
}

/** What was drawn of files: a row is drawn anew whenever its state changes, and its pictures must not come again. */
const drawn = new WeakMap<readonly File[], HTMLElement>();

function filesOf(files: readonly File[], { shown }: RowFacts): HTMLElement {
  const node = drawn.get(files) ?? filesNode(files, shown);
  drawn.set(files, node);
  return node;
}

function content(item: MessageItem, facts: RowFacts, actions: RowActions): HTMLElement {
  const line = element("div", "row-line");
  if (item.message?.removed || item.removing) {
    line.append(element("div", "bubble bubble-removed", t("This message was removed")));
    return line;
  }
  const bubble = element("div", "bubble");
  bubble.dir = "auto";
  bubble.append(...linkPieces(item.body).map((piece) => (typeof piece === "string" ? piece : link(piece))));
  bubble.title = exact(item.at);
  bubble.hidden = item.body === "" && item.files !== null;
  line.append(bubble);
  if (isChangeable(item, facts)) {
    line.append(
      element(
        "div",
        "row-tools",
        tool(t("Edit"), Pencil, () => actions.edit(item)),
        tool(t("Remove"), Trash2, () => actions.remove(item)),
      ),
    );
  }
  return line;
}

function link({ text, href }: { text: string; href: string }): HTMLElement {
  const anchor = element("a", "", text);
  anchor.href = href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow ugc";
  return anchor;
}

function footer(item: MessageItem, actions: RowActions): HTMLElement | null {
  if (item.removing) return null;
  const edited = (item.message?.revision ?? 0) > 0 && !item.message?.removed;
  const saysState = item.state !== null && (item.kind === "message" || item.message === null);
  if (!edited && !saysState) return null;
  const foot = element("div", "row-foot");
  if (edited) foot.append(element("span", "", t("Edited")));
  if (saysState && item.state) {
    const state = element(
      "span",
      `state state-${item.state}`,
      icon(STATE_ICONS[item.state] ?? Check),
      DELIVERY_WORDS[item.state],
    );
    if (item.retryAt !== null) state.append(t(", tried again at {time}", { time: clock(item.retryAt) }));
    foot.append(state);
  }
  if (item.state === "failed") {
    if (item.reason) foot.append(element("span", "state-reason", item.reason));
    foot.append(
      button(t("Try again"), () => actions.retry(item)),
      button(t("Take back"), () => actions.takeBack(item)),
    );
  }
  return foot;
}

/** Whether its author may still edit or remove a message. */
export function isChangeable(item: MessageItem, facts: Pick<RowFacts, "now" | "editMs">): boolean {
  return (
    item.own && item.message !== null && !item.message.removed && !item.removing && facts.now - item.at < facts.editMs
  );
}

function picture(author: Author): HTMLElement {
  const avatar = element("span", `avatar avatar-small hue-${hueOf(author)}`);
  avatar.dataset["initials"] = initialsOf(author);
  avatar.setAttribute("aria-hidden", "true");
  if (author.picture) {
    const image = document.createElement("img");
    image.alt = "";
    image.src = pictureAddress(author.picture);
    avatar.append(image);
  }
  return avatar;
}

function timeOf(at: number): HTMLElement {
  const time = document.createElement("time");
  time.dateTime = new Date(at).toISOString();
  time.title = exact(at);
  time.textContent = clock(at);
  return time;
}

function tool(label: string, of: IconNode, run: () => void): HTMLElement {
  const control = button("", run);
  control.className = "button-icon";
  control.title = label;
  control.setAttribute("aria-label", label);
  control.append(icon(of));
  return control;
}

function button(label: string, run: () => void): HTMLButtonElement {
  const control = element("button", "link", label);
  control.type = "button";
  control.addEventListener("click", run);
  return control;
}
