// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Texts } from "../../src/core/texts";
import { Tray } from "../../src/files/tray";
import { tusServer, written } from "../../src/files/tus";
import { Busy, type FileServer, type FileState, Forgotten, Refusal } from "../../src/files/upload";
import { Uploads } from "../../src/files/uploads";
import { FakeWorld } from "../fakes/world";

const MIB = 1 << 20;

/** A server that keeps what comes, as long as the line stands. */
class FakeServer implements FileServer {
  /** By id: how many bytes are there, and as which client's. */
  readonly files = new Map<string, { at: number; readonly size: number; readonly clientId: string }>();
  readonly said: string[] = [];
  readonly cancelled: string[] = [];
  /** What the next calls end in, by name. */
  readonly trouble: [name: string, error: Error][] = [];
  verdict: Partial<FileState> = { state: "ready" };
  /** Set: nothing comes to an end before it is called. */
  release: (() => void) | undefined;
  #held: Promise<void> | undefined;

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.release = () => {
        this.#held = undefined;
        resolve();
      };
    });
  }

  async begin({ clientId, size }: { clientId: string; size: number }): Promise<string> {
    await this.#meet("begin");
    for (const [id, file] of this.files) if (file.clientId === clientId) return id;
    const id = `f${this.files.size + 1}`;
    this.files.set(id, { at: 0, size, clientId });
    return id;
  }

  async offset(id: string): Promise<number> {
    await this.#meet("offset");
    return this.#file(id).at;
  }

  async append(id: string, offset: number, part: Blob, progress: (bytes: number) => void): Promise<number> {
    progress(part.size / 2);
    await this.#held;
    const file = this.#file(id);
    expect(offset).toBe(file.at);
    // A cut line may have brought some of it.
    if (this.trouble[0]?.[0] === "append") file.at += 1000;
    await this.#meet("append");
    file.at = offset + part.size;
    return file.at;
  }

  async state(id: string): Promise<FileState> {
    await this.#meet("state");
    const { at: received, size } = this.#file(id);
    return {
      id,
      name: "plum.png",
      kind: "picture",
      type: "image/png",
      size,
      received,
      state: "ready",
      ...this.verdict,
    };
  }

  cancel(id: string): void {
    this.cancelled.push(id);
  }

  async #meet(name: string): Promise<void> {
    this.said.push(name);
    if (this.trouble[0]?.[0] !== name) return;
    const [[, error] = ["", new Error()]] = this.trouble.splice(0, 1);
    throw error;
  }

  #file(id: string) {
    const file = this.files.get(id);
    if (!file) throw new Forgotten();
    return file;
  }
}

let world: FakeWorld;
let server: FakeServer;
let uploads: Uploads;
let tray: Tray;
let ids = 0;

beforeEach(() => {
  world = new FakeWorld();
  server = new FakeServer();
  ids = 0;
  const texts = new Texts("en", {});
  uploads = new Uploads({
    server,
    world,
    texts,
    limits: () => ({ files: 3, file_bytes: 5 * MIB }),
    newId: () => `client-${++ids}`,
    changed: () => tray?.update(false),
  });
  tray = new Tray(uploads, texts, () => {});
});

