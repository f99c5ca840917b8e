// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { Texts } from "../../src/core/texts";
import type { Author, Message } from "../../src/protocol.gen";
import { type LogOptions, MessageLog } from "../../src/widget/log";

const ADA: Author = { id: "ada", name: "Ada", role: "member" };
const GRACE: Author = { id: "grace", name: "Grace", role: "member" };
const STATE = { seen: 0, typing: [], more: false, editMs: 0, skew: 0 };

function log(options: Partial<LogOptions> = {}): MessageLog {
  const nothing = (): void => {};
  return new MessageLog({
    texts: new Texts("en", {}),
    now: () => Date.parse("2026-11-02T12:00:00Z"),
    isOwn: ({ id }) => id === ADA.id,
    picture: () => null,
    standing: () => ({ state: "sent" }),
    typing: (first, others) => [first, ...others].map(({ name }) => name).join(" and "),
    told: ({ body, author }) => (body === "joined" ? `${author.name} joined` : undefined),
    history: () => Promise.resolve(),
    retry: nothing,
    discard: nothing,
    edit: nothing,
    remove: nothing,
    viewed: nothing,
    below: nothing,
    ...options,
  });
}

function message(seq: number, author: Author, body: string, more: Partial<Message> = {}): Message {
  const at = new Date(Date.parse("2026-11-02T11:00:00Z") + seq * 1000).toISOString();
  return { seq, client_id: `${author.id}-${seq}`, author, kind: "text", body, at, version: seq, ...more };
}

const show = (made: MessageLog, messages: Message[], state = {}): string[] => {
  made.update({ state: { ...STATE, ...state }, messages, cleared: true }, []);
  return [...made.node.querySelectorAll("li")].map((row) => row.querySelector(".bubble")?.textContent ?? "");
};

test("whoever takes the id of somebody else's message puts nothing in its place", () => {
  const made = log();
  const same = { client_id: "the same" };
  expect(show(made, [message(1, GRACE, "hers", same), message(2, ADA, "mine", same)])).toEqual(["hers", "mine"]);
  expect(show(made, [message(1, GRACE, "hers", same), message(2, { ...GRACE, id: "eve" }, "a third", same)])).toEqual([
    "hers",
    "a third",
  ]);
});

test("lines of the system stand between the messages, belong to nobody and part the groups", () => {
  const made = log();
  const joined = message(2, ADA, "joined", { kind: "system" });
  expect(show(made, [message(1, ADA, "one"), joined, message(3, ADA, "two"), message(4, ADA, "three")])).toEqual([
    "one",
    "Ada joined",
    "two",
    "three",
  ]);
  expect([...made.node.querySelectorAll("li")].map((row) => row.className)).toEqual([
    "row own",
    "row told",
    "row own",
    "row own joined",
  ]);
  expect(show(made, [message(5, ADA, "something later", { kind: "system" })])).toEqual([]);
});

test("what is said of the last own message and of who types is its surroundings' word", () => {
  const made = log({ standing: (seq) => ({ state: "seen", says: `Seen by ${seq}` }) });
  show(made, [message(1, ADA, "one"), message(2, ADA, "two"), message(3, GRACE, "three")], { typing: [GRACE, ADA] });
  expect([...made.node.querySelectorAll(".state")].map((state) => state.textContent)).toEqual(["Seen by 2"]);
  expect(made.node.querySelector(".dots .sr")?.textContent).toBe("Grace and Ada");
});
