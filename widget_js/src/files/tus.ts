/** Files over HTTP: the resumable uploads of tus 1.0.0. */

import { Busy, type FileServer, type FileState, Forgotten, Refusal } from "./upload";

/** A line that says nothing for so long is cut. */
const SILENCE_MS = 30_000;
const STATE_SECONDS = 10;
/** Nobody watches a bar that waits for longer: they are told when to try again. */
const WATCHED_MS = 60_000;

/** Where files are, and who asks. */
export interface TusOptions {
  /** The server, without a slash at its end. */
  readonly base: string;
  /** What proves who asks: a visitor's token, or the page's word against forged requests. */
  proof(): Readonly<Record<string, string>>;
  /** Whether the browser's cookies go along. */
  readonly cookies: boolean;
  /** Where the files are to go: a channel, or a site where there is none yet. */
  place(): Readonly<Record<string, string>>;
  /** Said where a refusal brings no words of its own. */
  readonly unexplained: string;
}

interface Answer {
  readonly status: number;
  header(name: string): string | null;
  text(): Promise<string>;
}

/** The server as an upload sees it. */
export function tusServer(options: TusOptions): FileServer {
  const address = (id: string): string => `${options.base}/files/${id}`;

  async function ask(url: string, method: string, more: Record<string, string> = {}, signal?: AbortSignal) {
    const answer = await fetch(url, {
      method,
      headers: { "Tus-Resumable": "1.0.0", ...options.proof(), ...more },
      credentials: options.cookies ? "same-origin" : "omit",
      cache: "no-store",
      ...(signal ? { signal } : {}),
    });
    return judged(
      { status: answer.status, header: (name) => answer.headers.get(name), text: () => answer.text() },
      options.unexplained,
    );
  }

  return {
    async begin({ clientId, name, size }) {
      const answer = await ask(`${options.base}/files`, "POST", {
        "Upload-Length": `${size}`,
        "Upload-Metadata": written({ name, client_id: clientId, ...options.place() }),
      }).catch((error: Error) => {
        // Here nothing can have been forgotten: the place itself is not there.
        throw error instanceof Forgotten ? new Refusal(options.unexplained) : error;
      });
      const place = answer.header("Location") ?? "";
      return place.slice(place.lastIndexOf("/") + 1);
    },
    async offset(id) {
      return Number((await ask(address(id), "HEAD")).header("Upload-Offset"));
    },
    append(id, offset, part, progress, signal) {
      return sent(address(id), offset, part, progress, signal, options);
    },
    async state(id, signal) {
      const answer = await ask(`${address(id)}/state?wait=${STATE_SECONDS}`, "GET", {}, signal);
      const { error, ...state } = JSON.parse(await answer.text());
      return { ...state, reason: error?.message ?? error ?? options.unexplained } as FileState;
    },
    cancel(id) {
      ask(address(id), "DELETE").catch(() => {
        // What nobody sends goes by itself after some time.
      });
    },
  };
}

/** Only XMLHttpRequest tells how much of a body has left. */
function sent(
  url: string,
  offset: number,
  part: Blob,
  progress: (bytes: number) => void,
  signal: AbortSignal,
  options: TusOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let silence: ReturnType<typeof setTimeout>;
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE_MS);
    };
    const abort = (): void => request.abort();
    request.open("PATCH", url);
    const headers = { "Tus-Resumable": "1.0.0", "Upload-Offset": `${offset}`, ...options.proof() };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/offset+octet-stream");
    request.upload.onprogress = ({ loaded }) => {
      heard();
      progress(loaded);
    };
    request.onloadend = () => {
      clearTimeout(silence);
      signal.removeEventListener("abort", abort);
      const answer: Answer = {
        status: request.status,
        header: (name) => request.getResponseHeader(name),
        text: async () => request.responseText,
      };
      judged(answer, options.unexplained).then(() => resolve(Number(answer.header("Upload-Offset"))), reject);
    };
    signal.addEventListener("abort", abort);
    heard();
    request.send(part);
  });
}

/** An answer that was none is an exception of the kind that says what to do. */
async function judged(answer: Answer, unexplained: string): Promise<Answer> {
  const { status } = answer;
  if (status >= 200 && status < 300) return answer;
  if (status === 404 || status === 410) throw new Forgotten("forgotten");
  const { message, retryAfter } = errorIn(await answer.text());
  if (status === 429 && retryAfter > WATCHED_MS) throw new Refusal(message ?? unexplained);
  // 0 is no answer; 409 another offset than ours; 423 somebody else writes, which may be our own request before a cut.
  if (status < 400 || status === 409 || status === 423 || status === 429 || status >= 500)
    throw new Busy(Number(answer.header("Retry-After") ?? 0) * 1000 || retryAfter);
  throw new Refusal(message || unexplained);
}

/** What an answer says of an error: words for a person, and after how many milliseconds it may be tried again. */
function errorIn(body: string): { message?: string | undefined; retryAfter: number } {
  try {
    const { error } = JSON.parse(body);
    return { message: error?.message ?? error, retryAfter: Number(error?.retry_after) || 0 };
  } catch {
    return { retryAfter: 0 };
  }
}

/** `Upload-Metadata`: names with base64 of UTF-8. */
export function written(facts: Readonly<Record<string, string>>): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name} ${btoa(String.fromCharCode(...new TextEncoder().encode(value)))}`)
    .join(",");
}
