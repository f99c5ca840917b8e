/**
 * What the log of a conversation shows: the visitor's channel and the staff channel laid together, without I/O.
 *
 * A note and a staff line name the public message they stand behind (`after_seq`); order never comes from a clock. What is
 * not yet acknowledged stands at the end, in the order in which it was written.
 */

import { type Delivery, stateOf } from "../../core/delivery";
import type { OutboxEntry } from "../../core/outbox";
import type { Author, File, Message, SideMarks, StatusName } from "../../protocol.gen";
import { t } from "../texts";
import { nameOf } from "./people";
import { dayOf } from "./times";

/** What the timeline is made of. */
export interface Sources {
  readonly publicMessages: readonly Message[];
  readonly publicOutgoing: readonly OutboxEntry[];
  readonly staffMessages: readonly Message[];
  readonly staffOutgoing: readonly OutboxEntry[];
  /** Whether the first public message is held: only then staff lines from before the window belong above it. */
  readonly complete: boolean;
  /** The watermarks of the visitor. */
  readonly visitor: SideMarks;
  /** Client ids of own messages that are being removed. */
  readonly removing: ReadonlySet<string>;
  /** This agent's person id. */
  readonly me: string;
}

export type Item = DayItem | MessageItem | SystemItem;

export interface DayItem {
  readonly kind: "day";
  readonly key: string;
  readonly at: number;
}

export interface MessageItem {
  readonly kind: "message" | "note";
  /** Stable from the pending state to the stored one. */
  readonly key: string;
  readonly clientId: string;
  /** Null until it stands in the log. */
  readonly message: Message | null;
  /** Why it failed, or when it is tried again (milliseconds since 1970); both null where all is well. */
  readonly reason: string | null;
  readonly retryAt: number | null;
  readonly body: string;
  readonly files: readonly File[] | null;
  readonly at: number;
  readonly own: boolean;
  /** Whether the author's name and picture stand above it: not for messages of one author within five minutes. */
  readonly leads: boolean;
  /** Its author has removed it and can still take that back. */
  readonly removing: boolean;
  /** The state to show under it; null where the next message's state tells it. */
  readonly state: Delivery | null;
}

export interface SystemItem {
  readonly kind: "system";
  readonly key: string;
  readonly message: Message;
  readonly at: number;
}

const GROUP_MS = 5 * 60_000;

/** The items from the oldest to the newest. */
export function timeline(sources: Sources): Item[] {
  const items = [...stored(sources), ...waiting(sources)].map((item) =>
    "own" in item && item.own && sources.removing.has(item.clientId) ? { ...item, removing: true } : item,
  );
  markStates(items, sources);
  return withDays(items);
}

function stored(sources: Sources): Item[] {
  const items: Item[] = [];
  const first = sources.publicMessages[0]?.seq ?? 1;
  const staff = sources.staffMessages;
  let next = 0;
  let place = 0;
  const take = (upTo: number): void => {
    for (; next < staff.length; next += 1) {
      const line = staff[next];
      if (!line) return;
      // A line without a place stands behind the one before it.
      place = Math.max(place, line.after_seq ?? place);
      if (place > upTo) return;
      if (place >= first || sources.complete) items.push(staffItem(line, sources.me));
    }
  };
  take(first - 1);
  for (const message of sources.publicMessages) {
    items.push(storedItem("message", message, sources.me));
    take(message.seq);
  }
  take(Number.POSITIVE_INFINITY);
  return items;
}

function staffItem(line: Message, me: string): Item {
  if (line.kind === "system") return { kind: "system", key: `s:${line.seq}`, message: line, at: Date.parse(line.at) };
  return storedItem("note", line, me);
}

function storedItem(kind: "message" | "note", message: Message, me: string): MessageItem {
  return {
    kind,
    key: keyOf(kind, message.author.id === me ? "" : message.author.id, message.client_id),
    clientId: message.client_id,
    message,
    reason: null,
    retryAt: null,
    body: message.body,
    files: message.files ?? null,
    at: Date.parse(message.at),
    own: message.author.id === me,
    leads: true,
    removing: false,
    state: null,
  };
}

function waiting(sources: Sources): Item[] {
  const items: MessageItem[] = [
    ...sources.publicOutgoing.map((entry) => outgoingItem("message", entry)),
    ...sources.staffOutgoing.map((entry) => outgoingItem("note", entry)),
  ];
  return items.sort((a, b) => a.at - b.at);
}

