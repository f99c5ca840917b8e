import fc from "fast-check";
import { expect, test } from "vitest";
import { type ChannelFrame, ChannelLog } from "../../src/core/channel";
import type { EventFrame, Head, Message, Synced } from "../../src/protocol.gen";

const CHANNEL = "c";

function message(seq: number, version: number, body = `m${seq}v${version}`): Message {
  const author = { id: "a", name: null, role: "visitor" as const };
  return { seq, client_id: `id${seq}`, author, kind: "text", body, at: "", version };
}

function event(from: number, ...messages: Message[]): EventFrame {
  return { t: "event", channel: CHANNEL, from, to: from + messages.length, messages };
}

function head(version: number, lastSeq: number, epoch = "e"): Head {
  const conversation = { kind: "conversation", status: "open" } as const;
  return {
    t: "head",
    channel: CHANNEL,
    epoch,
    version,
    first_seq: 1,
    last_seq: lastSeq,
    state: "open",
    head: conversation,
    marks: { visitor: { delivered: 0, seen: 0 }, agents: { delivered: 0, seen: 0 } },
  };
}

const synced = (version: number): Synced => ({ t: "synced", channel: CHANNEL, version });

function loaded(count: number): ChannelLog {
  const log = new ChannelLog(CHANNEL);
  const messages = Array.from({ length: count }, (_, index) => message(index + 1, index + 1));
  for (const frame of [head(count, count), { t: "messages", channel: CHANNEL, messages } as const, synced(count)])
    log.apply(frame);
  return log;
}

const bodies = (log: ChannelLog): string[] => log.list().map(({ body }) => body);

test("a fresh load fills the window and is up to date", () => {
  const log = loaded(3);
  expect(bodies(log)).toEqual(["m1v1", "m2v2", "m3v3"]);
  expect(log.synced).toBe(true);
  expect(log.position()).toEqual({ channel: CHANNEL, epoch: "e", version: 3, first: 1, last: 3, tail: true });
});

test("an event that follows is applied, one that leaves a hole asks to open again", () => {
  const log = loaded(3);
  expect(log.apply(event(3, message(4, 4))).changed).toHaveLength(1);
  expect(log.apply(event(5, message(6, 6)))).toMatchObject({ changed: [], reopen: true });
  expect(log.last).toBe(4);
});

test("an older state never replaces a newer one", () => {
  const log = loaded(3);
  log.apply(event(3, message(2, 4, "edited")));
  expect(log.apply(event(1, message(2, 2))).changed).toEqual([]);
  expect(bodies(log)[1]).toBe("edited");
});

test("another epoch voids what is held", () => {
  const log = loaded(3);
  expect(log.apply(head(1, 1, "other")).cleared).toBe(true);
  log.apply({ t: "messages", channel: CHANNEL, messages: [message(1, 1, "new")] });
  log.apply(synced(1));
  expect(bodies(log)).toEqual(["new"]);
});

test("pages extend the window backwards and only where they fit", () => {
  const log = new ChannelLog(CHANNEL);
  log.apply(head(10, 10));
  log.apply({ t: "messages", channel: CHANNEL, messages: [message(9, 9), message(10, 10)] });
  log.apply(synced(10));
  expect(log.more).toBe(true);
  log.apply({ t: "page", ref: 1, channel: CHANNEL, messages: [message(3, 3), message(4, 4)], more: true });
  expect(log.first).toBe(9);
  const rest = Array.from({ length: 8 }, (_, index) => message(index + 1, index + 1));
  log.apply({ t: "page", ref: 2, channel: CHANNEL, messages: rest, more: false });
  expect(log.list()).toHaveLength(10);
  expect(log.more).toBe(false);
});

test("a visitor's seen that is not told any more is not shown any more", () => {
  const log = loaded(3);
  const agents = { delivered: 3, seen: 3 };
  log.apply({ t: "marks", visitor: { delivered: 3, seen: 2 }, agents });
  log.apply({ t: "marks", visitor: { delivered: 3 }, agents });
  expect(log.marks).toEqual({ visitor: { delivered: 3, seen: 0 }, agents });
});

test("messages before the first one that the channel still has are dropped", () => {
  const log = loaded(5);
  log.interrupted();
  log.apply({ ...head(5, 5), first_seq: 4 });
  expect(log.list().map(({ seq }) => seq)).toEqual([4, 5]);
  log.apply({ ...head(5, 5), first_seq: 9 });
  expect(log.list()).toEqual([]);
});

test("an end whose beginning was lost counts only when nothing was missed", () => {
  const log = loaded(3);
  log.interrupted();
  expect(log.apply(synced(5)).reopen).toBe(true);
  expect(log.synced).toBe(false);
  expect(log.apply(synced(3)).reopen).toBe(false);
  expect(log.synced).toBe(true);
});

/** A life of a channel: what each change made, in order. */
const life = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 8 })), { minLength: 1, maxLength: 40 })
  .map((steps) => {
    const messages: Message[] = [];
    return steps.map((edited, index) => {
      const version = index + 1;
      const present = messages[edited - 1];
      const state = present
        ? { ...message(present.seq, version), revision: version }
        : message(messages.length + 1, version);
      messages[state.seq - 1] = state;
      return event(index, state);
    });
  });

test("events that are doubled, shuffled and lost end in the same list after a resume", () => {
  fc.assert(
    fc.property(life, fc.array(fc.nat()), fc.array(fc.nat()), (events, order, lost) => {
      const truth = new ChannelLog(CHANNEL);
      for (const frame of [head(0, 0), synced(0), ...events]) truth.apply(frame);

      const log = new ChannelLog(CHANNEL);
      for (const frame of [head(0, 0), synced(0)]) log.apply(frame);
      const mangled = [...events, ...order.flatMap((index) => events[index % events.length] ?? [])];
      mangled.sort(
        (one, other) => (order[one.to % (order.length || 1)] ?? 0) - (order[other.to % (order.length || 1)] ?? 0),
      );
      const kept = mangled.filter((one) => !lost.some((index) => (index % events.length) + 1 === one.to));
      for (const frame of kept) log.apply(frame);
      for (const frame of resume(truth, log)) log.apply(frame);

      expect(log.list()).toEqual(truth.list());
      expect(log.version).toBe(truth.version);
      expect(log.synced).toBe(true);
    }),
    { numRuns: 300 },
  );
});

/** What the server would answer to the position of `log`. */
function resume(truth: ChannelLog, log: ChannelLog): ChannelFrame[] {
  const { version, first, last } = log.position();
  const newer = truth.list().filter((one) => one.seq > last);
  const changed = truth.list().filter((one) => one.seq >= first && one.seq <= last && one.version > version);
  return [
    head(truth.version, truth.last),
    { t: "messages", channel: CHANNEL, messages: newer },
    { t: "messages", channel: CHANNEL, messages: changed },
    synced(truth.version),
  ];
}
