import { type ERRORS, type ErrorFrame, type File, RETRIABLE_FROM, type Send } from "../protocol.gen";

/** A message that is not yet known to stand in the log. Its fields in the wire's spelling are those of `send`. */
export interface OutboxEntry {
  readonly client_id: string;
  /** Where it goes: a channel, or `start`, this client's own id for the conversation that it begins. */
  channel?: string;
  readonly start?: string;
  readonly body: string;
  readonly after_seq?: number;
  /** What goes with it; `send` names their ids. */
  readonly files?: readonly File[];
  /** When it was written (milliseconds of this device), to be shown. */
  readonly at: number;
  /** `waiting` to be sent, `sending` until it is answered, `acked` until it arrives in the log, `failed` for good. */
  state: "waiting" | "sending" | "acked" | "failed";
  /** Its number, once acked. */
  seq?: number;
  /** When it is tried again by itself, after the server asked for patience. */
  retryAt?: number;
  /** Why it failed. */
  error?: { readonly code: number; readonly message: string };
}

// Written out rather than looked up: the table of all errors would come along.
const HELD_BACK: (typeof ERRORS)["held_back"] = 5003;
/** Waiting time when the server names none. */
const PATIENCE_MS = 1000;

/**
 * The messages on their way. It keeps each conversation's order: after a passing refusal nothing of that conversation
 * leaves before the refused one has left again. An id stays with its message for ever, so sending twice does no harm.
 */
export class Outbox {
  #entries = new Map<string, OutboxEntry>();
  /** Which channel a conversation that this client began has become. */
  #bound = new Map<string, string>();
  /** Until when (milliseconds) a conversation waits. */
  #blocked = new Map<string, number>();

  /** All entries, oldest first: ids of one device sort by time. */
  list(): OutboxEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.client_id < b.client_id ? -1 : 1));
  }

  get(clientId: string): OutboxEntry | undefined {
    return this.#entries.get(clientId);
  }

  /** Takes a new message, or one kept from before; one that is here already stays as it is. */
  add(entry: OutboxEntry): void {
    if (this.#entries.has(entry.client_id)) return;
    this.#entries.set(entry.client_id, entry);
    const channel = entry.start && this.#bound.get(entry.start);
    if (channel) entry.channel = channel;
  }

  /** The messages that may leave now, in order; they count as sending from here on. */
  leave(now: number): Omit<Send, "ref">[] {
    const leaving: Omit<Send, "ref">[] = [];
    for (const entry of this.list()) {
      if (entry.state !== "waiting" || (this.#blocked.get(laneOf(entry)) ?? 0) > now) continue;
      entry.state = "sending";
      delete entry.retryAt;
      const { client_id, channel, start, body, after_seq, files } = entry;
      // What is undefined does not travel.
      const named = { channel, start: channel ? undefined : start, after_seq, files: files?.map(({ id }) => id) };
      leaving.push({ t: "send", client_id, body, ...named } as Omit<Send, "ref">);
    }
    return leaving;
  }

  /** When the next waiting message may leave (milliseconds), if any waits for a time. */
  wakeAt(): number | undefined {
    const times = this.list().flatMap((entry) =>
      entry.state === "waiting" ? [this.#blocked.get(laneOf(entry)) ?? 0] : [],
    );
    return times.length ? Math.min(...times) : undefined;
  }

  /** The conversation begun as `start` is `channel`: what is still to be sent goes there. */
  bind(start: string, channel: string): void {
    this.#bound.set(start, channel);
    for (const entry of this.#entries.values()) if (entry.start === start) entry.channel = channel;
  }

  /** The channel that the conversation begun as `start` has become, once that is known. */
  channelOf(start: string): string | undefined {
    return this.#bound.get(start);
  }

  /** The server has stored it as number `seq` of `channel`. */
  acked(clientId: string, channel: string, seq: number): void {
    const entry = this.#entries.get(clientId);
    if (!entry) return;
    if (entry.start) this.bind(entry.start, channel);
    entry.state = "acked";
    entry.seq = seq;
    delete entry.error;
    delete entry.retryAt;
  }

  /** The server refused it: for now (it waits, and so does all behind it) or for good (it has failed). */
  refused(clientId: string, error: ErrorFrame, now: number): void {
    const entry = this.#entries.get(clientId);
    if (entry?.state !== "sending") return;
    if (error.code < RETRIABLE_FROM) {
      entry.state = "failed";
      entry.error = { code: error.code, message: error.message };
      return;
    }
    entry.state = "waiting";
    const lane = laneOf(entry);
    const isFirst = this.list().every(
      (other) => laneOf(other) !== lane || !isUnderway(other) || other.client_id >= clientId,
    );
    // What was merely held back behind another leaves with it, not later.
    if (error.code === HELD_BACK && !isFirst) return;
    const until = now + (error.retry_after ?? PATIENCE_MS);
    this.#blocked.set(lane, until);
    entry.retryAt = until;
  }

  /** The connection is gone: what was not answered is sent again over the next one. */
  interrupted(): void {
    this.#blocked.clear();
    for (const entry of this.#entries.values()) if (entry.state === "sending") entry.state = "waiting";
  }

  /** A failed message is to be tried again. */
  retry(clientId: string): void {
    const entry = this.#entries.get(clientId);
    if (entry?.state !== "failed") return;
    entry.state = "waiting";
    delete entry.error;
  }

  /** The message stands in the log, or its author gave it up. */
  drop(clientId: string): OutboxEntry | undefined {
    const entry = this.#entries.get(clientId);
    this.#entries.delete(clientId);
    return entry;
  }

  clear(): void {
    this.#entries.clear();
    this.#bound.clear();
    this.#blocked.clear();
  }
}

function laneOf(entry: OutboxEntry): string {
  return entry.start ?? entry.channel ?? "";
}

function isUnderway(entry: OutboxEntry): boolean {
  return entry.state === "waiting" || entry.state === "sending";
}
