import { expect, test } from "vitest";
import type { Hello } from "../../src/protocol.gen";
import { TransportChooser } from "../../src/transport/chooser";
import { lazyConnector } from "../../src/transport/lazy";
import { BROKEN, type Connector, decode, retryHint, type TransportEvents } from "../../src/transport/transport";
import { settle } from "../fakes/world";

const hello = (): Hello => ({ t: "hello", v: 1 });

/** A way to connect that only notes that it was tried. */
function noted(tries: string[], name: string): { connect: Connector; events: () => TransportEvents } {
  let last: TransportEvents | undefined;
  return {
    connect: (_, events) => {
      tries.push(name);
      last = events;
      return { send: () => {}, close: () => {} };
    },
    events: () => {
      if (!last) throw new Error("never tried");
      return last;
    },
  };
}

function scene() {
  const tries: string[] = [];
  const socket = noted(tries, "socket");
  const fallback = noted(tries, "fallback");
  const chooser = new TransportChooser(socket.connect, fallback.connect);
  const closes: number[] = [];
  const events: TransportEvents = { opened: () => {}, frames: () => {}, closed: (code) => closes.push(code) };
  const attempt = (): void => void chooser.connect(hello, events);
  return { tries, socket, fallback, chooser, closes, attempt };
}

test("a socket that cannot be opened twice in a row is replaced by the fallback", () => {
  const { tries, socket, attempt, closes } = scene();
  for (let round = 0; round < 2; round++) {
    attempt();
    socket.events().closed(BROKEN, 0);
  }
  attempt();
  expect(tries).toEqual(["socket", "socket", "fallback"]);
  expect(closes).toEqual([BROKEN, BROKEN]);
});

test("a socket that stood and broke is tried again as a socket", () => {
  const { tries, socket, attempt } = scene();
  for (let round = 0; round < 3; round++) {
    attempt();
    socket.events().opened();
    socket.events().closed(BROKEN, 0);
  }
  expect(tries).toEqual(["socket", "socket", "socket"]);
});

test("a server that is away is not taken for a network that blocks sockets", () => {
  const { tries, socket, fallback, attempt } = scene();
  attempt();
  socket.events().opened();
  for (let round = 0; round < 4; round++) {
    socket.events().closed(BROKEN, 0);
    attempt();
  }
  expect(tries).toEqual(Array(5).fill("socket"));
  socket.events().closed(BROKEN, 0);
  attempt();
  fallback.events().closed(BROKEN, 0);
  for (let round = 0; round < 4; round++) {
    attempt();
    socket.events().closed(BROKEN, 0);
  }
  attempt();
  expect(tries.slice(5)).toEqual(["fallback", "socket", "socket", "socket", "socket", "fallback"]);
});

test("after the fallback has ended the socket gets another chance, and one failure is enough to go back", () => {
  const { tries, socket, fallback, attempt } = scene();
  for (let round = 0; round < 2; round++) {
    attempt();
    socket.events().closed(BROKEN, 0);
  }
  attempt();
  fallback.events().opened();
  fallback.events().closed(4002, 0);
  attempt();
  socket.events().closed(BROKEN, 0);
  attempt();
  expect(tries.slice(3)).toEqual(["socket", "fallback"]);
});

test("news of the network makes what failed before count for nothing", () => {
  const { tries, socket, chooser, attempt } = scene();
  for (let round = 0; round < 2; round++) {
    attempt();
    socket.events().closed(BROKEN, 0);
  }
  chooser.forget();
  attempt();
  expect(tries.at(-1)).toBe("socket");
});

test("code that is fetched late connects late, or not at all when nobody waits any more", async () => {
  const tries: string[] = [];
  const { connect } = noted(tries, "inner");
  const events: TransportEvents = {
    opened: () => {},
    frames: () => {},
    closed: (code) => tries.push(`closed ${code}`),
  };
  lazyConnector(async () => connect)(hello, events);
  lazyConnector(async () => connect)(hello, events).close();
  lazyConnector(async () => Promise.reject(new Error("blocked")))(hello, events);
  await settle();
  expect(tries).toEqual(["inner", `closed ${BROKEN}`]);
});

test("one frame and an array of frames are read alike, and hints are found where they stand", () => {
  expect(decode('{"t":"pong"}')).toEqual([{ t: "pong" }]);
  expect(decode('[{"t":"pong"},{"t":"pong"}]')).toHaveLength(2);
  expect(retryHint('{"retry_after":1500}')).toBe(1500);
  expect(retryHint('{"error":{"code":5001,"retry_after":900}}')).toBe(900);
  expect(retryHint("bye")).toBe(0);
  expect(retryHint("null")).toBe(0);
});
