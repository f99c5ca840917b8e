// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import { Attention } from "../../src/widget/attention";
import { FakeWorld } from "../fakes/world";

let world: FakeWorld;
let wanted: boolean;
let attention: Attention;

function become(state: "visible" | "hidden"): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  vi.restoreAllMocks();
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("visible");
  world = new FakeWorld();
  wanted = false;
  attention = new Attention({
    world,
    want: (on) => {
      wanted = on;
    },
    wake: () => {},
    changed: () => {},
  });
  return () => attention.destroy();
});

test("a panel that was never opened wants nothing", async () => {
  await world.pass(600_000);
  expect(wanted).toBe(false);
});

test("an open panel has a connection, and a closed one for 60 s more", async () => {
  attention.opened(true);
  expect(wanted).toBe(true);
  await world.pass(3_600_000);
  expect(wanted).toBe(true);
  attention.conversation(true, false, true);
  attention.opened(false);
  await world.pass(59_000);
  expect(wanted).toBe(true);
  await world.pass(2000);
  expect(wanted).toBe(false);
});

test("a message that comes keeps the connection of a closed panel for another 60 s", async () => {
  attention.opened(true);
  attention.conversation(true, false, true);
  attention.opened(false);
  await world.pass(50_000);
  attention.conversation(true, false, true);
  await world.pass(50_000);
  expect(wanted).toBe(true);
  await world.pass(11_000);
  expect(wanted).toBe(false);
});

test("a hidden page keeps its connection for 5 min and has it again when it is looked at", async () => {
  attention.opened(true);
  become("hidden");
  await world.pass(299_000);
  expect(wanted).toBe(true);
  await world.pass(2000);
  expect(wanted).toBe(false);
  become("visible");
  expect(wanted).toBe(true);
});

test("what is unsent keeps the connection whatever the panel does", async () => {
  attention.conversation(false, true, false);
  become("hidden");
  await world.pass(3_600_000);
  expect(wanted).toBe(true);
  attention.conversation(true, false, false);
  expect(wanted).toBe(false);
});

test("with a conversation a visible page asks for news once a minute, and shortly", async () => {
  attention.conversation(true, false, false);
  let looks = 0;
  for (let second = 0; second < 300; second++) {
    const before = wanted;
    await world.pass(1000);
    if (wanted && !before) {
      looks++;
      attention.looked();
    }
  }
  expect(looks).toBe(5);
  become("hidden");
  await world.pass(300_000);
  expect(wanted).toBe(false);
});

test("a look that brings nothing ends by itself", async () => {
  attention.look();
  expect(wanted).toBe(true);
  await world.pass(11_000);
  expect(wanted).toBe(false);
});

test("a page that goes away lets go at once and takes up again when it comes back", () => {
  attention.opened(true);
  window.dispatchEvent(new Event("pagehide"));
  expect(wanted).toBe(false);
  window.dispatchEvent(new Event("pageshow"));
  expect(wanted).toBe(true);
});
