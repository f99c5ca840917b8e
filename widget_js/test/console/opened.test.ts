import { beforeEach, describe, expect, test } from "vitest";
import type { ChatClient } from "../../src/client/client";
import { Drafts } from "../../src/console/model/drafts";
import type { Item, MessageItem } from "../../src/console/model/timeline";
import { UNDO_MS } from "../../src/console/state/notices";
import { OpenConversation } from "../../src/console/state/opened";
import type { ClientFrame } from "../../src/protocol.gen";
import { memoryStorage } from "../fakes/storage";
import { FakeWorld, settle } from "../fakes/world";
import { DeskServer, PUBLIC, STAFF } from "./desk_server";
import { ADA, GRACE, MAEVE } from "./rows";

let world: FakeWorld;
let server: DeskServer;
let client: ChatClient;
let drafts: Drafts;

beforeEach(async () => {
  world = new FakeWorld();
  server = new DeskServer();
  drafts = new Drafts(memoryStorage());
  client = server.connect(world);
  await settle();
});

async function open(channel = PUBLIC): Promise<OpenConversation> {
  const opened = new OpenConversation({ client, world, drafts, me: ADA.id }, channel, undefined);
  client.subscribe((changes) => opened.changed(changes.channels, changes.outbox));
  await settle();
  return opened;
}

function sent<T extends ClientFrame["t"]>(kind: T): Extract<ClientFrame, { t: T }>[] {
  return server.received.filter((frame): frame is Extract<ClientFrame, { t: T }> => frame.t === kind);
}

function bodies(items: readonly Item[]): string[] {
  return items.flatMap((item) => (item.kind === "message" || item.kind === "note" ? [item.body] : []));
}

function item(opened: OpenConversation, body: string): MessageItem {
  const found = opened.items.value.find((one): one is MessageItem => "body" in one && one.body === body);
  if (!found) throw new Error(`no message says ${body}`);
  return found;
}

