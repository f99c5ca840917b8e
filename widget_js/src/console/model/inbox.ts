/**
 * The console's list of conversations, without I/O: rows come in as whole states, out comes what a view shows.
 *
 * Pages arrive from the top of a view downwards; changed rows arrive at any time, of any view. A changed row that lies
 * below what has been loaded is kept but not shown, else it would stand above rows that nobody has fetched yet.
 */

import type { ConversationRow, ListView, Rows, StatusName } from "../../protocol.gen";

export type Status = StatusName;
export type Who = ListView["who"];

export const STATUSES: readonly Status[] = ["open", "pending", "snoozed", "resolved", "spam"];
export const WHOS: readonly Who[] = ["mine", "unassigned", "all"];

/** One value of the list: replaced, never changed. */
export interface Inbox {
  readonly view: ListView;
  readonly rows: ReadonlyMap<string, ConversationRow>;
  /** Whether the first page of the view has come. */
  readonly loaded: boolean;
  /** What to ask the next page with; null at the end of the view. */
  readonly next: string | null;
  /** The lowest row that a page has brought; rows below it wait for their page. Null: nothing is below. */
  readonly floor: Place | null;
  readonly counts: readonly Count[];
  /** Whether a change of an unknown row has made the counts doubtful, so that they are worth asking for again. */
  readonly countsDoubtful: boolean;
}

/** Number of conversations of one status and assignee (null: nobody). */
export type Count = readonly [status: string, assignee: string | null, number: number];

interface Place {
  readonly at: string;
  readonly channel: string;
}

/** An empty list that waits for the first page of `view`. Known rows and counts of `before` are kept to show at once. */
export function startView(view: ListView, before?: Inbox): Inbox {
  return {
    view,
    rows: before?.rows ?? new Map(),
    loaded: false,
    next: null,
    floor: null,
    counts: before?.counts ?? [],
    countsDoubtful: false,
  };
}

/** The list after a page of its view, asked for with `first` (from the top) or with `next`. */
export function applyPage(inbox: Inbox, page: Rows, first: boolean): Inbox {
  const rows = merged(inbox.rows, page.rows);
  const last = page.rows.at(-1);
  let floor = first ? null : inbox.floor;
  if (page.next === null || page.next === undefined) floor = null;
  else if (last) floor = { at: last.activity_at, channel: last.channel };
  return {
    ...inbox,
    rows,
    loaded: true,
    next: page.next ?? null,
    floor,
    counts: page.counts ?? inbox.counts,
    countsDoubtful: page.counts ? false : inbox.countsDoubtful,
  };
}

/** The list after rows that changed by themselves. With `reset` nothing that is held can be trusted: load the view again. */
export function applyChanges(inbox: Inbox, frame: Rows): Inbox {
  if (frame.reset) return { ...startView(inbox.view), counts: frame.counts ?? inbox.counts };
  let counts = frame.counts ?? inbox.counts;
  let doubtful = frame.counts ? false : inbox.countsDoubtful;
  if (!frame.counts) {
    for (const row of frame.rows) {
      const held = inbox.rows.get(row.channel);
      if (held && held.stamp >= row.stamp) continue;
      if (held) counts = recounted(counts, held, -1);
      else if (!startedJustNow(row)) doubtful = true;
      if (!row.gone) counts = recounted(counts, row, 1);
    }
  }
  return { ...inbox, rows: merged(inbox.rows, frame.rows), counts, countsDoubtful: doubtful };
}

/** The rows that the view shows, the latest activity first. */
export function shownRows(inbox: Inbox, me: string): ConversationRow[] {
  const shown: ConversationRow[] = [];
  for (const row of inbox.rows.values()) {
    if (matches(row, inbox.view, me) && !isBelow(row, inbox.floor)) shown.push(row);
  }
  return shown.sort(byActivity);
}

/** Whether `view`, as the agent `me` has it, contains the row. */
export function matches(row: ConversationRow, view: ListView, me: string): boolean {
  if (row.gone || row.status !== view.status) return false;
  if (view.who === "mine") return row.assignee?.id === me;
  if (view.who === "unassigned") return row.assignee === null;
  return true;
}

/** How many conversations a view has; null where the server does not count (resolved and spam). */
export function countOf(inbox: Inbox, view: ListView, me: string): number | null {
  if (view.status === "resolved" || view.status === "spam") return null;
  let sum = 0;
  for (const [status, assignee, number] of inbox.counts) {
    if (status !== view.status) continue;
    if (view.who === "all" || (view.who === "mine" ? assignee === me : assignee === null)) sum += number;
  }
  return sum;
}

/** Conversations that wait for this agent: unread and open, theirs or nobody's. Shown in the page's title. */
export function unreadConversations(inbox: Inbox, me: string): number {
  let number = 0;
  for (const row of inbox.rows.values()) {
    const mayBeMine = row.assignee === null || row.assignee.id === me;
    if (row.unread > 0 && row.status === "open" && mayBeMine && !row.gone) number += 1;
  }
  return number;
}

function merged(
  held: ReadonlyMap<string, ConversationRow>,
  rows: readonly ConversationRow[],
): ReadonlyMap<string, ConversationRow> {
  if (rows.length === 0) return held;
  const next = new Map(held);
  for (const row of rows) {
    const old = next.get(row.channel);
    if (!old || old.stamp < row.stamp) next.set(row.channel, row);
  }
  return next;
}

function byActivity(a: ConversationRow, b: ConversationRow): number {
  if (a.activity_at !== b.activity_at) return a.activity_at < b.activity_at ? 1 : -1;
  return a.channel < b.channel ? 1 : a.channel > b.channel ? -1 : 0;
}

function isBelow(row: ConversationRow, floor: Place | null): boolean {
  if (floor === null) return false;
  return row.activity_at < floor.at || (row.activity_at === floor.at && row.channel < floor.channel);
}

/** A first message makes the conversation: its row cannot have been counted before. */
function startedJustNow(row: ConversationRow): boolean {
  return row.last_seq <= 1;
}

function recounted(counts: readonly Count[], row: ConversationRow, by: number): readonly Count[] {
  if (row.status === "resolved" || row.status === "spam") return counts;
  const assignee = row.assignee?.id ?? null;
  const next = counts.filter(([status, who]) => status !== row.status || who !== assignee);
  const before = counts.find(([status, who]) => status === row.status && who === assignee)?.[2] ?? 0;
  return [...next, [row.status, assignee, Math.max(0, before + by)]];
}
