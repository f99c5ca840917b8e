import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  applyChanges,
  applyPage,
  countOf,
  type Inbox,
  matches,
  STATUSES,
  shownRows,
  startView,
  unreadConversations,
  WHOS,
} from "../../src/console/model/inbox";
import type { ConversationRow, ListView, Rows } from "../../src/protocol.gen";
import { ADA, at, GRACE, row } from "./rows";

const OPEN: ListView = { status: "open", who: "all" };

function page(rows: readonly ConversationRow[], next: string | null, counts?: Rows["counts"]): Rows {
  return { t: "rows", ref: 1, rows, cursor: 0, next, ...(counts ? { counts } : {}) };
}

function changes(...rows: ConversationRow[]): Rows {
  return { t: "rows", rows, cursor: 0 };
}

function channels(inbox: Inbox): string[] {
  return shownRows(inbox, ADA.id).map((one) => one.channel);
}

describe("the list of conversations", () => {
  test("the latest activity stands first", () => {
    const inbox = applyPage(startView(OPEN), page([row(1), row(3), row(2)], null), true);
    expect(channels(inbox)).toEqual([row(3), row(2), row(1)].map((one) => one.channel));
  });

  test("an older state of a row is stale news", () => {
    let inbox = applyPage(startView(OPEN), page([row(1, { stamp: 7, preview: "new" })], null), true);
    inbox = applyChanges(inbox, changes(row(1, { stamp: 6, preview: "old" })));
    expect(shownRows(inbox, ADA.id)[0]?.preview).toBe("new");
  });

  test("a row that leaves the view goes, one that enters it comes", () => {
    let inbox = applyPage(startView(OPEN), page([row(1), row(2)], null), true);
    inbox = applyChanges(inbox, changes(row(1, { stamp: 9, status: "resolved" }), row(3, { stamp: 10 })));
    expect(channels(inbox)).toEqual([row(3).channel, row(2).channel]);
  });

  test("a row below what is loaded waits for its page", () => {
    let inbox = applyPage(startView(OPEN), page([row(9), row(8)], "more"), true);
    inbox = applyChanges(inbox, changes(row(2, { stamp: 20 })));
    expect(channels(inbox)).toEqual([row(9).channel, row(8).channel]);
    inbox = applyPage(inbox, page([row(5), row(2, { stamp: 20 })], null), false);
    expect(channels(inbox)).toEqual([9, 8, 5, 2].map((number) => row(number).channel));
  });

  test("a reset forgets every row", () => {
    const inbox = applyPage(startView(OPEN), page([row(1)], null), true);
    expect(applyChanges(inbox, { t: "rows", rows: [], cursor: 5, reset: true }).rows.size).toBe(0);
  });

  test("mine, unassigned and all tell by the assignee", () => {
    const mine = row(1, { assignee: ADA });
    const theirs = row(2, { assignee: GRACE });
    const nobodys = row(3);
    const shown = (who: ListView["who"]) =>
      [mine, theirs, nobodys].filter((one) => matches(one, { status: "open", who }, ADA.id));
    expect(shown("mine")).toEqual([mine]);
    expect(shown("unassigned")).toEqual([nobodys]);
    expect(shown("all")).toHaveLength(3);
  });

  test("counts follow the rows that change and are doubted where the row was unknown", () => {
    let inbox = applyPage(startView(OPEN), page([row(1)], "more", [["open", null, 4]]), true);
    inbox = applyChanges(inbox, changes(row(1, { stamp: 9, assignee: ADA })));
    expect(countOf(inbox, { status: "open", who: "mine" }, ADA.id)).toBe(1);
    expect(countOf(inbox, { status: "open", who: "unassigned" }, ADA.id)).toBe(3);
    expect(inbox.countsDoubtful).toBe(false);
    inbox = applyChanges(inbox, changes(row(7, { stamp: 11, last_seq: 1 })));
    expect(countOf(inbox, { status: "open", who: "all" }, ADA.id)).toBe(5);
    expect(inbox.countsDoubtful).toBe(false);
    inbox = applyChanges(inbox, changes(row(8, { stamp: 12, last_seq: 30 })));
    expect(inbox.countsDoubtful).toBe(true);
  });

  test("the title counts unread conversations that are mine or nobody's", () => {
    const rows = [
      row(1),
      row(2, { assignee: ADA }),
      row(3, { assignee: GRACE }),
      row(4, { unread: 0 }),
      row(5, { status: "spam" }),
    ];
    expect(unreadConversations(applyPage(startView(OPEN), page(rows, null), true), ADA.id)).toBe(2);
  });

  test("after any changes the list agrees with a fresh one", () => {
    const change = fc.record({
      number: fc.integer({ min: 1, max: 30 }),
      status: fc.constantFrom(...STATUSES),
      assignee: fc.constantFrom(null, ADA, GRACE),
      minute: fc.integer({ min: 0, max: 500 }),
    });
    const view = fc.record({ status: fc.constantFrom(...STATUSES), who: fc.constantFrom(...WHOS) });
    fc.assert(
      fc.property(
        view,
        fc.array(change, { maxLength: 60 }),
        fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
        (chosen, story, loads) => {
          const server = new Map(Array.from({ length: 25 }, (_, index) => [index + 1, row(index + 1)]));
          let inbox = load(startView(chosen), server, null);
          let stamp = 100;
          story.forEach(({ number, status, assignee, minute }, index) => {
            const next = row(number, { status, assignee, activity_at: at(minute), stamp: ++stamp, last_seq: 2 });
            server.set(number, next);
            inbox = applyChanges(inbox, changes(next));
            if (loads[index] && inbox.next !== null) inbox = load(inbox, server, inbox.next);
          });
          while (inbox.next !== null) inbox = load(inbox, server, inbox.next);
          const fresh = [...server.values()].filter((one) => matches(one, chosen, ADA.id));
          expect(new Set(channels(inbox))).toEqual(new Set(fresh.map((one) => one.channel)));
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** A page of four rows, as the server reads them: by activity and key, below the place that `next` names. */
function load(inbox: Inbox, server: ReadonlyMap<number, ConversationRow>, before: string | null): Inbox {
  const place = (one: ConversationRow) => `${one.activity_at} ${one.channel}`;
  const rows = [...server.values()]
    .filter((one) => matches(one, inbox.view, ADA.id) && (before === null || place(one) < before))
    .sort((a, b) => (place(a) < place(b) ? 1 : -1));
  const shown = rows.slice(0, 4);
  const last = shown.at(-1);
  return applyPage(inbox, page(shown, rows.length > 4 && last ? place(last) : null), before === null);
}