describe("an open conversation", () => {
  test("finds its staff channel by the public one's head", async () => {
    const opened = await open();
    expect(opened.staff).toBe(STAFF);
    expect(opened.staffHead.value?.visitor).toEqual(MAEVE);
  });

  test("a reply goes to the visitor, a note to the staff channel with its place", async () => {
    server.says(MAEVE, "Hello");
    const opened = await open();
    opened.write("Welcome");
    await opened.send();
    opened.setMode("note");
    opened.write("Be kind");
    await opened.send();
    await settle();
    const [reply, note] = sent("send");
    expect(reply).toMatchObject({ channel: PUBLIC, body: "Welcome" });
    expect(note).toMatchObject({ channel: STAFF, body: "Be kind", after_seq: 2 });
    expect(bodies(opened.items.value)).toEqual(["Hello", "Welcome", "Be kind"]);
    expect(server.logs.get(PUBLIC)?.map((one) => one.body)).not.toContain("Be kind");
  });

  test("each mode keeps its own draft, and it is there again after leaving", async () => {
    const opened = await open();
    opened.write("a reply");
    opened.setMode("note");
    expect(opened.text.value).toBe("");
    opened.write("a note");
    opened.leave();
    const again = await open();
    expect(again.text.value).toBe("a reply");
    again.setMode("note");
    expect(again.text.value).toBe("a note");
  });

  test("asks before sending when another agent answered meanwhile", async () => {
    server.says(MAEVE, "Hello");
    const opened = await open();
    opened.write("Mine");
    server.says(GRACE, "Hers");
    await settle();
    await opened.send();
    expect(opened.overtaken.value?.body).toBe("Hers");
    expect(sent("send")).toHaveLength(0);
    await opened.send(true);
    expect(sent("send")).toHaveLength(1);
    expect(opened.overtaken.value).toBeNull();
  });

  test("asks once: whoever goes on writing has seen the answer", async () => {
    const opened = await open();
    opened.write("Mine");
    server.says(GRACE, "Hers");
    await settle();
    await opened.send();
    opened.keepWriting();
    await opened.send();
    expect(sent("send")).toHaveLength(1);
  });

  test("does not ask when the other answer stood there before the text was begun", async () => {
    server.says(GRACE, "Hers");
    const opened = await open();
    opened.write("Mine");
    await opened.send();
    expect(sent("send")).toHaveLength(1);
  });

  test("tells that somebody types and that they stopped", async () => {
    const opened = await open();
    opened.write("a");
    opened.write("");
    expect(sent("typing").map((frame) => frame.on)).toEqual([true, false]);
  });

  test("a note tells nobody that somebody types", async () => {
    const opened = await open();
    opened.setMode("note");
    opened.write("secret");
    expect(sent("typing")).toHaveLength(0);
  });

  test("shows who types, with the visitor's draft from the staff channel", async () => {
    const opened = await open();
    server.tell(
      { t: "typing", channel: PUBLIC, person: MAEVE, on: true },
      { t: "typing", channel: STAFF, person: MAEVE, on: true, draft: "Do you sh" },
    );
    await settle();
    expect(opened.typists.value.map((typist) => typist.draft)).toEqual(["Do you sh"]);
    await world.pass(7000);
    await settle();
    expect(opened.typists.value).toHaveLength(0);
  });

  test("a failed message is kept with its reason and can be taken back", async () => {
    const opened = await open();
    server.refuse = (frame) =>
      frame.t === "send" ? { code: 3001, message: "A message may have 4000 characters." } : null;
    opened.write("Far too long");
    await opened.send();
    await settle();
    const failed = item(opened, "Far too long");
    expect(failed).toMatchObject({ state: "failed", reason: "A message may have 4000 characters." });
    opened.takeBack(failed);
    await settle();
    expect(opened.text.value).toBe("Far too long");
    expect(bodies(opened.items.value)).toEqual([]);
  });

  test("an edit replaces the text and gives the draft back", async () => {
    const opened = await open();
    opened.write("Helo");
    await opened.send();
    await settle();
    opened.write("my draft");
    opened.startEdit(item(opened, "Helo"));
    expect(opened.text.value).toBe("Helo");
    opened.write("Hello");
    await opened.send();
    await settle();
    expect(sent("edit")).toMatchObject([{ channel: PUBLIC, seq: 1, revision: 1, body: "Hello" }]);
    expect(bodies(opened.items.value)).toEqual(["Hello"]);
    expect(opened.text.value).toBe("my draft");
  });

  test("a refused edit keeps the text and says why", async () => {
    const opened = await open();
    opened.write("Hello");
    await opened.send();
    await settle();
    server.refuse = (frame) =>
      frame.t === "edit" ? { code: 3005, message: "A message can be changed for 15 minutes." } : null;
    opened.startEdit(item(opened, "Hello"));
    opened.write("Hello you");
    await opened.send();
    await settle();
    expect(opened.error.value).toBe("A message can be changed for 15 minutes.");
    expect(opened.text.value).toBe("Hello you");
  });

  test("a removal can be taken back for ten seconds, then it is told", async () => {
    const opened = await open();
    opened.write("Oops");
    await opened.send();
    await settle();
    const undo = opened.remove(item(opened, "Oops"));
    expect(item(opened, "Oops").removing).toBe(true);
    undo();
    await world.pass(UNDO_MS);
    expect(sent("remove")).toHaveLength(0);
    opened.remove(item(opened, "Oops"));
    await world.pass(UNDO_MS);
    await settle();
    expect(sent("remove")).toMatchObject([{ channel: PUBLIC, seq: 1 }]);
    expect(opened.items.value.at(-1)).toMatchObject({ message: { removed: true }, removing: false });
  });

  test("a removal is told at once when the conversation is left", async () => {
    const opened = await open();
    opened.write("Oops");
    await opened.send();
    await settle();
    opened.remove(item(opened, "Oops"));
    opened.leave();
    expect(sent("remove")).toHaveLength(1);
  });

  test("an ack that comes after leaving keeps nobody from coming back", async () => {
    const opened = await open();
    server.holdAcks = true;
    opened.write("Quick");
    await opened.send();
    opened.leave();
    server.giveAcks();
    await settle();
    const again = await open();
    expect(again.ready.value).toBe(true);
    expect(bodies(again.items.value)).toEqual(["Quick"]);
  });

  test("says who else is looking, without this agent", async () => {
    const opened = await open();
    opened.present({ t: "presence", channel: STAFF, viewers: [ADA, GRACE], visitor_online: true });
    expect(opened.viewers.value).toEqual([GRACE]);
    expect(opened.visitorOnline.value).toBe(true);
  });
});
