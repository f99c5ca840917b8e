import fc from "fast-check";
import { expect, test } from "vitest";
import { ChatClient, RequestError } from "../../src/client/client";
import type { Storage } from "../../src/client/storage";
import { type ClientFrame, CloseCode, ERRORS, type Receipt } from "../../src/protocol.gen";
import { AGENT, FakeServer, VISITOR } from "../fakes/server";
import { memoryStorage } from "../fakes/storage";
import { FakeWorld, settle } from "../fakes/world";

interface Scene {
  readonly server: FakeServer;
  readonly world: FakeWorld;
  readonly storage: Storage;
  readonly client: ChatClient;
}

function scene(parts: Partial<Scene> = {}): Scene {
  const server = parts.server ?? new FakeServer();
  const world = parts.world ?? new FakeWorld();
  const storage = parts.storage ?? memoryStorage();
  const client = new ChatClient({ connector: server.connector(), world, storage, hello: () => ({ token: "t" }) });
  return { server, world, storage, client };
}

async function connected(parts: Partial<Scene> = {}): Promise<Scene> {
  const made = scene(parts);
  made.client.connect();
  await settle();
  return made;
}

const heard = <Kind extends ClientFrame["t"]>(server: FakeServer, kind: Kind) =>
  server.heard.filter((frame): frame is Extract<ClientFrame, { t: Kind }> => frame.t === kind);

test("a conversation is begun by its first message and goes on in its channel", async () => {
  const { server, client } = await connected();
  client.send({ start: "s" }, "one");
  client.send({ start: "s" }, "two");
  await settle();
  const channel = server.begin("s");
  expect(channel.messages.map(({ body }) => body)).toEqual(["one", "two"]);
  expect(client.outbox.list()).toEqual([]);
  expect(client.channel(channel.id)?.list()).toHaveLength(2);
  client.send({ start: "s" }, "three");
  await settle();
  expect(heard(server, "send").at(-1)).toMatchObject({ channel: channel.id });
});

test("the lost ack of the very first message makes one conversation and one message, also over a reload", async () => {
  const first = await connected();
  const { server, storage } = first;
  server.carry = (frame) => (frame.t === "welcome" ? [frame] : []);
  first.client.send({ start: "s" }, "hello");
  await settle();
  first.client.disconnect();
  server.carry = (frame) => [frame];
  const second = await connected({ server, storage });
  await settle();
  expect(server.channels.size).toBe(1);
  expect(server.begin("s").messages).toHaveLength(1);
  expect(second.client.outbox.list()).toEqual([]);
});

test("ten messages written offline are sent once and in order after a reload", async () => {
  const before = scene();
  const bodies = Array.from({ length: 10 }, (_, index) => `message ${index}`);
  for (const body of bodies) before.client.send({ start: "s" }, body);
  const { server } = await connected({ server: before.server, storage: before.storage });
  await settle();
  expect(server.begin("s").messages.map(({ body }) => body)).toEqual(bodies);
});

test("a missed event is noticed and what was missed is fetched", async () => {
  const { server, client } = await connected();
  const channel = server.begin("s");
  client.open(channel.id);
  await settle();
  server.carry = (frame) => (frame.t === "event" ? [] : [frame]);
  server.write(channel, "lost");
  await settle();
  server.carry = (frame) => [frame];
  server.write(channel, "heard");
  await settle();
  expect(client.channel(channel.id)?.list()).toHaveLength(2);
  expect(heard(server, "open")).toHaveLength(2);
});

test("edits and removals that happened while away arrive with the resume", async () => {
  const { server, client, world } = await connected();
  const channel = server.begin("s");
  for (const body of ["one", "two"]) server.write(channel, body);
  client.open(channel.id);
  await settle();
  server.cut();
  server.change(channel, 1, { body: "one, better", revision: 1 });
  server.change(channel, 2, { body: "", removed: true });
  await world.pass(1000);
  expect(client.channel(channel.id)?.list()).toMatchObject([{ body: "one, better" }, { removed: true }]);
});

test("a restored server with another epoch replaces all that is held", async () => {
  const { server, client, world } = await connected();
  const channel = server.begin("s");
  for (const body of ["one", "two", "three"]) server.write(channel, body);
  client.open(channel.id);
  await settle();
  server.cut();
  server.epoch = "e2";
  channel.messages.splice(1);
  channel.version = 1;
  await world.pass(1000);
  expect(
    client
      .channel(channel.id)
      ?.list()
      .map(({ body }) => body),
  ).toEqual(["one"]);
});

test("a channel that may no longer be read is forgotten and told of", async () => {
  const { client } = await connected();
  const told: string[] = [];
  client.subscribe(({ frames }) => told.push(...frames.map(({ t }) => t)));
  client.open("nowhere");
  await settle();
  expect(client.channel("nowhere")).toBeUndefined();
  expect(told).toContain("gone");
});

test("receipts leave at most every 500 ms, and once more after a resume", async () => {
  const { server, client, world } = await connected();
  const channel = server.begin("s");
  client.open(channel.id);
  await settle();
  for (let index = 0; index < 20; index++) {
    server.write(channel, `${index}`);
    await world.pass(50);
    client.seen(channel.id, index + 1);
  }
  await world.pass(500);
  const marks = (frames: Receipt[]): number[][] => frames.map(({ delivered, seen }) => [delivered, seen]);
  const sent = heard(server, "receipt");
  expect(sent.length).toBeLessThanOrEqual(4);
  expect(marks(sent).at(-1)).toEqual([20, 20]);
  server.cut();
  await world.pass(1000);
  expect(marks(heard(server, "receipt").slice(sent.length))).toEqual([[20, 20]]);
});