const file = (name: string, bytes: number): File => new File([new Uint8Array(bytes)], name);
/** Lets everything happen that needs no time; reading a file takes more turns than the clock gives. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve));
}
const phases = (): string[] => uploads.list.map(({ phase }) => phase);

describe("an upload", () => {
  test("sends its bytes in parts and ends with what a message names", async () => {
    uploads.take([file("plum.png", 2.5 * MIB)]);
    await settled();
    expect(server.said).toEqual(["begin", "append", "append", "append", "state"]);
    expect(uploads.ready).toEqual([
      { id: "f1", name: "plum.png", kind: "picture", type: "image/png", size: 2.5 * MIB },
    ]);
  });

  test("tells how far it is while its bytes leave", async () => {
    server.hold();
    uploads.take([file("plum.png", MIB)]);
    await settled();
    expect(uploads.list[0]?.sent).toBe(MIB / 2);
    expect(tray.node.querySelector("progress")?.value).toBe(MIB / 2);
  });

  test("goes on after a cut where the server says that it stands", async () => {
    server.trouble.push(["append", new TypeError("network")]);
    uploads.take([file("plum.png", 2 * MIB)]);
    await settled();
    expect(uploads.list[0]?.cut).toBe(true);
    expect(tray.node.textContent).toContain("The connection is cut.");
    await world.pass(2000);
    await settled();
    expect(server.said).toEqual(["begin", "append", "offset", "append", "append", "state"]);
    expect(phases()).toEqual(["ready"]);
    expect(server.files.size).toBe(1);
  });

  test("is announced under the same id again when the answer was lost", async () => {
    server.trouble.push(["begin", new TypeError("network")]);
    uploads.take([file("plum.png", 10)]);
    await settled();
    await world.pass(2000);
    await settled();
    expect([...server.files.values()].map(({ clientId }) => clientId)).toEqual(["client-1"]);
    expect(phases()).toEqual(["ready"]);
  });

  test("waits as long as the server asks for", async () => {
    server.trouble.push(["begin", new Busy(20_000)]);
    uploads.take([file("plum.png", 10)]);
    await settled();
    await world.pass(19_000);
    await settled();
    expect(phases()).toEqual(["sending"]);
    await world.pass(1000);
    await settled();
    expect(phases()).toEqual(["ready"]);
  });

  test("begins anew where the server has forgotten it", async () => {
    server.trouble.push(["append", new Forgotten()]);
    uploads.take([file("plum.png", 10)]);
    await settled();
    server.files.clear();
    await world.pass(2000);
    await settled();
    expect(phases()).toEqual(["ready"]);
  });

  test("that was refused says why, and is another one when it is tried again", async () => {
    server.verdict = { state: "refused", reason: "This kind is not taken." };
    uploads.take([file("plum.exe", 10)]);
    await settled();
    expect(phases()).toEqual(["refused"]);
    expect(tray.node.querySelector("li")?.textContent).toContain("This kind is not taken.");
    server.verdict = { state: "ready" };
    [...tray.node.querySelectorAll("button")].find((button) => button.textContent === "Try again")?.click();
    await settled();
    expect(phases()).toEqual(["ready"]);
    expect([...server.files.values()].map(({ clientId }) => clientId)).toEqual(["client-1", "client-2"]);
  });

  test("that was refused at once is not tried again by itself", async () => {
    server.trouble.push(["begin", new Refusal("You may not write.")]);
    uploads.take([file("plum.png", 10)]);
    await settled();
    await world.pass(60_000);
    await settled();
    expect(server.said).toEqual(["begin"]);
    expect(uploads.list[0]?.reason).toBe("You may not write.");
  });

  test("that is cancelled is cancelled on the server too, and nothing of it comes later", async () => {
    server.hold();
    uploads.take([file("plum.png", 10)]);
    await settled();
    tray.node.querySelector<HTMLElement>(".tray-stop")?.click();
    server.release?.();
    await settled();
    expect(server.cancelled).toEqual(["f1"]);
    expect(uploads.list).toEqual([]);
    expect(uploads.ready).toEqual([]);
    expect(tray.node.hidden).toBe(true);
  });
});

describe("several", () => {
  test("go two at a time, and stay in the order in which they were chosen", async () => {
    server.hold();
    uploads.take([file("1", 10), file("2", 10), file("3", 10)]);
    await settled();
    expect(phases()).toEqual(["sending", "sending", "waiting"]);
    server.release?.();
    await settled();
    expect(uploads.ready.map(({ id }) => id)).toEqual(["f1", "f2", "f3"]);
  });

  test("more than may go are not taken, and that is said", async () => {
    uploads.take(["1", "2", "3", "4", "5"].map((name) => file(name, 10)));
    expect(uploads.list).toHaveLength(3);
    expect(tray.node.textContent).toContain("2 files are too many for one message.");
  });

  test("one that is empty or too large never leaves, and says so in its place", async () => {
    uploads.take([file("empty", 0), file("large", 6 * MIB), file("good", 10)]);
    await settled();
    expect(phases()).toEqual(["refused", "refused", "ready"]);
    expect(uploads.list[0]?.reason).toBe("This file is empty.");
    expect(uploads.list[1]?.reason).toBe("A file may have 5.2 MB.");
    expect(server.said.filter((name) => name === "begin")).toHaveLength(1);
  });

  test("those that a message has taken leave, the others stay", async () => {
    uploads.take([file("1", 10), file("2", 10)]);
    await settled();
    uploads.leave(["f1", "elsewhere"]);
    expect(uploads.ready.map(({ id }) => id)).toEqual(["f2"]);
    expect(server.cancelled).toEqual([]);
  });
});

test("a name in any script is announced as base64 of its UTF-8", () => {
  expect(written({ name: "слива.png", site: "shop" })).toBe("name 0YHQu9C40LLQsC5wbmc=,site c2hvcA==");
});

describe("a server that says when to come back", () => {
  const refused = (seconds: number): Response =>
    new Response(JSON.stringify({ error: { message: `In ${seconds} s.`, retry_after: seconds * 1000 } }), {
      status: 429,
    });
  const server = tusServer({
    base: "https://chat.test",
    proof: () => ({}),
    cookies: false,
    place: () => ({}),
    unexplained: "It does not go.",
  });
  const announcement = { clientId: "c", name: "plum.png", size: 1 };

  afterEach(() => void vi.unstubAllGlobals());

  test("is asked again by itself when that is soon", async () => {
    vi.stubGlobal("fetch", async () => refused(30));
    await expect(server.begin(announcement)).rejects.toMatchObject({ retryAfter: 30_000 });
  });

  test("is told of where nobody would wait for it", async () => {
    vi.stubGlobal("fetch", async () => refused(1800));
    await expect(server.begin(announcement)).rejects.toEqual(new Refusal("In 1800 s."));
  });
});
