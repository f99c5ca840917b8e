import { type Applied, type ChannelFrame, ChannelLog } from "../core/channel";
import { IdSource } from "../core/ids";
import { encode } from "../core/json";
import { Outbox, type OutboxEntry } from "../core/outbox";
import type { World } from "../core/world";
import {
  type Ack,
  type ClientFrame,
  type ErrorFrame,
  type Hello,
  type Message,
  type Page,
  PROTOCOL_VERSION,
  RETRIABLE_FROM,
  type ServerFrame,
  type Welcome,
} from "../protocol.gen";
import type { Connector } from "../transport/transport";
import { type ClientStatus, Line } from "./line";
import { Receipts } from "./receipts";
import type { Storage } from "./storage";
import { TypingState, type Typist } from "./typing";

export type { ClientStatus, Typist };

const OUTBOX = "out:";
/** Waiting time when the server names none. */
const PATIENCE_MS = 1000;

/** What has become new since listeners were last called. */
export interface Changes {
  /** `status`, or what `welcome` brought. */
  status: boolean;
  outbox: boolean;
  /** By channel: messages with a new state, and whether all that was held before is void. */
  readonly channels: Map<string, ChannelChanges>;
  /** What is not only a log's: `welcome`, `head`, `readers`, `site`, `rows`, `rooms`, `presence`, `gone`, loose errors. */
  readonly frames: ServerFrame[];
}

/** News of one channel; also present, with no messages, when only its head, marks or typists are new. */
export interface ChannelChanges {
  cleared: boolean;
  readonly messages: Map<number, Message>;
}

/** What a client is made of. */
export interface ClientOptions {
  readonly connector: Connector;
  readonly world: World;
  /** Where unsent messages are kept over reloads. */
  readonly storage: Storage;
  /** What `hello` carries beside version and positions: a visitor's token and context, a console's inbox cursor. */
  hello(): Partial<Hello>;
  /** Called with each `welcome` before anything is sent: the place to save a fresh token. */
  welcomed?(frame: Welcome): void;
}

/** Why a request was refused for good. */
export class RequestError extends Error {
  readonly code: number;

  constructor(frame: Pick<ErrorFrame, "code" | "message">) {
    super(frame.message);
    this.name = "RequestError";
    this.code = frame.code;
  }
}

/** Frames that are answered by `ref`, without it: the client numbers them. */
export type Request = WithoutRef<Exclude<Extract<ClientFrame, { ref: number }>, { t: "open" | "send" }>>;
type WithoutRef<T> = T extends unknown ? Omit<T, "ref"> : never;

interface Pending {
  readonly frame: Request;
  readonly resolve: (answer: ServerFrame) => void;
  readonly reject: (error: RequestError) => void;
}

interface OpenChannel {
  readonly log: ChannelLog;
  readonly typing: TypingState;
  /** A resume was asked for and has not ended. */
  opening: boolean;
}

/**
 * One person's connection to the server: it stays connected, keeps the opened channels up to date, sends what is in
 * the outbox in order and exactly once, and reports receipts. Used by the widget and by the console.
 *
 * Everything is kept as plain state (`status`, `channel(id)`, `outbox`); after it changes, listeners are called once
 * per microtask with what is new. Requests survive a broken connection: they are repeated over the next one.
 */
export class ChatClient {
  readonly outbox = new Outbox();
  /** The last `welcome`, also while disconnected. */
  welcome: Welcome | undefined;

