import { Backoff } from "../core/backoff";
import type { World } from "../core/world";
import { type ClientFrame, type Hello, RECONNECT_BELOW, type ServerFrame, STANDARD_FINAL } from "../protocol.gen";
import { BROKEN, type Connector, type Transport } from "../transport/transport";

/** An attempt that has not led to `welcome` by then has failed. */
const WELCOME_MS = 20_000;

/**
 * `idle`: no connection is wanted. `connecting`: one is being made. `online`: the server has said welcome. `waiting`:
 * it broke, the next attempt is set. `ended`: the server said not to come back (`Line.endCode`).
 */
export type ClientStatus = "idle" | "connecting" | "online" | "waiting" | "ended";

/** What a line is made of. */
export interface LineOptions {
  readonly connector: Connector;
  readonly world: World;
  /** The first frame of every connection. */
  hello(): Hello;
  receive(frame: ServerFrame): void;
  /** The connection is gone; `status` says what follows. */
  lost(): void;
  /** `status` is another. */
  changed(): void;
}

/** Keeps one connection: attempts with backoff, heartbeats, and the end that the server asked for. */
export class Line {
  status: ClientStatus = "idle";
  /** With `ended`: the close code, one of `CloseCode` or RFC 6455's. */
  endCode = 0;
  #options: LineOptions;
  #backoff: Backoff;
  #transport: Transport | undefined;
  #heartbeatMs = 0;
  /** How many frames came so far. */
  #heard = 0;
  #cancelAttempt = (): void => {};
  #cancelHeartbeat = (): void => {};

  constructor(options: LineOptions) {
    this.#options = options;
    this.#backoff = new Backoff(() => options.world.random());
  }

  connect(): void {
    if (this.status === "idle" || this.status === "ended") this.#attempt();
  }

  disconnect(): void {
    this.#transport?.close();
    this.#lost("idle");
  }

  /** Tries at once what would be tried later, and finds out at once whether a line that seems to stand does. */
  wake(): void {
    this.#backoff.reset();
    if (this.status === "waiting") this.#attempt();
    else if (this.status === "online") this.#probe();
  }

  /** The server has said welcome; every `heartbeatMs` (0: never) it is asked for a sign of life. */
  welcomed(heartbeatMs: number): void {
    this.#heartbeatMs = heartbeatMs;
    this.#backoff.reset();
    this.#setStatus("online");
    this.#beat();
  }

  /** Sends a frame, if the line stands. */
  post(frame: ClientFrame): void {
    if (this.status === "online") this.#transport?.send(frame);
  }

  /** Begins anew where channels cannot be opened by a frame; says whether that is so. */
  reopen(): boolean {
    this.#transport?.reopen?.();
    return this.#transport?.reopen !== undefined;
  }

  #attempt(): void {
    const { connector, hello, receive, world } = this.#options;
    this.#cancelAttempt();
    this.#setStatus("connecting");
    this.#transport = connector(hello, {
      opened: () => {},
      frames: (frames) => {
        for (const frame of frames) {
          this.#heard++;
          receive(frame);
        }
      },
      closed: (code, retryAfter) => this.#closed(code, retryAfter),
    });
    this.#cancelHeartbeat = world.after(WELCOME_MS, () => this.#broken());
  }

  #closed(code: number, retryAfter: number): void {
    // Arrays of pages are not to be trusted with `includes`: some replace it by something worse.
    if (code >= RECONNECT_BELOW || STANDARD_FINAL.indexOf(code) >= 0) {
      this.endCode = code;
      this.#lost("ended");
      return;
    }
    this.#lost("waiting");
    this.#cancelAttempt = this.#options.world.after(this.#backoff.next(retryAfter), () => this.#attempt());
  }

  #broken(): void {
    this.#transport?.close();
    this.#closed(BROKEN, 0);
  }

  #lost(status: ClientStatus): void {
    this.#transport = undefined;
    this.#cancelAttempt();
    this.#cancelHeartbeat();
    this.#options.lost();
    this.#setStatus(status);
  }

  #beat(): void {
    this.#cancelHeartbeat();
    if (this.#heartbeatMs) {
      this.#cancelHeartbeat = this.#options.world.after(this.#heartbeatMs, () => this.#probe());
    }
  }

  /** Asks for a sign of life; without one within half a heartbeat the line is dead. */
  #probe(): void {
    const before = this.#heard;
    this.#cancelHeartbeat();
    this.post({ t: "ping" });
    this.#cancelHeartbeat = this.#options.world.after((this.#heartbeatMs || WELCOME_MS) / 2, () => {
      if (this.#heard === before) this.#broken();
      else this.#beat();
    });
  }

  #setStatus(status: ClientStatus): void {
    this.status = status;
    this.#options.changed();
  }
}