function outgoingItem(kind: "message" | "note", entry: OutboxEntry): MessageItem {
  return {
    kind,
    key: keyOf(kind, "", entry.client_id),
    clientId: entry.client_id,
    message: null,
    reason: entry.error?.message ?? null,
    retryAt: entry.retryAt ?? null,
    body: entry.body,
    files: entry.files ?? null,
    at: entry.at,
    own: true,
    leads: true,
    removing: false,
    state: entry.state === "failed" ? "failed" : entry.state === "acked" ? "sent" : "pending",
  };
}

/** Client ids are unique per author only; this agent's own have no prefix, as they have none before they are stored. */
function keyOf(kind: string, author: string, clientId: string): string {
  return `${kind[0]}:${author}:${clientId}`;
}

/** Gives each run of equal states on the agents' side its word, at its end, where the eye looks for it. */
function markStates(items: Item[], { visitor }: Sources): void {
  let below: Delivery | null = null;
  for (let index = items.length - 1; index >= 0; index -= 1) {
    const item = items[index];
    if (item?.kind !== "message") continue;
    if (item.message === null) {
      below = item.state;
      continue;
    }
    if (item.message.author.role !== "agent" || item.message.removed) continue;
    const state = stateOf(item.message.seq, visitor);
    if (state !== below) items[index] = { ...item, state };
    below = state;
  }
}

function withDays(items: readonly Item[]): Item[] {
  const result: Item[] = [];
  const times = new Map<number, number>();
  let day: number | null = null;
  let before: Item | null = null;
  for (const item of items) {
    if (day !== dayOf(item.at)) {
      day = dayOf(item.at);
      // Where a clock was set back a day can come twice.
      const time = (times.get(day) ?? 0) + 1;
      times.set(day, time);
      result.push({ kind: "day", key: `d:${day}:${time}`, at: item.at });
      before = null;
    }
    result.push(item.kind === "message" || item.kind === "note" ? { ...item, leads: !continues(before, item) } : item);
    before = item;
  }
  return result;
}

function continues(before: Item | null, item: MessageItem): boolean {
  if (before === null || before.kind !== item.kind) return false;
  const sameAuthor = before.own ? item.own : !item.own && before.message?.author.id === item.message?.author.id;
  return sameAuthor && item.at - before.at < GROUP_MS;
}

/** What happened to a conversation, as the sentence of a staff line. `named` turns a person into the name to show. */
export function systemSentence(message: Message, actor: string, when: (at: number) => string): string {
  const fact = parsedFact(message.body);
  if (fact?.event === "assigned") {
    if (!fact.to) return t("{actor} unassigned the conversation", { actor });
    if (fact.to.id === message.author.id) return t("{actor} took the conversation", { actor });
    return t("{actor} assigned the conversation to {name}", { actor, name: nameOf(fact.to) });
  }
  if (fact?.event === "by_mail") return t("{actor} wrote this by mail", { actor });
  if (fact?.event === "status") return statusSentence(fact.status, fact.until, message, actor, when);
  return t("{actor} changed the conversation", { actor });
}

function statusSentence(
  status: StatusName | undefined,
  until: string | null | undefined,
  message: Message,
  actor: string,
  when: (at: number) => string,
): string {
  const byItself = message.author.role === "system";
  switch (status) {
    case "open":
      if (byItself) return t("The snooze ended");
      return message.author.role === "visitor"
        ? t("Reopened by a new message")
        : t("{actor} reopened the conversation", { actor });
    case "pending":
      return t("{actor} set the conversation to pending", { actor });
    case "snoozed":
      return until
        ? t("{actor} snoozed the conversation until {when}", { actor, when: when(Date.parse(until)) })
        : t("{actor} snoozed the conversation", { actor });
    case "resolved":
      return t("{actor} resolved the conversation", { actor });
    case "spam":
      return t("{actor} marked the conversation as spam", { actor });
    default:
      return t("{actor} changed the conversation's status", { actor });
  }
}

interface Fact {
  readonly event: string;
  readonly to?: Author | null;
  readonly status?: StatusName;
  readonly until?: string | null;
}

function parsedFact(body: string): Fact | null {
  try {
    const fact: unknown = JSON.parse(body);
    return typeof fact === "object" && fact !== null && "event" in fact ? (fact as Fact) : null;
  } catch {
    return null;
  }
}
