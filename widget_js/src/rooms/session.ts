import { type Changes, ChatClient } from "../client/client";
import type { ClientStatus } from "../client/line";
import type { Storage } from "../client/storage";
import type { ChannelLog } from "../core/channel";
import type { OutboxEntry } from "../core/outbox";
import { Readers } from "../core/readers";
import type { World } from "../core/world";
import type { FileLimits } from "../files/uploads";
import type { Author, File, Message, RoomHead, ServerFrame } from "../protocol.gen";
import type { Connector } from "../transport/transport";

/** What a room's session is made of. */
export interface RoomSessionOptions {
  readonly connector: Connector;
  readonly world: World;
  /** Of this member on this device, whatever room is open: what is unsent leaves from any of them. */
  readonly storage: Storage;
  /** The room's channel, and who is here, by public id. */
  readonly channel: string;
  readonly me: string;
  /** Up to which message this member had seen the room when the page was made. */
  readonly seen: number;
  /** Called with what is new. */
  update(news: RoomNews): void;
  /** Frames that are of no room: the page shows notices too. */
  hear(frame: ServerFrame): void;
}

/** Everything but the messages that a room's page shows by itself. */
export interface RoomState {
  readonly status: ClientStatus;
  /** Whether what is shown comes from here: until then the page as it was made stands. */
  readonly ready: boolean;
  /** The member is not in the room any more, or it is gone. */
  readonly gone: boolean;
  readonly head: RoomHead | undefined;
  /** Who has it open now, as far as they are named. */
  readonly here: readonly Author[];
  /** What is on its way into this room. */
  readonly outbox: readonly OutboxEntry[];
  readonly seen: number;
  readonly typing: readonly Author[];
  readonly more: boolean;
  readonly maxChars: number;
  /** What files may go with one, once that is known. */
  readonly files: FileLimits | undefined;
  readonly editMs: number;
  readonly skew: number;
}

/** What is new: the whole state, the messages whose state is new, and what the server has to be asked for again. */
export interface RoomNews {
  readonly state: RoomState;
  readonly messages: readonly Message[];
  /** Everything shown before is void; `messages` is all there is. */
  readonly cleared: boolean;
  /** What the room is called, or who is in, is another. */
  readonly isRoomStale: boolean;
  /** The list of one's rooms is another. */
  readonly isListStale: boolean;
}

/** One room that a member has open: the widget's client with what only rooms have. */
export class RoomSession {
  readonly client: ChatClient;
  readonly readers = new Readers();
  #options: RoomSessionOptions;
  #here: readonly Author[] = [];
  #head: RoomHead | undefined;
  #seen: number;
  #skew = 0;
  #gone = false;
  #showing = false;
  #wasCut = false;

  constructor(options: RoomSessionOptions) {
    const { channel, connector, storage, world } = options;
    this.#options = options;
    this.#seen = options.seen;
    this.client = new ChatClient({ connector, world, storage, hello: () => ({}) });
    this.client.open(channel);
    this.client.subscribe((changes) => this.#changed(changes));
  }

  send(body: string, files: readonly File[]): void {
    this.client.send({ channel: this.#options.channel, files }, body);
  }

  history(): Promise<void> {
    return this.client.history(this.#options.channel);
  }

  edit(seq: number, body: string): Promise<unknown> {
    return this.client.edit(this.#options.channel, seq, body);
  }

  remove(seq: number): Promise<unknown> {
    return this.client.remove(this.#options.channel, seq);
  }

  typing(on: boolean): void {
    this.client.typing(this.#options.channel, on);
  }

  seen(seq: number): void {
    if (seq <= this.#seen) return;
    this.#seen = seq;
    this.client.seen(this.#options.channel, seq);
  }

  #changed(changes: Changes): void {
    let isListStale = false;
    for (const frame of changes.frames) isListStale = this.#hear(frame) || isListStale;
    const log = this.client.channel(this.#options.channel);
    const news = changes.channels.get(this.#options.channel);
    const head = log?.head?.kind === "room" ? log.head : undefined;
    const told = [...(news?.messages.values() ?? [])].some(({ kind }) => kind === "system");
    let isRoomStale = this.#showing && (told || (head !== undefined && head !== this.#head));
    this.#head = head ?? this.#head;
    const begins = log?.synced === true && !this.#showing;
    if (begins) this.#showing = true;
    if (log?.synced && this.#wasCut) {
      this.#wasCut = false;
      isRoomStale = isListStale = true;
    }
    const all = begins || (this.#showing && news?.cleared === true);
    this.#options.update({
      state: this.#state(log),
      messages: all ? (log?.list() ?? []) : this.#showing ? [...(news?.messages.values() ?? [])] : [],
      cleared: all,
      isRoomStale,
      isListStale,
    });
  }

  /** Takes a frame; says whether it makes the list of rooms stale. */
  #hear(frame: ServerFrame): boolean {
    const { channel, hear, world } = this.#options;
    if (frame.t === "welcome") this.#skew = Date.parse(frame.now) - world.now() || 0;
    if ("channel" in frame && frame.channel === channel) {
      if (frame.t === "head" || frame.t === "readers") this.readers.take(frame.readers ?? []);
      else if (frame.t === "presence") this.#here = frame.viewers;
      else if (frame.t === "gone") this.#gone = true;
    }
    hear(frame);
    return frame.t === "rooms";
  }

  #state(log: ChannelLog | undefined): RoomState {
    const { client } = this;
    const { channel, me } = this.#options;
    const { limits } = client.welcome ?? {};
    if (this.#showing && client.status !== "online") this.#wasCut = true;
    return {
      status: client.status,
      ready: this.#showing,
      gone: this.#gone,
      head: this.#head,
      here: client.status === "online" ? this.#here : [],
      outbox: client.outbox.list().filter((entry) => entry.channel === channel),
      seen: Math.max(this.#seen, this.readers.seenBy(me)),
      typing: client.typists(channel).flatMap(({ person }) => (person.id === me ? [] : [person])),
      more: log?.more ?? false,
      maxChars: limits?.message_chars ?? 4000,
      files: limits,
      editMs: limits?.edit_ms ?? 0,
      skew: this.#skew,
    };
  }
}
