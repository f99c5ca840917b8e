import { encode } from "../core/json";
import { type ClientFrame, CloseCode, type ServerFrame } from "../protocol.gen";
import { BROKEN, type Connector, decode, retryHint } from "./transport";

/** After this long the stream ends by itself, so that the socket gets another chance. */
const STREAM_MS = 300_000;
/** The server gives a sign of life every 20 s; without one for this long the stream is dead. */
const SILENCE_MS = 50_000;
const FRAMES_PER_POST = 50;

/** Where the fallback of one site, or of the console, is found. */
export interface FallbackOptions {
  /** Address of the stream. */
  readonly stream: string;
  /** Address of the posts. */
  readonly frames: string;
  /** The visitor's token, once there is one; agents have a cookie instead. */
  token?(): string | undefined;
}

/** Connects without a WebSocket: an endless answer brings frames down, posts take them up. */
export function fallbackConnector(options: FallbackOptions): Connector {
  return (hello, events) => {
    let over = false;
    let stream = new AbortController();
    let posting = false;
    let queue: ClientFrame[] = [];
    let silence: ReturnType<typeof setTimeout>;

    const end = (code: number, retryAfter = 0): void => {
      if (over) return;
      close();
      events.closed(code, retryAfter);
    };
    const close = (): void => {
      over = true;
      clearTimeout(silence);
      clearTimeout(ending);
      stream.abort();
    };
    const ending = setTimeout(() => end(CloseCode.RESUME_AGAIN), STREAM_MS);
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => end(BROKEN), SILENCE_MS);
    };

    async function request(url: string, body: unknown, signal?: AbortSignal): Promise<Response> {
      const token = options.token?.();
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) },
        body: encode(body),
        credentials: options.token ? "omit" : "same-origin",
        cache: "no-store",
        ...(signal ? { signal } : {}),
      });
      if (!answer.ok) {
        const hint = retryHint(await answer.text());
        end(closeCodeOf(answer.status), hint);
        throw new Error("refused");
      }
      return answer;
    }

    async function listen(): Promise<void> {
      const mine = new AbortController();
      stream = mine;
      heard();
      try {
        const answer = await request(options.stream, hello(), mine.signal);
        events.opened();
        const lines = new Lines();
        const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
        for (;;) {
          const part = await reader?.read();
          if (mine.signal.aborted || over) return;
          if (!part || part.done) break;
          heard();
          for (const line of lines.take(part.value)) if (line) events.frames(decode(line));
        }
        end(BROKEN);
      } catch {
        if (!mine.signal.aborted) end(BROKEN);
      }
    }

    async function post(): Promise<void> {
      if (posting) return;
      posting = true;
      // One post at a time keeps the order; what is said meanwhile shares the next one.
      await undefined;
      try {
        while (queue.length && !over) {
          const frames = queue.slice(0, FRAMES_PER_POST);
          queue = queue.slice(FRAMES_PER_POST);
          const answer = await request(options.frames, { frames });
          const { frames: answers } = (await answer.json()) as { frames: ServerFrame[] };
          if (!over) events.frames(answers);
        }
      } catch {
        end(BROKEN);
      } finally {
        posting = false;
      }
    }

    void listen();
    return {
      send(frame) {
        queue.push(frame);
        void post();
      },
      close,
      reopen() {
        stream.abort();
        void listen();
      },
    };
  };
}

/** Cuts a stream of text at its line ends. */
class Lines {
  #rest = "";

  /** The lines that are complete now. */
  take(text: string): string[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines;
  }
}

/** What an HTTP refusal would have been as a close code. */
function closeCodeOf(status: number): number {
  if (status === 401) return CloseCode.SIGNED_OUT;
  if (status === 429 || status >= 500) return CloseCode.BUSY;
  return CloseCode.MALFORMED;
}
