/**
 * Everything that can be done from the keyboard or the palette, in one table: the keys are bound from it, the sheet of shortcuts
 * and the palette are drawn from it.
 */

import type { Author, StatusName } from "../protocol.gen";
import { STATUSES } from "./model/inbox";
import { STATUS_WORDS } from "./model/names";
import type { Standing } from "./state/deeds";
import type { Desk } from "./state/desk";
import { t } from "./texts";

export type Group = "Conversation" | "List" | "Go to" | "General";

export const GROUPS: Readonly<Record<Group, string>> = {
  Conversation: t("Conversation"),
  List: t("List"),
  "Go to": t("Go to"),
  General: t("General"),
};

export interface Command {
  readonly label: string;
  readonly group: Group;
  /** Names as `model/keys.ts` makes them; the first is the one that is shown. */
  readonly keys: readonly string[];
  /** Whether it makes sense now. Commands without it always do. */
  readonly when?: (desk: Desk) => boolean;
  run(desk: Desk): void;
}

/** Ids of the controls that commands lead to. */
export const ANCHORS = {
  reply: "reply",
  search: "search",
  list: "conversations",
  assign: "assign",
  snooze: "snooze",
} as const;

/** The open conversation's state as the deeds need it; null when none is open or known. */
export function standing(desk: Desk): Standing | null {
  const opened = desk.opened.value;
  if (!opened) return null;
  const head = opened.staffHead.value;
  const row = desk.list.row(opened.channel);
  const known = head ?? row;
  if (!known) return null;
  return { channel: opened.channel, status: known.status, snoozedUntil: known.snoozed_until, assignee: known.assignee };
}

/** Gives the open conversation to `to`. */
export function assignTo(desk: Desk, to: Author | null): void {
  const now = standing(desk);
  if (now) void desk.deeds.assign(now, to, desk.me.value.id);
}

/** Sets the open conversation's status; `until` goes with "snoozed". */
export function setStatus(desk: Desk, status: StatusName, until: string | null = null): void {
  const now = standing(desk);
  if (now) void desk.deeds.setStatus(now, status, until);
}

const isOpened = (desk: Desk): boolean => desk.route.value.page === "inbox" && standing(desk) !== null;
const isIn = (status: StatusName) => (desk: Desk) => isOpened(desk) && standing(desk)?.status === status;
const isNotIn = (status: StatusName) => (desk: Desk) => isOpened(desk) && standing(desk)?.status !== status;

/** Moves the focus to a control that may be drawn only now. */
export function focusOn(id: string): void {
  requestAnimationFrame(() => document.getElementById(id)?.focus());
}

function press(id: string): void {
  requestAnimationFrame(() => document.getElementById(id)?.click());
}

const CONVERSATION: readonly Command[] = [
  {
    label: t("Write a reply"),
    group: "Conversation",
    keys: ["r"],
    when: isOpened,
    run(desk) {
      desk.opened.value?.setMode("reply");
      focusOn(ANCHORS.reply);
    },
  },
  {
    label: t("Write a note"),
    group: "Conversation",
    keys: ["n"],
    when: isOpened,
    run(desk) {
      desk.opened.value?.setMode("note");
      focusOn(ANCHORS.reply);
    },
  },
  {
    label: t("Assign to me"),
    group: "Conversation",
    keys: ["a"],
    when: isOpened,
    run: (desk) => assignTo(desk, desk.author.value),
  },
  {
    label: t("Assign to somebody"),
    group: "Conversation",
    keys: ["A"],
    when: isOpened,
    run: () => press(ANCHORS.assign),
  },
  {
    label: t("Unassign"),
    group: "Conversation",
    keys: ["u"],
    when: (desk) => isOpened(desk) && standing(desk)?.assignee !== null,
    run: (desk) => assignTo(desk, null),
  },
  {
    label: t("Resolve"),
    group: "Conversation",
    keys: ["e"],
    when: isNotIn("resolved"),
    run: (desk) => setStatus(desk, "resolved"),
  },
  {
    label: t("Reopen"),
    group: "Conversation",
    keys: ["o"],
    when: isNotIn("open"),
    run: (desk) => setStatus(desk, "open"),
  },
  { label: t("Snooze"), group: "Conversation", keys: ["s"], when: isOpened, run: () => press(ANCHORS.snooze) },
  {
    label: t("Set to pending"),
    group: "Conversation",
    keys: ["p"],
    when: isNotIn("pending"),
    run: (desk) => setStatus(desk, "pending"),
  },
  {
    label: t("Mark as spam"),
    group: "Conversation",
    keys: ["!"],
    when: isNotIn("spam"),
    run: (desk) => setStatus(desk, "spam"),
  },
  { label: t("Not spam"), group: "Conversation", keys: [], when: isIn("spam"), run: (desk) => setStatus(desk, "open") },
  {
    label: t("Show or hide the visitor's details"),
    group: "Conversation",
    keys: ["i"],
    when: isOpened,
    run(desk) {
      desk.visitorShown.value = !desk.visitorShown.value;
    },
  },
];

