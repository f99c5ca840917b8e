import { expect, test } from "vitest";
import type { Storage } from "../../src/client/storage";
import type { Author, Message } from "../../src/protocol.gen";
import { type RoomNews, RoomSession } from "../../src/rooms/session";
import { FakeServer } from "../fakes/server";
import { memoryStorage } from "../fakes/storage";
import { FakeWorld, settle } from "../fakes/world";

const ADA: Author = { id: "ada", name: "Ada", role: "member" };
const GRACE: Author = { id: "grace", name: "Grace", role: "member" };

interface Scene {
  readonly server: FakeServer;
  readonly world: FakeWorld;
  readonly session: RoomSession;
  readonly news: RoomNews[];
  readonly heard: string[];
}

async function opened(parts: { server?: FakeServer; storage?: Storage; bodies?: string[] } = {}): Promise<Scene> {
  const { server = new FakeServer(), storage = memoryStorage() } = parts;
  const world = new FakeWorld();
  const news: RoomNews[] = [];
  const heard: string[] = [];
  const room = server.begin("room");
  for (const body of parts.bodies ?? []) server.write(room, body, GRACE);
  const session = new RoomSession({
    connector: server.connector(ADA),
    world,
    storage,
    channel: room.id,
    me: ADA.id,
    seen: 0,
    update: (one) => news.push(one),
    hear: ({ t }) => heard.push(t),
  });
  session.client.connect();
  await settle();
  return { server, world, session, news, heard };
}

const state = ({ news }: Scene) => news.at(-1)?.state;
const shown = ({ news }: Scene): string[] => {
  const bodies = new Map<number, string>();
  for (const { messages, cleared } of news) {
    if (cleared) bodies.clear();
    for (const { seq, body } of messages) bodies.set(seq, body);
  }
  return [...bodies.values()];
};

test("what is shown comes at once, whole, and only when it is whole", async () => {
  const scene = await opened({ bodies: ["one", "two"] });
  expect(scene.news.filter(({ messages }) => messages.length).map(({ cleared }) => cleared)).toEqual([true]);
  expect(shown(scene)).toEqual(["one", "two"]);
  expect(state(scene)?.ready).toBe(true);
});

test("a message written while the line is cut is sent once, also by a page that comes later", async () => {
  const storage = memoryStorage();
  const before = await opened({ storage, bodies: ["one"] });
  before.server.reachable = false;
  before.server.cut();
  before.session.send("two", []);
  await settle();
  expect(state(before)?.outbox).toMatchObject([{ body: "two", state: "waiting" }]);
  before.server.reachable = true;
  const later = await opened({ server: before.server, storage });
  await before.world.pass(60_000);
  expect(before.server.begin("room").messages.map(({ body }) => body)).toEqual(["one", "two"]);
  for (const scene of [before, later]) {
    expect(shown(scene)).toEqual(["one", "two"]);
    expect(state(scene)?.outbox).toEqual([]);
  }
});

test("what waits for another room is not shown in this one", async () => {
  const scene = await opened();
  scene.server.refuse = (frame) => (frame.t === "send" ? { code: 5001, retry_after: 60_000 } : undefined);
  scene.session.client.send({ channel: "another" }, "elsewhere");
  scene.session.send("here", []);
  await settle();
  expect(state(scene)?.outbox.map(({ body }) => body)).toEqual(["here"]);
});

test("marks of the others, who is here and who types are known; oneself is not told of typing", async () => {
  const scene = await opened({ bodies: ["one"] });
  const room = scene.server.begin("room");
  scene.server.tell(room, { t: "readers", channel: room.id, readers: [{ person: "grace", delivered: 1, seen: 1 }] });
  scene.server.tell(room, { t: "presence", channel: room.id, viewers: [ADA, GRACE], visitor_online: false });
  for (const person of [ADA, GRACE]) scene.server.tell(room, { t: "typing", channel: room.id, person, on: true });
  await settle();
  expect(scene.session.readers.standing(1, ADA.id)).toEqual({ state: "seen", seenBy: 1 });
  expect(state(scene)).toMatchObject({ here: [ADA, GRACE], typing: [GRACE] });
  scene.server.reachable = false;
  scene.server.cut();
  await settle();
  expect(state(scene)?.here).toEqual([]);
});

test("who comes or goes makes the room's page stale, news of rooms the list, and a cut line both", async () => {
  const scene = await opened({ bodies: ["one"] });
  const room = scene.server.begin("room");
  const stale = (): boolean[][] => scene.news.splice(0).map((one) => [one.isRoomStale, one.isListStale]);
  const any = (which: 0 | 1, all: boolean[][]): boolean => all.some((one) => one[which]);
  stale();
  scene.server.write(room, "two", GRACE);
  await settle();
  expect(any(0, stale())).toBe(false);
  const joined: Partial<Message> = { kind: "system", body: "joined" };
  scene.server.change(room, 2, joined);
  await settle();
  expect(any(0, stale())).toBe(true);
  scene.server.tell(room, { t: "rooms", channel: room.id });
  await settle();
  const told = stale();
  expect([any(0, told), any(1, told)]).toEqual([false, true]);
  scene.server.cut();
  await scene.world.pass(30_000);
  const resumed = stale();
  expect([any(0, resumed), any(1, resumed)]).toEqual([true, true]);
});

test("a room that one is not in any more is gone", async () => {
  const scene = await opened({ bodies: ["one"] });
  const room = scene.server.begin("room");
  scene.server.tell(room, { t: "gone", channel: room.id });
  await settle();
  expect(state(scene)?.gone).toBe(true);
  expect(scene.heard).toContain("gone");
});
