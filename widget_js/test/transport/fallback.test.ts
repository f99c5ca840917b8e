import { afterEach, expect, test, vi } from "vitest";
import { type ClientFrame, CloseCode, type Hello, type ServerFrame } from "../../src/protocol.gen";
import { fallbackConnector } from "../../src/transport/fallback";
import { BROKEN } from "../../src/transport/transport";

interface Asked {
  readonly url: string;
  readonly body: Hello & { readonly frames?: ClientFrame[] };
  readonly headers: Record<string, string>;
}

/** A server behind `fetch`: streams that a test writes into, and posts that it answers. */
class FetchServer {
  readonly asked: Asked[] = [];
  readonly streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  answer: (frames: ClientFrame[]) => Response = () => Response.json({ frames: [] });

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const body = JSON.parse(String(init.body)) as Asked["body"];
    this.asked.push({ url, body, headers: init.headers as Record<string, string> });
    if (body.frames) return this.answer(body.frames);
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.streams.push(controller);
        init.signal?.addEventListener("abort", () => controller.error(new DOMException("aborted", "AbortError")));
      },
    });
    return new Response(stream);
  };

  write(text: string): void {
    this.streams.at(-1)?.enqueue(new TextEncoder().encode(text));
  }
}

function scene() {
  const server = new FetchServer();
  vi.stubGlobal("fetch", server.fetch);
  const heard: ServerFrame[] = [];
  const closes: [number, number][] = [];
  let opened = 0;
  const connect = fallbackConnector({ stream: "/stream", frames: "/frames", token: () => "secret" });
  const hello = (): Hello => ({ t: "hello", v: 1, token: "secret" });
  const transport = connect(hello, {
    opened: () => opened++,
    frames: (frames) => heard.push(...frames),
    closed: (code, retryAfter) => closes.push([code, retryAfter]),
  });
  return { server, heard, closes, transport, opened: () => opened };
}

afterEach(() => vi.unstubAllGlobals());

test("the stream begins with hello and brings frames by lines, however they are cut", async () => {
  const { server, heard, transport, opened } = scene();
  await vi.waitFor(() => expect(opened()).toBe(1));
  expect(server.asked[0]).toMatchObject({ url: "/stream", body: { t: "hello", token: "secret" } });
  server.write('{"t":"po');
  server.write('ng"}\n\n[{"t":"pong"},{"t":"pong"}]\n');
  await vi.waitFor(() => expect(heard).toHaveLength(3));
  transport.close();
});

test("frames go up in order, one post at a time, with the token in a header", async () => {
  const { server, heard, transport } = scene();
  server.answer = (frames) => Response.json({ frames: frames.map(() => ({ t: "pong" })) });
  for (let index = 0; index < 60; index++) transport.send({ t: "ping" });
  await vi.waitFor(() => expect(heard).toHaveLength(60));
  const posts = server.asked.filter(({ url }) => url === "/frames");
  expect(posts.map(({ body }) => body.frames?.length)).toEqual([50, 10]);
  expect(posts[0]?.headers["Authorization"]).toBe("Bearer secret");
  transport.close();
});

test("a refusal ends the line with the code that a socket would have had", async () => {
  const { server, closes, transport } = scene();
  const error = { error: { code: 5001, retry_after: 700 } };
  server.answer = () => Response.json(error, { status: 429 });
  transport.send({ t: "ping" });
  await vi.waitFor(() => expect(closes).toEqual([[CloseCode.BUSY, 700]]));
});

test("a token that has ended ends the line for good", async () => {
  const { server, closes, transport } = scene();
  server.answer = () => Response.json({ error: { code: 2003 } }, { status: 401 });
  transport.send({ t: "ping" });
  await vi.waitFor(() => expect(closes).toEqual([[CloseCode.SIGNED_OUT, 0]]));
});

test("a stream that ends is a broken line", async () => {
  const { server, closes, opened } = scene();
  await vi.waitFor(() => expect(opened()).toBe(1));
  server.streams[0]?.close();
  await vi.waitFor(() => expect(closes).toEqual([[BROKEN, 0]]));
});

test("another channel is opened by a new stream, and the old one is not missed", async () => {
  const { server, closes, transport, opened } = scene();
  await vi.waitFor(() => expect(opened()).toBe(1));
  transport.reopen?.();
  await vi.waitFor(() => expect(opened()).toBe(2));
  expect(server.asked).toHaveLength(2);
  expect(closes).toEqual([]);
  transport.close();
});