const LIST: readonly Command[] = [
  { label: t("Next conversation"), group: "List", keys: ["j"], run: (desk) => desk.step(1) },
  { label: t("Previous conversation"), group: "List", keys: ["k"], run: (desk) => desk.step(-1) },
  {
    label: t("Search"),
    group: "List",
    keys: ["/"],
    run(desk) {
      desk.go({ page: "inbox", channel: desk.narrow() ? null : (desk.opened.value?.channel ?? null) });
      focusOn(ANCHORS.search);
    },
  },
  ...STATUSES.map(
    (status, index): Command => ({
      label: t("Show conversations: {status}", { status: STATUS_WORDS[status] }),
      group: "List",
      keys: [String(index + 1)],
      run: (desk) => desk.showView({ ...desk.list.inbox.value.view, status }),
    }),
  ),
];

const PLACES: readonly Command[] = [
  {
    label: t("Mine"),
    group: "Go to",
    keys: ["g m"],
    run: (desk) => desk.showView({ ...desk.list.inbox.value.view, who: "mine" }),
  },
  {
    label: t("Unassigned"),
    group: "Go to",
    keys: ["g u"],
    run: (desk) => desk.showView({ ...desk.list.inbox.value.view, who: "unassigned" }),
  },
  {
    label: t("All"),
    group: "Go to",
    keys: ["g a"],
    run: (desk) => desk.showView({ ...desk.list.inbox.value.view, who: "all" }),
  },
  { label: t("Canned replies"), group: "Go to", keys: ["g c"], run: (desk) => desk.go({ page: "canned" }) },
  { label: t("Sites"), group: "Go to", keys: ["g s"], run: (desk) => desk.go({ page: "sites", key: null }) },
  { label: t("You and this browser"), group: "Go to", keys: ["g y"], run: (desk) => desk.go({ page: "profile" }) },
];

const GENERAL: readonly Command[] = [
  {
    label: t("Find anything"),
    group: "General",
    keys: ["Mod+K"],
    run(desk) {
      desk.overlay.value = "palette";
    },
  },
  {
    label: t("Show the shortcuts"),
    group: "General",
    keys: ["?"],
    run(desk) {
      desk.overlay.value = "shortcuts";
    },
  },
  {
    label: t("Undo"),
    group: "General",
    keys: ["z"],
    when: (desk) => desk.notices.shown.value.some((notice) => notice.undo !== null),
    run: (desk) => void desk.notices.undoLatest(),
  },
  {
    label: t("Go online or away"),
    group: "General",
    keys: [],
    run: (desk) => void desk.setAvailability(desk.availability.value === "online" ? "away" : "online"),
  },
  { label: t("Back"), group: "General", keys: ["Escape"], run: (desk) => desk.back() },
  { label: t("Sign out"), group: "General", keys: [], run: (desk) => void desk.signOut() },
];

/** All commands, in the order in which they are shown. */
export const COMMANDS: readonly Command[] = [...CONVERSATION, ...LIST, ...PLACES, ...GENERAL];

/** The commands that make sense now. */
export function possible(desk: Desk): Command[] {
  return COMMANDS.filter((command) => command.when?.(desk) ?? true);
}
