import { Backoff } from "../core/backoff";
import type { World } from "../core/world";
import type { File as SentFile } from "../protocol.gen";

/** Small enough for a bar that moves and for little to be lost by a cut, large enough not to wait for each answer. */
const PART_BYTES = 1 << 20;

/** What the server says of a file: the wire's own names. */
export interface FileState extends SentFile {
  readonly state: "coming" | "come" | "ready" | "refused";
  readonly received: number;
  /** Why it was refused, for a person. */
  readonly reason?: string | undefined;
}

/** What is told of a file before its bytes. */
export interface Announcement {
  readonly clientId: string;
  readonly name: string;
  readonly size: number;
}

/** Where files go. Everything rejects with {@link Refusal}, {@link Forgotten}, or whatever a broken line ends in. */
export interface FileServer {
  /** The file's id; the same `clientId` gets the same one. */
  begin(file: Announcement): Promise<string>;
  /** How many bytes of it are there. */
  offset(id: string): Promise<number>;
  /** Adds what comes at `offset`; resolves with how many bytes are there then. Aborted by `signal`. */
  append(
    id: string,
    offset: number,
    part: Blob,
    progress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<number>;
  /** What has become of it, as soon as that is decided or some seconds have passed. */
  state(id: string, signal: AbortSignal): Promise<FileState>;
  /** It is not wanted any more. */
  cancel(id: string): void;
}

/** Refused for good; the message is for a person. */
export class Refusal extends Error {}

/** The server knows nothing of it (any more). */
export class Forgotten extends Error {}

/** Not now: to be tried again after `retryAfter` milliseconds. */
export class Busy extends Error {
  readonly retryAfter: number;

  constructor(retryAfter: number) {
    super("busy");
    this.retryAfter = retryAfter;
  }
}

/** What an upload is made of. */
export interface UploadParts {
  readonly server: FileServer;
  readonly world: World;
  newId(): string;
  /** Called when anything of it is different. */
  changed(): void;
  /** Said of a file that the browser cannot read: a folder, or one that has gone. */
  readonly unreadable: string;
}

/**
 * One file on its way. `waiting` for its turn, `sending` its bytes, `checking` while the server looks at it, then `ready`
 * or `refused`. A cut line is no end of it: it goes on where the server says that it stands.
 */
export class Upload {
  phase: "waiting" | "sending" | "checking" | "ready" | "refused" = "waiting";
  readonly file: File;
  /** How many bytes are on the other side. */
  sent = 0;
  /** The line is cut; it is tried again by itself. */
  cut = false;
  /** Why it was refused. */
  reason = "";
  /** What a message names, once `ready`. */
  result: SentFile | undefined;
  #parts: UploadParts;
  #clientId: string;
  #id: string | undefined;
  #backoff: Backoff;
  #running = new AbortController();
  #wake = (): void => {};

  constructor(file: File, parts: UploadParts) {
    this.file = file;
    this.#parts = parts;
    this.#clientId = parts.newId();
    this.#backoff = new Backoff(() => parts.world.random());
  }

  /** Whether it is under way. */
  get works(): boolean {
    return this.phase === "sending" || this.phase === "checking";
  }

  /** Begins to send. */
  start(): void {
    this.#running = new AbortController();
    this.phase = "sending";
    void this.#run(this.#running.signal);
    this.#parts.changed();
  }

  /** Says that it cannot be sent, without having tried. */
  refuse(reason: string): void {
    this.reason = reason;
    this.#set("refused");
  }

  /** A refused one waits for its turn again, as another file: what was refused stays refused. */
  again(): void {
    this.#clientId = this.#parts.newId();
    this.#id = undefined;
    this.sent = 0;
    this.reason = "";
    this.#set("waiting");
  }

  /** Gives it up, here and on the server. */
  cancel(): void {
    this.#running.abort();
    this.#wake();
    if (this.#id) this.#parts.server.cancel(this.#id);
  }

  /** There is reason to believe that the line stands again. */
  wake(): void {
    this.#backoff.reset();
    this.#wake();
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let first = true; !signal.aborted; first = false) {
      try {
        await this.#advance(signal, first);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refusal) {
          this.refuse(error.message);
          return;
        }
        if (error instanceof Forgotten) this.#id = undefined;
        this.cut = true;
        this.#parts.changed();
        await this.#pause(error instanceof Busy ? error.retryAfter : 0);
      }
    }
  }

  /** From where it stands to the end, or to whatever comes between. */
  async #advance(signal: AbortSignal, first: boolean): Promise<void> {
    const { server, unreadable } = this.#parts;
    const { file } = this;
    await file
      .slice(0, 1)
      .arrayBuffer()
      .catch(() => {
        throw new Refusal(unreadable);
      });
    const fresh = this.#id === undefined;
    this.#id ??= await server.begin({ clientId: this.#clientId, name: file.name, size: file.size });
    // Whoever gave it up before it had an id could not tell the server.
    if (signal.aborted) return server.cancel(this.#id);
    let offset = fresh && first ? 0 : await server.offset(this.#id);
    while (offset < file.size) {
      this.#moved(offset);
      const from = offset;
      const progress = (bytes: number): void => this.#moved(Math.min(file.size, from + bytes));
      offset = await server.append(this.#id, from, file.slice(from, from + PART_BYTES), progress, signal);
      this.#backoff.reset();
    }
    this.#moved(file.size);
    this.#set("checking");
    for (;;) {
      const { state, reason, received: _received, ...result } = await server.state(this.#id, signal);
      if (signal.aborted) return;
      if (state === "refused") throw new Refusal(reason);
      if (state === "coming") throw new Busy(0);
      this.cut = false;
      if (state === "ready") {
        this.result = result;
        this.#set("ready");
        return;
      }
    }
  }

  #moved(sent: number): void {
    this.cut = false;
    this.sent = sent;
    this.#parts.changed();
  }

  #set(phase: Upload["phase"]): void {
    this.phase = phase;
    this.cut = false;
    this.#parts.changed();
  }

  #pause(hint: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.world.after(this.#backoff.next(hint), resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
