import { type Changes, ChatClient } from "../client/client";
import type { Storage } from "../client/storage";
import type { ChannelLog } from "../core/channel";
import { encode } from "../core/json";
import type { OutboxEntry } from "../core/outbox";
import type { World } from "../core/world";
import type { CloseCode, Context, Message, OwnConversation, SiteState, Welcome } from "../protocol.gen";
import type { TransportChooser } from "../transport/chooser";
import { type Contact, STARTED } from "./host";
import { BLANK, type Update, type WidgetState } from "./state";
import type { Leading } from "./tabs";

export const TOKEN = "token";
// Written out rather than looked up: the table of all codes would come along.
const SIGNED_OUT: (typeof CloseCode)["SIGNED_OUT"] = 4401;

/** What a session is made of. */
export interface SessionOptions {
  readonly chooser: TransportChooser;
  readonly world: World;
  readonly storage: Storage;
  /** Where the visitor is, asked when it is told. */
  context(): Context;
  /** Called with what is new. */
  update(update: Update): void;
}

/**
 * The visitor's one conversation, kept in the tab that holds the connection: it finds or begins the conversation, and
 * turns the client's changes into what the panel shows.
 */
export class Session implements Leading {
  readonly client: ChatClient;
  #options: SessionOptions;
  #channel: string | undefined;
  #site: SiteState | null = null;
  #awaiting: ((channel: string) => void)[] = [];
  #own: OwnConversation | undefined;
  #contact: Contact | undefined;
  #contactTold = "";
  #seen = 0;
  #skew = 0;
  /** Whether what is shown of the messages comes from this session. */
  #showing = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { storage } = options;
    this.client = new ChatClient({
      world: options.world,
      storage,
      connector: options.chooser.connect,
      hello: () => {
        const token = storage.get(TOKEN);
        return { context: options.context(), ...(token ? { token } : {}) };
      },
      welcomed: (frame) => this.#welcomed(frame),
    });
    this.client.subscribe((changes) => this.#changed(changes));
  }

