import { expect, test } from "vitest";
import type { Storage } from "../../src/client/storage";
import type { OutboxEntry } from "../../src/core/outbox";
import { CloseCode, type Hello } from "../../src/protocol.gen";
import { TransportChooser } from "../../src/transport/chooser";
import { Session } from "../../src/widget/session";
import type { Update } from "../../src/widget/state";
import { AGENT, FakeServer, VISITOR } from "../fakes/server";
import { memoryStorage } from "../fakes/storage";
import { FakeWorld, settle } from "../fakes/world";

interface Scene {
  readonly server: FakeServer;
  readonly world: FakeWorld;
  readonly storage: Storage;
  readonly session: Session;
  readonly updates: Update[];
}

async function connected(parts: Partial<Scene> = {}): Promise<Scene> {
  const { server = new FakeServer(), storage = memoryStorage() } = parts;
  const world = new FakeWorld();
  const updates: Update[] = [];
  const chooser = new TransportChooser(server.connector(), server.connector());
  const context = (): { page: string } => ({ page: "https://shop.example/" });
  const session = new Session({ chooser, world, storage, context, update: (update) => updates.push(update) });
  session.client.connect();
  await settle();
  return { server, world, storage, session, updates };
}

function entry(id: string, start = "s"): OutboxEntry {
  return { client_id: id, start, body: id, at: 0, state: "waiting" };
}

const state = (scene: Scene) => scene.session.snapshot().state;
const bodies = (scene: Scene): string[] => scene.session.snapshot().messages.map(({ body }) => body);
const hellos = (server: FakeServer): Hello[] => server.heard.filter((frame): frame is Hello => frame.t === "hello");

test("a fresh token is kept before anything is sent, and shown from then on", async () => {
  const { server, storage, session } = await connected();
  expect(storage.get("token")).toBe("fresh");
  session.end();
  await connected({ server, storage });
  expect(hellos(server).map(({ token }) => token)).toEqual([undefined, "fresh"]);
});

test("the first message begins the conversation and is seen to arrive", async () => {
  const scene = await connected();
  scene.session.deliver(entry("1"));
  await settle();
  expect(bodies(scene)).toEqual(["1"]);
  expect(state(scene)).toMatchObject({ begun: true, outbox: [], unread: 0 });
  expect(scene.storage.get("start")).toBe("s");
});

test("where the storage has forgotten the conversation, the server's list names it", async () => {
  const server = new FakeServer();
  server.write(server.begin("older"), "before");
  server.write(server.begin("newer"), "lately");
  const scene = await connected({ server });
  expect(bodies(scene)).toEqual(["lately"]);
  expect(scene.storage.get("start")).toBe("newer");
});

test("unread are the team's messages behind what was seen here or elsewhere", async () => {
  const server = new FakeServer();
  const channel = server.begin("s");
  for (const author of [VISITOR, AGENT, VISITOR, AGENT, AGENT]) server.write(channel, "x", author);
  const scene = await connected({ server });
  expect(state(scene).unread).toBe(3);
  scene.session.seen(4);
  expect(state(scene)).toMatchObject({ unread: 1, seen: 4 });
  server.tell(channel, { t: "marks", channel: channel.id, visitor: { delivered: 5, seen: 5 }, agents: channel.agents });
  await settle();
  expect(state(scene).unread).toBe(0);
  server.write(channel, "x", AGENT);
  await settle();
  expect(state(scene).unread).toBe(1);
  server.tell(channel, { t: "place", channel: channel.id, seen: 6 });
  await settle();
  expect(state(scene)).toMatchObject({ unread: 0, seen: 6 });
});

test("messages are first shown when all of them are here", async () => {
  const server = new FakeServer();
  const channel = server.begin("s");
  for (let index = 0; index < 3; index++) server.write(channel, `${index}`);
  const { updates } = await connected({ server });
  const shown = updates.filter(({ messages }) => messages.length > 0);
  expect(shown).toHaveLength(1);
  expect(shown[0]).toMatchObject({ cleared: true, messages: [{ body: "0" }, { body: "1" }, { body: "2" }] });
});

test("an ended token is forgotten with all that belonged to it, and the visitor is somebody new", async () => {
  const scene = await connected();
  scene.session.deliver(entry("1"));
  await settle();
  scene.server.channels.clear();
  scene.server.cut(CloseCode.SIGNED_OUT);
  await scene.world.pass(1000);
  expect(hellos(scene.server).at(-1)?.token).toBeUndefined();
  expect(state(scene)).toMatchObject({ begun: false, status: "online" });
  expect(scene.storage.keys("")).toEqual(["token"]);
});

test("reset ends the token on the server before it is forgotten here", async () => {
  const scene = await connected();
  scene.session.deliver(entry("1"));
  await settle();
  scene.server.channels.clear();
  scene.session.reset();
  await scene.world.pass(1000);
  expect(scene.server.heard.map(({ t }) => t)).toContain("sign_out");
  expect(state(scene)).toMatchObject({ begun: false, outbox: [] });
  expect(scene.storage.get("start")).toBeUndefined();
});

test("what a page says of its visitor is told once there is a conversation, once per connection", async () => {
  const scene = await connected();
  const told = (): unknown[] => scene.server.heard.filter(({ t }) => t === "contact");
  scene.session.identify({ name: "Maeve" });
  await settle();
  expect(told()).toEqual([]);
  scene.session.deliver(entry("1"));
  await settle();
  scene.session.identify({ name: "Maeve" });
  await settle();
  expect(told()).toMatchObject([{ name: "Maeve", mail: null }]);
});

test("what the site signed is told at once, after the token was kept, and again to whoever the visitor then is", async () => {
  const scene = await connected();
  const told = () => scene.server.heard.filter(({ t }) => t === "contact");
  scene.session.identify({ token: "signed" });
  await settle();
  expect(told()).toMatchObject([{ token: "signed", name: null }]);
  expect(scene.storage.get("token")).toBe("fresh");
  // The server found another subject behind this token, and ended it.
  scene.server.cut(CloseCode.SIGNED_OUT);
  await scene.world.pass(1000);
  expect(told()).toHaveLength(2);
  // Who signs out on the site is nobody from then on.
  scene.session.reset();
  await scene.world.pass(1000);
  expect(told()).toHaveLength(2);
});

test("a failed message can be tried again or given up", async () => {
  const scene = await connected();
  let refused = true;
  scene.server.refuse = (frame) => (frame.t === "send" && refused ? { code: 3002 } : undefined);
  for (const id of ["1", "2"]) scene.session.deliver(entry(id));
  await settle();
  expect(state(scene).outbox.map(({ state }) => state)).toEqual(["failed", "failed"]);
  refused = false;
  scene.session.retry("1");
  scene.session.discard("2");
  await settle();
  expect(bodies(scene)).toEqual(["1"]);
  expect(state(scene).outbox).toEqual([]);
  expect(scene.storage.keys("out:")).toEqual([]);
});