  #options: ClientOptions;
  #world: World;
  #ids: IdSource;
  #line: Line;
  #receipts: Receipts;
  #channels = new Map<string, OpenChannel>();
  /** The channels that the last `hello` named: the server opens them by itself. */
  #named = new Set<string>();
  #requests = new Map<number, Pending>();
  #sends = new Map<number, string>();
  #ref = 0;
  #listeners = new Set<(changes: Changes) => void>();
  #changes: Changes | undefined;
  #cancelFlush = (): void => {};

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#world = options.world;
    this.#ids = new IdSource(options.world);
    this.#line = new Line({
      connector: options.connector,
      world: options.world,
      hello: () => this.#hello(),
      receive: (frame) => this.#receive(frame),
      lost: () => this.#lost(),
      changed: () => {
        this.#news().status = true;
      },
    });
    this.#receipts = new Receipts(
      options.world,
      () => [...this.#channels.values()].map(({ log }) => log),
      (frame) => this.#post(frame),
    );
    this.reloadOutbox();
  }

  /** Calls `listener` after changes; the answer ends that. */
  subscribe(listener: (changes: Changes) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // --- the connection ---------------------------------------------------------------------------------------------

  get status(): ClientStatus {
    return this.#line.status;
  }

  /** With `ended`: the close code, one of `CloseCode` or RFC 6455's. */
  get endCode(): number {
    return this.#line.endCode;
  }

  /** Wants a connection from now on. Harmless when there is one. */
  connect(): void {
    this.#line.connect();
  }

  /** Wants none any more. What is unsent, and requests, wait for the next `connect`. */
  disconnect(): void {
    this.#receipts.flush();
    this.#line.disconnect();
  }

  /** There is reason to believe that connecting works now (the network is back, the page is looked at): do it at once. */
  wake(): void {
    this.#line.wake();
  }

  #hello(): Hello {
    this.#named = new Set(this.#channels.keys());
    const positions = [...this.#channels.values()].map(({ log }) => log.position());
    return { t: "hello", v: PROTOCOL_VERSION, positions, ...this.#options.hello() };
  }

  #lost(): void {
    this.#cancelFlush();
    this.#receipts.interrupted();
    this.#sends.clear();
    this.outbox.interrupted();
    for (const channel of this.#channels.values()) {
      channel.log.interrupted();
      channel.opening = false;
    }
  }

  #post(frame: ClientFrame): void {
    this.#line.post(frame);
  }

  // --- channels ---------------------------------------------------------------------------------------------------

  /** Keeps `channel` up to date from now on. The answer is its state, which fills once the server has answered. */
  open(channel: string): ChannelLog {
    const known = this.#channels.get(channel);
    if (known) return known.log;
    const opened = this.#track(channel);
    this.#requestOpen(opened);
    return opened.log;
  }

  /** Forgets `channel` and everything held of it. */
  close(channel: string): void {
    if (this.#drop(channel)) this.#post({ t: "close", channel });
  }

  #drop(channel: string): boolean {
    this.#channels.get(channel)?.typing.forgetAll();
    this.#receipts.forget(channel);
    return this.#channels.delete(channel);
  }

  /** The state of an opened channel. */
  channel(channel: string): ChannelLog | undefined {
    return this.#channels.get(channel)?.log;
  }

  /** Who is typing in an opened channel. */
  typists(channel: string): Typist[] {
    return this.#channels.get(channel)?.typing.list() ?? [];
  }

  /** Loads up to `limit` messages before those that are held. Resolves when they are in the channel's state. */
  async history(channel: string, limit = 50): Promise<void> {
    const log = this.channel(channel);
    if (log?.more) await this.request<Page>({ t: "history", channel, before: log.first, limit });
  }

  #track(channel: string): OpenChannel {
    const opened: OpenChannel = {
      log: new ChannelLog(channel),
      typing: new TypingState(this.#world, () => this.#note(channel, { changed: [], cleared: false })),
      opening: false,
    };
    this.#channels.set(channel, opened);
    return opened;
  }

  #requestOpen(opened: OpenChannel): void {
    if (opened.opening || this.status !== "online") return;
    opened.opening = true;
    const { log } = opened;
    if (!this.#line.reopen())
      this.#post({
        t: "open",
        ref: ++this.#ref,
        channel: log.channel,
        ...(log.epoch ? { position: log.position() } : {}),
      });
  }

  // --- writing ----------------------------------------------------------------------------------------------------

  /**
   * Puts a message into the outbox; it leaves as soon as it can, over reloads and cuts, exactly once.
   *
   * `where` names a channel, or `start`: a UUIDv7 of the caller's for the conversation that this message begins, the
   * same for all its messages until an ack has named the channel. `after_seq` is a note's place (staff channels),
   * `files` go with it.
   */
  send(where: Pick<OutboxEntry, "channel" | "start" | "after_seq" | "files">, body: string): OutboxEntry {
    const entry: OutboxEntry = { client_id: this.newId(), ...where, body, at: this.#world.now(), state: "waiting" };
    this.deliver(entry);
    return entry;
  }

  /** Takes over a message that was written elsewhere (another tab) under its own id. */
  deliver(entry: OutboxEntry): void {
    this.outbox.add(entry);
    this.#keep(entry);
    this.#news().outbox = true;
    this.#flush();
  }

  /** Tries a failed message again, under the same id. */
  retry(clientId: string): void {
    this.outbox.retry(clientId);
    const entry = this.outbox.get(clientId);
    if (entry) this.deliver(entry);
  }

  /** Gives up a failed message. */
  discard(clientId: string): void {
    if (this.outbox.get(clientId)?.state === "failed") this.#forget(clientId);
  }

  /** Reads what other pages of this device, or an earlier life of this one, left unsent. */
  reloadOutbox(): void {
    const { storage } = this.#options;
    for (const key of storage.keys(OUTBOX)) {
      try {
        this.outbox.add({ ...(JSON.parse(storage.get(key) ?? "") as OutboxEntry), state: "waiting" });
      } catch {
        storage.remove(key);
      }
    }
    this.#news().outbox = true;
    this.#flush();
  }

  /** Forgets everything unsent, also what is kept. */
  clearOutbox(): void {
    for (const entry of this.outbox.list()) this.#forget(entry.client_id);
  }

  /** Gives an own message a new text. Rejects with `RequestError`; the message changes when its event arrives. */
  edit(channel: string, seq: number, body: string): Promise<Ack> {
    const revision = (this.channel(channel)?.get(seq)?.revision ?? 0) + 1;
    return this.request<Ack>({ t: "edit", channel, seq, revision, body });
  }

  /** Takes an own message away. Rejects with `RequestError`. */
  remove(channel: string, seq: number): Promise<Ack> {
    return this.request<Ack>({ t: "remove", channel, seq });
  }

  /** Sends a request and waits for its answer, over broken connections and passing refusals. Rejects with `RequestError`. */
  request<Answer extends ServerFrame>(frame: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const ref = ++this.#ref;
      this.#requests.set(ref, { frame, resolve: resolve as (answer: ServerFrame) => void, reject });
      this.#post({ ...frame, ref } as ClientFrame);
    });
  }

  /** A frame without an answer that is not worth repeating. */
  tell(frame: Extract<ClientFrame, { t: "context" }>): void {
    this.#post(frame);
  }

  /** A fresh UUIDv7. */
  newId(): string {
    return this.#ids.next();
  }

  /** The message was in a visible, focused view, and with it all before it. Sent at most every 500 ms. */
  seen(channel: string, seq: number): void {
    if (this.#channels.has(channel)) this.#receipts.seen(channel, seq);
  }

  /** The person types, or has stopped. May be called on every key: it is sent at most every 3 s. */
  typing(channel: string, on: boolean, draft?: string): void {
    this.#channels.get(channel)?.typing.say(on, draft, (latest) => {
      this.#post({ t: "typing", channel, on, ...(latest === undefined ? {} : { draft: latest }) });
    });
  }

  #keep(entry: OutboxEntry): void {
    const { client_id, channel, start, body, after_seq, at } = entry;
    this.#options.storage.set(OUTBOX + client_id, encode({ client_id, channel, start, body, after_seq, at }));
  }

  #forget(clientId: string): void {
    this.outbox.drop(clientId);
    this.#options.storage.remove(OUTBOX + clientId);
    this.#news().outbox = true;
  }

  #flush(): void {
    if (this.status !== "online") return;
    const now = this.#world.now();
    const context = this.#options.hello().context;
    for (const frame of this.outbox.leave(now)) {
      const ref = ++this.#ref;
      this.#sends.set(ref, frame.client_id);
      this.#post({ ...frame, ref, ...(frame.start && context ? { context } : {}) });
      if (frame.channel) this.#channels.get(frame.channel)?.typing.sent();
    }
    this.#cancelFlush();
    const wakeAt = this.outbox.wakeAt();
    if (wakeAt !== undefined) this.#cancelFlush = this.#world.after(Math.max(0, wakeAt - now), () => this.#flush());
  }

  // --- what the server says ---------------------------------------------------------------------------------------

  #receive(frame: ServerFrame): void {
    switch (frame.t) {
      case "welcome":
        this.#welcomed(frame);
        break;
      case "head":
      case "messages":
      case "synced":
      case "reset":
      case "event":
      case "marks":
        this.#applyTo(frame.channel, frame);
        break;
      case "page":
        this.#applyTo(frame.channel, frame);
        this.#answer(frame.ref, frame);
        break;
      case "typing":
        this.#channels.get(frame.channel)?.typing.heard(frame);
        break;
      case "ack":
        this.#acked(frame);
        break;
      case "error":
        this.#refused(frame);
        break;
      case "done":
      case "found":
        this.#answer(frame.ref, frame);
        break;
      case "pong":
        break;
      default:
        // Also kinds that this client does not know yet.
        if (frame.t === "gone") this.#drop(frame.channel);
        if (frame.t === "rows" && typeof frame.ref === "number") this.#answer(frame.ref, frame);
        else this.#news().frames.push(frame);
    }
  }

  #welcomed(frame: Welcome): void {
    this.welcome = { ...frame };
    this.#options.welcomed?.(frame);
    for (const own of frame.conversations ?? []) this.outbox.bind(own.start, own.channel);
    const repeated = this.status === "online";
    this.#line.welcomed(frame.heartbeat_ms);
    this.#news().frames.push(frame);
    for (const [name, channel] of this.#channels) {
      if (this.#named.has(name)) channel.opening = true;
      else this.#requestOpen(channel);
    }
    if (repeated) return;
    for (const [ref, { frame: request }] of this.#requests) this.#post({ ...request, ref } as ClientFrame);
    this.#flush();
  }

  #applyTo(channel: string, frame: ChannelFrame): void {
    const opened = this.#channels.get(channel);
    if (!opened) return;
    const { log } = opened;
    const applied = log.apply(frame);
    // How far each member of a room has come is in it, and is kept by those who show rooms.
    if (frame.t === "head") this.#news().frames.push(frame);
    this.#note(channel, applied);
    if (frame.t === "synced") opened.opening = false;
    for (const message of applied.changed) {
      if (this.outbox.get(message.client_id)) this.#forget(message.client_id);
      opened.typing.forget(message.author.id);
    }
    if (applied.reopen) this.#requestOpen(opened);
    if (frame.t !== "marks") this.#receipts.schedule();
  }

  #note(channel: string, applied: Pick<Applied, "changed" | "cleared">): void {
    const { channels } = this.#news();
    let changes = channels.get(channel);
    if (!changes || applied.cleared) {
      changes = { cleared: applied.cleared, messages: new Map() };
      channels.set(channel, changes);
    }
    for (const message of applied.changed) changes.messages.set(message.seq, message);
  }

  #acked(frame: Ack): void {
    const clientId = this.#sends.get(frame.ref);
    if (clientId === undefined) {
      this.#answer(frame.ref, frame);
      return;
    }
    this.#sends.delete(frame.ref);
    this.outbox.acked(clientId, frame.channel, frame.seq);
    this.#options.storage.remove(OUTBOX + clientId);
    this.#news().outbox = true;
    const opened = this.#channels.get(frame.channel);
    if (opened?.log.get(frame.seq)) this.#forget(clientId);
    // The server has subscribed the connection that began the conversation; its head is on the way. A channel that was
    // left before its ack came stays closed.
    if (!opened && this.outbox.get(clientId)?.start) {
      const begun = this.#track(frame.channel);
      begun.opening = true;
      this.#line.reopen();
    }
    this.#flush();
  }

  #refused(frame: ErrorFrame): void {
    const ref = frame.ref ?? -1;
    const clientId = this.#sends.get(ref);
    const request = this.#requests.get(ref);
    if (clientId !== undefined) {
      this.#sends.delete(ref);
      this.outbox.refused(clientId, frame, this.#world.now());
      this.#news().outbox = true;
      this.#flush();
    } else if (!request) {
      this.#news().frames.push(frame);
    } else if (frame.code >= RETRIABLE_FROM) {
      this.#world.after(frame.retry_after ?? PATIENCE_MS, () => {
        if (this.#requests.has(ref)) this.#post({ ...request.frame, ref } as ClientFrame);
      });
    } else {
      this.#requests.delete(ref);
      request.reject(new RequestError(frame));
    }
  }

  #answer(ref: number, frame: ServerFrame): void {
    this.#requests.get(ref)?.resolve(frame);
    this.#requests.delete(ref);
  }

  // --- telling listeners ------------------------------------------------------------------------------------------

  #news(): Changes {
    if (!this.#changes) {
      this.#changes = { status: false, outbox: false, channels: new Map(), frames: [] };
      queueMicrotask(() => {
        const changes = this.#changes;
        this.#changes = undefined;
        if (changes) for (const listener of this.#listeners) listener(changes);
      });
    }
    return this.#changes;
  }
}
