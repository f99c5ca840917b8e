import fc from "fast-check";
import { expect, test } from "vitest";
import { Outbox, type OutboxEntry } from "../../src/core/outbox";
import { ERRORS, type ErrorFrame } from "../../src/protocol.gen";

function entry(id: string, where: { channel?: string; start?: string } = { channel: "c" }): OutboxEntry {
  return { client_id: id, ...where, body: id, at: 0, state: "waiting" };
}

function error(code: number, retryAfter?: number): ErrorFrame {
  return {
    t: "error",
    code,
    name: "x",
    message: "m",
    ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
  };
}

const ids = (frames: readonly { client_id: string }[]): string[] => frames.map(({ client_id }) => client_id);

test("messages leave in the order in which they were written, each once", () => {
  const outbox = new Outbox();
  for (const id of ["2", "1", "3"]) outbox.add(entry(id));
  expect(ids(outbox.leave(0))).toEqual(["1", "2", "3"]);
  expect(outbox.leave(0)).toEqual([]);
});

test("files stay with their message, and are named by their ids when it leaves, also the second time", () => {
  const outbox = new Outbox();
  const files = [{ id: "f1", name: "plum.png", kind: "picture", type: "image/png", size: 12 }] as const;
  outbox.add(JSON.parse(JSON.stringify({ ...entry("1"), files })));
  expect(outbox.leave(0)).toMatchObject([{ client_id: "1", files: ["f1"] }]);
  outbox.interrupted();
  expect(outbox.leave(0)).toMatchObject([{ client_id: "1", files: ["f1"] }]);
  expect(outbox.get("1")?.files).toEqual(files);
});

test("after a passing refusal nothing of that conversation leaves before the refused one", () => {
  const outbox = new Outbox();
  for (const id of ["1", "2"]) outbox.add(entry(id));
  outbox.add(entry("9", { channel: "other" }));
  outbox.leave(0);
  outbox.refused("1", error(ERRORS.rate_limited, 5000), 0);
  outbox.refused("2", error(ERRORS.held_back), 0);
  outbox.add(entry("3"));
  expect(outbox.get("1")?.retryAt).toBe(5000);
  expect(outbox.leave(4999)).toEqual([]);
  expect(outbox.wakeAt()).toBe(5000);
  expect(ids(outbox.leave(5000))).toEqual(["1", "2", "3"]);
});

test("a message that is refused for good fails alone and can be tried again", () => {
  const outbox = new Outbox();
  for (const id of ["1", "2"]) outbox.add(entry(id));
  outbox.leave(0);
  outbox.refused("1", error(ERRORS.bad_text), 0);
  outbox.acked("2", "c", 1);
  expect(outbox.get("1")).toMatchObject({ state: "failed", error: { code: ERRORS.bad_text } });
  outbox.retry("1");
  expect(ids(outbox.leave(0))).toEqual(["1"]);
});

test("what was not answered before a cut leaves again", () => {
  const outbox = new Outbox();
  outbox.add(entry("1"));
  outbox.leave(0);
  outbox.interrupted();
  expect(ids(outbox.leave(0))).toEqual(["1"]);
});

test("once a conversation has its channel, what was begun as start goes there", () => {
  const outbox = new Outbox();
  outbox.add(entry("1", { start: "s" }));
  outbox.add(entry("2", { start: "s" }));
  expect(outbox.leave(0)).toMatchObject([{ start: "s" }, { start: "s" }]);
  outbox.acked("1", "c", 1);
  outbox.interrupted();
  outbox.add(entry("3", { start: "s" }));
  expect(outbox.leave(0)).toMatchObject([
    { client_id: "2", channel: "c" },
    { client_id: "3", channel: "c" },
  ]);
});

/** What may happen to an outbox, by the position of the message that it happens to. */
const happening = fc.record({
  kind: fc.constantFrom("leave", "ack", "later", "never", "cut", "retry", "time"),
  which: fc.nat(9),
});

test("whatever happens, no message is lost or doubled", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 80 }), (happenings) => {
      const outbox = new Outbox();
      const all = Array.from({ length: 10 }, (_, index) => `${index}`);
      for (const id of all) outbox.add(entry(id));
      const acked: string[] = [];
      let now = 0;
      // A server that takes one conversation's messages in order and refuses behind a refused one.
      let held: string | undefined;
      const answer = (id: string, kind: string): void => {
        if (held !== undefined && held !== id) outbox.refused(id, error(ERRORS.held_back), now);
        else if (kind === "later") {
          held = id;
          outbox.refused(id, error(ERRORS.busy, 100), now);
        } else {
          held = undefined;
          if (kind === "never") outbox.refused(id, error(ERRORS.bad_text), now);
          else {
            acked.push(id);
            outbox.acked(id, "c", acked.length);
          }
        }
      };
      const underway = (): OutboxEntry[] => outbox.list().filter(({ state }) => state === "sending");
      for (const { kind, which } of happenings) {
        if (kind === "leave") outbox.leave(now);
        else if (kind === "time") now += which * 50;
        else if (kind === "retry") outbox.retry(`${which}`);
        else if (kind === "cut") {
          held = undefined;
          outbox.interrupted();
        } else {
          // Answers come in the order of the questions.
          const first = underway()[0];
          if (first) answer(first.client_id, kind);
        }
      }
      for (let round = 0; round < 60; round++) {
        for (const id of all) outbox.retry(id);
        now += 2000;
        outbox.leave(now);
        for (const { client_id } of underway()) answer(client_id, "ack");
      }
      expect([...acked].sort()).toEqual(all);
    }),
    { numRuns: 300 },
  );
});