  /** All that is known, for a tab that has just come. */
  snapshot(): Update {
    return { state: this.#state(), messages: this.#showing ? (this.#log?.list() ?? []) : [], cleared: this.#showing };
  }

  deliver(entry: OutboxEntry): void {
    if (entry.start) this.#options.storage.set(STARTED, entry.start);
    const where = this.#channel ? { channel: this.#channel } : {};
    this.client.deliver({ ...entry, ...where });
  }

  retry(clientId: string): void {
    this.client.retry(clientId);
  }

  discard(clientId: string): void {
    this.client.discard(clientId);
  }

  async edit(seq: number, body: string): Promise<unknown> {
    return this.client.edit(await this.#opened(), seq, body);
  }

  async remove(seq: number): Promise<unknown> {
    return this.client.remove(await this.#opened(), seq);
  }

  async history(): Promise<unknown> {
    return this.client.history(await this.#opened());
  }

  seen(seq: number): void {
    if (!this.#channel || seq <= this.#seen) return;
    this.#seen = seq;
    this.client.seen(this.#channel, seq);
    this.#tell([], false);
  }

  typing(on: boolean, draft: string): void {
    if (this.#channel) this.client.typing(this.#channel, on, this.#site?.draft_preview && on ? draft : undefined);
  }

  identify(contact: Contact): void {
    this.#contact = contact;
    this.#tellContact();
  }

  moved(context: Context): void {
    this.client.tell({ t: "context", context });
  }

  wake(): void {
    this.#options.chooser.forget();
    this.client.wake();
  }

  /** Ends the connection. */
  end(): void {
    this.client.disconnect();
  }

  /** Ends the visitor's token, on the server and here, and goes on as somebody unknown. */
  reset(): void {
    const { client } = this;
    this.#contact = undefined;
    const anew = (): void => {
      this.#forget();
      client.disconnect();
      client.connect();
    };
    if (this.#options.storage.get(TOKEN)) {
      client.connect();
      client.request({ t: "sign_out" }).then(anew, anew);
    } else {
      anew();
    }
  }

  /** The conversation's channel, as soon as it is known: a tab that takes over is asked before it is connected. */
  #opened(): Promise<string> {
    return new Promise((resolve) => {
      if (this.#channel) resolve(this.#channel);
      else this.#awaiting.push(resolve);
    });
  }

  get #log(): ChannelLog | undefined {
    return this.#channel === undefined ? undefined : this.client.channel(this.#channel);
  }

  #forget(): void {
    const { storage } = this.#options;
    for (const key of storage.keys("")) storage.remove(key);
    if (this.#channel) this.client.close(this.#channel);
    this.client.clearOutbox();
    this.#channel = this.#own = undefined;
    this.#contactTold = "";
    this.#seen = 0;
    this.#showing = false;
    this.#tell([], true);
  }

  #welcomed(frame: Welcome): void {
    const { storage, world } = this.#options;
    if (frame.token) storage.set(TOKEN, frame.token);
    this.#site = frame.site ?? null;
    this.#skew = Date.parse(frame.now) - world.now() || 0;
    this.#contactTold = "";
    const own = frame.conversations ?? [];
    const started = storage.get(STARTED);
    this.#own = own.find(({ start }) => start === started) ?? own[0];
    if (this.#own) this.#begun(this.#own.channel, this.#own.start);
  }

  #begun(channel: string, start: string): void {
    this.#options.storage.set(STARTED, start);
    this.#channel = channel;
    this.client.open(channel);
    for (const resolve of this.#awaiting.splice(0)) resolve(channel);
    this.#tellContact();
  }

  #tellContact(): void {
    if (!this.#contact) return;
    const { name = null, mail = null, attributes = {}, token = null } = this.#contact;
    const frame = { t: "contact", name, mail, attributes, token } as const;
    const told = encode(frame);
    // What was signed is told at once; what is only said, once there is somebody to whom it matters.
    if (!(token || this.#channel) || this.client.status !== "online" || told === this.#contactTold) return;
    this.#contactTold = told;
    this.client.request(frame).catch(() => {});
  }

  #changed(changes: Changes): void {
    const { client } = this;
    if (client.status === "ended" && client.endCode === SIGNED_OUT && this.#options.storage.get(TOKEN)) {
      this.#forget();
      client.connect();
      return;
    }
    for (const frame of changes.frames) {
      if (frame.t === "site") this.#site = frame.site;
      if (!("channel" in frame) || frame.channel !== this.#channel) continue;
      if (frame.t === "gone") this.#forget();
      // Where others are not told it, the server says how far the visitor has seen on any device.
      if ("seen" in frame) this.#seen = Math.max(this.#seen, frame.seen ?? 0);
    }
    this.#adopt();
    if (changes.status) this.#tellContact();
    const log = this.#log;
    const news = log && changes.channels.get(log.channel);
    // What other tabs, or this one before, show stays until the whole is here.
    if (log && !this.#showing && log.synced) {
      this.#showing = true;
      this.#tell(log.list(), true);
    } else if (this.#showing && news) {
      this.#tell(news.cleared ? (log?.list() ?? []) : [...news.messages.values()], news.cleared);
    } else {
      this.#tell([], false);
    }
  }

  /** An ack has named the channel of the conversation that was begun on this device. */
  #adopt(): void {
    const start = this.#options.storage.get(STARTED);
    const channel = start && this.client.outbox.channelOf(start);
    if (channel && !this.#channel) this.#begun(channel, start);
  }

  #tell(messages: readonly Message[], cleared: boolean): void {
    this.#options.update({ state: this.#state(), messages, cleared });
  }

  #state(): WidgetState {
    const { client } = this;
    const log = this.#log;
    const limits = client.welcome?.limits;
    return {
      ...BLANK,
      status: client.status,
      site: this.#site,
      begun: this.#channel !== undefined,
      resolved: log?.head?.kind === "conversation" && log.head.status === "resolved",
      marks: log?.marks.agents ?? BLANK.marks,
      seen: Math.max(this.#seen, log?.marks.visitor.seen ?? 0),
      unread: this.#unread(log),
      typing: client.typists(this.#channel ?? "").map(({ person }) => person),
      outbox: client.outbox.list().map((entry) => ({ ...entry })),
      mail: !!(this.#own?.mail || this.#contact?.mail),
      more: log?.more ?? false,
      ...(limits ? { maxChars: limits.message_chars, editMs: limits.edit_ms, files: limits } : {}),
      skew: this.#skew,
    };
  }

  #unread(log: ChannelLog | undefined): number {
    if (!log?.epoch) return this.#own?.unread ?? 0;
    const seen = Math.max(this.#seen, log.marks.visitor.seen);
    let count = 0;
    for (let seq = log.last; seq > seen && seq >= log.first; seq--) {
      const message = log.get(seq);
      if (message?.author.role === "agent" && !message.removed) count++;
    }
    return count;
  }
}
