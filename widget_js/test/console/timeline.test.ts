import { describe, expect, test } from "vitest";
import { type Item, type Sources, systemSentence, timeline } from "../../src/console/model/timeline";
import type { OutboxEntry } from "../../src/core/outbox";
import { ADA, at, GRACE, id, MAEVE, message } from "./rows";

const NOTHING: Sources = {
  publicMessages: [],
  publicOutgoing: [],
  staffMessages: [],
  staffOutgoing: [],
  complete: true,
  visitor: { delivered: 0, seen: 0 },
  removing: new Set(),
  me: ADA.id,
};

function told(items: readonly Item[]): string[] {
  return items.flatMap((item) => {
    if (item.kind === "day") return [];
    return item.kind === "system" ? ["system"] : [`${item.kind} ${item.body}`];
  });
}

function states(items: readonly Item[]): (string | null)[] {
  return items.flatMap((item) => (item.kind === "message" ? [item.state] : []));
}

function entry(number: number, part: Partial<OutboxEntry> = {}): OutboxEntry {
  return {
    client_id: id(number),
    channel: id(1),
    body: `Draft ${number}`,
    at: Date.parse(at(number)),
    state: "sending",
    ...part,
  };
}

describe("the timeline", () => {
  test("notes stand behind the public message that they name", () => {
    const items = timeline({
      ...NOTHING,
      publicMessages: [message(1, MAEVE), message(2, MAEVE)],
      staffMessages: [
        message(1, GRACE, { body: "first", after_seq: 1 }),
        message(2, GRACE, { body: "{}", kind: "system", after_seq: 1 }),
        message(3, GRACE, { body: "second", after_seq: 2 }),
      ],
    });
    expect(told(items)).toEqual(["message Message 1", "note first", "system", "message Message 2", "note second"]);
  });

  test("a staff line from before the window waits until it is reached", () => {
    const sources = {
      ...NOTHING,
      publicMessages: [message(10, MAEVE)],
      staffMessages: [
        message(1, GRACE, { body: "old", after_seq: 3 }),
        message(2, GRACE, { body: "new", after_seq: 10 }),
      ],
    };
    expect(told(timeline({ ...sources, complete: false }))).toEqual(["message Message 10", "note new"]);
    expect(told(timeline({ ...sources, complete: true }))).toEqual(["note old", "message Message 10", "note new"]);
  });

  test("what is not acknowledged stands at the end, notes among replies as they were written", () => {
    const items = timeline({
      ...NOTHING,
      publicMessages: [message(1, MAEVE)],
      publicOutgoing: [entry(30), entry(32, { state: "failed", error: { code: 3001, message: "Too long." } })],
      staffOutgoing: [entry(31)],
    });
    expect(told(items)).toEqual(["message Message 1", "message Draft 30", "note Draft 31", "message Draft 32"]);
    expect(states(items)).toEqual([null, "pending", "failed"]);
  });

  test("a message keeps its key from pending to stored", () => {
    const pending = timeline({ ...NOTHING, publicOutgoing: [entry(105)] });
    const stored = timeline({ ...NOTHING, publicMessages: [message(5, ADA)] });
    expect(pending.at(-1)?.key).toBe(stored.at(-1)?.key);
  });

  test("two authors with the same client id have two keys", () => {
    const items = timeline({
      ...NOTHING,
      publicMessages: [message(1, ADA, { client_id: id(7) }), message(2, MAEVE, { client_id: id(7) })],
    });
    expect(new Set(items.map((item) => item.key)).size).toBe(items.length);
  });

  test("each run of equal states has its word at its end", () => {
    const ours = [1, 2, 3, 4, 5].map((seq) => message(seq, ADA));
    const items = timeline({ ...NOTHING, publicMessages: ours, visitor: { delivered: 4, seen: 2 } });
    expect(states(items)).toEqual([null, "seen", null, "delivered", "sent"]);
  });

  test("a removed message says nothing of its delivery", () => {
    const items = timeline({
      ...NOTHING,
      publicMessages: [message(1, ADA), message(2, ADA, { removed: true, body: "" })],
      visitor: { delivered: 2, seen: 2 },
    });
    expect(states(items)).toEqual(["seen", null]);
  });

  test("one author within five minutes is named once", () => {
    const items = timeline({ ...NOTHING, publicMessages: [message(1, MAEVE), message(2, MAEVE), message(20, MAEVE)] });
    expect(items.flatMap((item) => (item.kind === "message" ? [item.leads] : []))).toEqual([true, false, true]);
  });

  test("each day begins with its name", () => {
    const items = timeline({
      ...NOTHING,
      publicMessages: [message(1, MAEVE), message(2, MAEVE, { at: "2026-03-06T12:00:00.000Z" })],
    });
    expect(items.map((item) => item.kind)).toEqual(["day", "message", "day", "message"]);
  });

  test("what is being removed is marked until the server says so", () => {
    const items = timeline({ ...NOTHING, publicMessages: [message(1, ADA)], removing: new Set([id(101)]) });
    expect(items.at(-1)).toMatchObject({ removing: true });
  });
});

describe("staff lines", () => {
  const sentence = (body: object, author = ADA) =>
    systemSentence(
      message(1, author, { kind: "system", body: JSON.stringify(body) }),
      author.name ?? "",
      () => "Mon 09:00",
    );

  test.each([
    [{ event: "assigned", to: ADA }, "Ada Byron took the conversation"],
    [{ event: "assigned", to: GRACE }, "Ada Byron assigned the conversation to Grace Hopper"],
    [{ event: "assigned", to: null }, "Ada Byron unassigned the conversation"],
    [{ event: "status", status: "resolved" }, "Ada Byron resolved the conversation"],
    [{ event: "status", status: "open" }, "Ada Byron reopened the conversation"],
    [{ event: "status", status: "snoozed", until: at(9) }, "Ada Byron snoozed the conversation until Mon 09:00"],
    [{ event: "something new" }, "Ada Byron changed the conversation"],
  ])("%j is told as a sentence", (body, expected) => {
    expect(sentence(body)).toBe(expected);
  });

  test("a line that cannot be read is still a sentence", () => {
    expect(systemSentence(message(1, ADA, { body: "not JSON" }), "Ada", String)).toBe("Ada changed the conversation");
  });
});
