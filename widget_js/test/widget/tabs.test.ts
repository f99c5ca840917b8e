// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BLANK, type Update } from "../../src/widget/state";
import { type Leading, Tabs } from "../../src/widget/tabs";
import { FakeWorld, settle } from "../fakes/world";

/** Channels between tabs: what one says all others hear. */
class FakeChannel {
  static all = new Set<FakeChannel>();
  onmessage: ((event: { data: unknown }) => void) | null = null;
  #closed = false;

  constructor() {
    FakeChannel.all.add(this);
  }

  postMessage(data: unknown): void {
    if (this.#closed) throw new Error("the channel is closed");
    for (const other of FakeChannel.all) {
      if (other !== this) queueMicrotask(() => other.onmessage?.({ data: structuredClone(data) }));
    }
  }

  close(): void {
    this.#closed = true;
    FakeChannel.all.delete(this);
  }
}

/** One lock for which whoever comes waits in turn. */
class FakeLocks {
  #queue: Promise<unknown> = Promise.resolve();

  request(_: string, { signal }: { signal: AbortSignal }, held: () => Promise<void> | undefined): Promise<void> {
    const turn = this.#queue.then(() => (signal.aborted ? undefined : held()));
    this.#queue = turn;
    return turn.then(() => {});
  }
}

interface Tab {
  readonly tabs: Tabs;
  readonly updates: Update[];
  readonly performed: string[];
  leads: boolean;
}

const world = new FakeWorld();
let opened: Tab[] = [];

/** The connection as a tab would have it; `fails` makes its edits fail. */
function leading(tab: Tab, update: (update: Update) => void, fails = false): Leading {
  const note =
    (name: string) =>
    (...values: unknown[]): void => {
      tab.performed.push([name, ...values].join(" "));
    };
  return {
    deliver: note("deliver"),
    retry: note("retry"),
    discard: note("discard"),
    edit: async () => {
      if (fails) throw new Error("too late");
    },
    remove: async () => {},
    history: async () => {},
    seen: note("seen"),
    typing: note("typing"),
    moved: note("moved"),
    identify: note("identify"),
    reset: note("reset"),
    wake: () => update({ state: { ...BLANK, unread: 7 }, messages: [], cleared: false }),
    snapshot: () => ({ state: { ...BLANK, unread: 5 }, messages: [], cleared: true }),
    end: () => {
      tab.leads = false;
    },
  };
}

function open(fails = false): Tab {
  const updates: Update[] = [];
  const tab: Tab = {
    updates,
    performed: [],
    leads: false,
    tabs: new Tabs({
      name: "shop",
      world,
      lead: (update) => {
        tab.leads = true;
        return leading(tab, update, fails);
      },
      update: (update) => updates.push(update),
    }),
  };
  opened.push(tab);
  return tab;
}

beforeEach(() => {
  opened = [];
  vi.stubGlobal("BroadcastChannel", FakeChannel);
  vi.stubGlobal("navigator", { locks: new FakeLocks() });
});

afterEach(() => {
  for (const { tabs } of opened) tabs.close();
  FakeChannel.all.clear();
  vi.unstubAllGlobals();
});

test("of all tabs that want a connection one has it, and the next takes over", async () => {
  const [first, second] = [open(), open()];
  first.tabs.want(true);
  second.tabs.want(true);
  await settle();
  expect([first.leads, second.leads]).toEqual([true, false]);
  first.tabs.want(false);
  await settle();
  expect([first.leads, second.leads]).toEqual([false, true]);
});

test("a tab that changed its mind while it waited does not get the connection", async () => {
  const [first, second] = [open(), open()];
  first.tabs.want(true);
  second.tabs.want(true);
  second.tabs.want(false);
  first.tabs.want(false);
  await settle();
  expect([first.leads, second.leads]).toEqual([false, false]);
});

test("what the leading tab hears all tabs show, and a new one asks for the whole", async () => {
  const [first, second] = [open(), open()];
  first.tabs.want(true);
  await settle();
  second.tabs.tell("wake");
  await settle();
  expect([first.updates.at(-1)?.state.unread, second.updates.at(-1)?.state.unread]).toEqual([7, 7]);
  const third = open();
  await settle();
  expect(third.updates.at(-1)?.state.unread).toBe(5);
});

test("a command runs in the leading tab, and what went wrong there is told here", async () => {
  const [first, second] = [open(true), open()];
  first.tabs.want(true);
  await settle();
  await second.tabs.call("retry", "id");
  expect(first.performed).toEqual(["retry id"]);
  await expect(second.tabs.call("edit", 1, "text")).rejects.toThrow("too late");
});

test("a command waits until somebody has a connection, and is repeated to whoever takes over", async () => {
  const [first, second] = [open(), open()];
  const done = second.tabs.call("discard", "id");
  first.tabs.want(true);
  await settle();
  await done;
  expect(first.performed).toEqual(["discard id"]);
});

test("what is worth nothing later is forgotten where nobody listens", async () => {
  const [first, second] = [open(), open()];
  second.tabs.tell("typing", true, "");
  first.tabs.want(true);
  await settle();
  expect(first.performed).toEqual([]);
});

test("a page that is kept for going back hears and says nothing", async () => {
  const [first] = [open()];
  window.dispatchEvent(new Event("pagehide"));
  expect(FakeChannel.all.size).toBe(0);
  first.tabs.want(false);
  window.dispatchEvent(new Event("pageshow"));
  expect(FakeChannel.all.size).toBe(1);
});

test("where there are no locks every tab stands for itself", async () => {
  vi.stubGlobal("navigator", {});
  const [first, second] = [open(), open()];
  first.tabs.want(true);
  second.tabs.want(true);
  await settle();
  expect([first.leads, second.leads]).toEqual([true, true]);
});