test("a stale receipt never lowers seen", async () => {
  const { server, client, world } = await connected();
  const channel = server.begin("s");
  server.write(channel, "one");
  server.write(channel, "two");
  client.open(channel.id);
  await settle();
  client.seen(channel.id, 2);
  client.seen(channel.id, 1);
  await world.pass(600);
  expect(heard(server, "receipt").at(-1)).toMatchObject({ seen: 2 });
  server.mark(channel, { delivered: 2, seen: 2 });
  server.mark(channel, { delivered: 1, seen: 0 });
  await settle();
  expect(client.channel(channel.id)?.marks.agents).toEqual({ delivered: 2, seen: 2 });
});

test("typing is said every 3 s, and forgotten 6 s after it was last heard", async () => {
  const { server, client, world } = await connected();
  const channel = server.begin("s");
  client.open(channel.id);
  await settle();
  for (let index = 0; index < 40; index++) {
    client.typing(channel.id, true);
    await world.pass(100);
  }
  expect(heard(server, "typing")).toHaveLength(2);
  server.tell(channel, { t: "typing", channel: channel.id, person: AGENT, on: true });
  await world.pass(5900);
  expect(client.typists(channel.id)).toHaveLength(1);
  await world.pass(200);
  expect(client.typists(channel.id)).toEqual([]);
});

test("whoever sends has stopped typing", async () => {
  const { server, client } = await connected();
  const channel = server.begin("s");
  client.open(channel.id);
  await settle();
  server.tell(channel, { t: "typing", channel: channel.id, person: AGENT, on: true });
  await settle();
  server.write(channel, "here it is");
  await settle();
  expect(client.typists(channel.id)).toEqual([]);
});

test("a request survives a cut and a passing refusal, and is rejected for good only when refused for good", async () => {
  const { server, client, world } = await connected();
  const channel = server.begin("s");
  server.write(channel, "one", VISITOR);
  client.open(channel.id);
  await settle();
  let refusals = 1;
  server.refuse = (frame) =>
    frame.t === "edit" && refusals-- > 0 ? { code: ERRORS.busy, retry_after: 300 } : undefined;
  const edited = client.edit(channel.id, 1, "better");
  await settle();
  server.cut();
  await world.pass(2000);
  await expect(edited).resolves.toMatchObject({ revision: 1 });
  server.refuse = (frame) => (frame.t === "remove" ? { code: ERRORS.edit_closed } : undefined);
  await expect(client.remove(channel.id, 1)).rejects.toBeInstanceOf(RequestError);
});

test("a line that gives no sign of life is given up", async () => {
  const { server, client, world } = await connected();
  server.carry = () => [];
  await world.pass(31_000);
  expect(client.status).not.toBe("online");
  server.carry = (frame) => [frame];
  await world.pass(40_000);
  expect(client.status).toBe("online");
});

test("close codes that forbid it end the client, others bring it back when the server says", async () => {
  const { server, client, world } = await connected();
  server.cut(CloseCode.RESTART, 4000);
  await world.pass(3900);
  expect(client.status).toBe("waiting");
  await world.pass(200);
  expect(client.status).toBe("online");
  server.cut(CloseCode.SIGNED_OUT);
  await world.pass(60_000);
  expect(client.status).toBe("ended");
});

test("waking connects at once instead of at the next attempt", async () => {
  const { server, client, world } = await connected();
  server.reachable = false;
  server.cut();
  await world.pass(60_000);
  server.reachable = true;
  client.wake();
  await settle();
  expect(client.status).toBe("online");
});

test("history is fetched backwards until the first message", async () => {
  const { server, client } = await connected();
  const channel = server.begin("s");
  for (let index = 0; index < 120; index++) server.write(channel, `${index}`);
  const log = client.open(channel.id);
  await settle();
  expect(log.list()).toHaveLength(50);
  while (log.more) await client.history(channel.id);
  expect(log.list().map(({ body }) => body)).toEqual(Array.from({ length: 120 }, (_, index) => `${index}`));
});

/** Things that go on while two people talk over a bad line. */
const happening = fc.constantFrom("visitor", "agent", "edit", "cut", "wait", "seen");

test("events that are dropped and doubled, and cut lines, end in the same list with nothing lost or doubled", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 30 }), fc.array(fc.nat(4)), async (happenings, luck) => {
      const { server, client, world } = await connected();
      const channel = server.begin("s");
      server.write(channel, "the one that is edited");
      client.open(channel.id);
      await settle();
      let turn = 0;
      server.carry = (frame) => {
        if (frame.t !== "event") return [frame];
        const fate = luck.length ? luck[turn++ % luck.length] : 2;
        return fate === 0 ? [] : fate === 1 ? [frame, frame] : [frame];
      };
      let written = 0;
      let seen = 0;
      for (const kind of happenings) {
        if (kind === "visitor") client.send({ channel: channel.id }, `v${written++}`);
        else if (kind === "agent") server.write(channel, "a");
        else if (kind === "edit") server.change(channel, 1, { body: `edit ${turn}`, revision: turn });
        else if (kind === "cut") server.cut();
        else if (kind === "seen") client.seen(channel.id, client.channel(channel.id)?.last ?? 0);
        else await world.pass(700);
        await settle();
        const told = heard(server, "receipt").at(-1)?.seen ?? 0;
        expect(told).toBeGreaterThanOrEqual(Math.min(seen, told));
        seen = Math.max(seen, told);
      }
      server.carry = (frame) => [frame];
      await world.pass(5000);
      server.cut();
      await world.pass(31_000);
      const own = channel.messages.filter(({ author }) => author.id === VISITOR.id).map(({ body }) => body);
      expect(own).toEqual(Array.from({ length: written }, (_, index) => `v${index}`));
      expect(client.channel(channel.id)?.list()).toEqual(channel.messages);
      expect(client.outbox.list()).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
