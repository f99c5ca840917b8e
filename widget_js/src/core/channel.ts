import type {
  ConversationHead,
  EventFrame,
  Head,
  MarksBody,
  Message,
  Messages,
  Page,
  Position,
  Reset,
  RoomHead,
  SideMarks,
  StaffHead,
  Synced,
  ThreadHead,
} from "../protocol.gen";
import { raised } from "./delivery";

/** The frames of one channel that change what a client holds of it. */
export type ChannelFrame = Head | Messages | Synced | Reset | EventFrame | Page | ({ t: "marks" } & MarksBody);

/** What applying a frame did. */
export interface Applied {
  /** Messages whose state is new here, in the order of the frame. */
  readonly changed: readonly Message[];
  /** All that was held before is void. */
  readonly cleared: boolean;
  /** Something was missed: send `open` with the position at once. */
  readonly reopen: boolean;
}

const NOTHING: Applied = { changed: [], cleared: false, reopen: false };
const NO_MARKS: { readonly visitor: SideMarks; readonly agents: SideMarks } = {
  visitor: { delivered: 0, seen: 0 },
  agents: { delivered: 0, seen: 0 },
};

/**
 * What a client holds of one channel: a window of messages `first`..`last` without a hole, every change up to
 * `version`. Frames that come twice, late or out of order end in the same state; a missed one is noticed.
 */
export class ChannelLog {
  readonly channel: string;
  /** The installation's epoch under which `version` counts; empty before the first `head`. */
  epoch = "";
  version = 0;
  /** The window; 0 and 0 while it is empty. */
  first = 0;
  last = 0;
  /** The oldest and the newest message that the channel has. */
  firstSeq = 1;
  lastSeq = 0;
  state: Head["state"] = "open";
  head: ConversationHead | StaffHead | ThreadHead | RoomHead | undefined;
  marks = NO_MARKS;
  /** For agents: the staff channel beside it. */
  staff: string | undefined;
  /** Whether a resume has been completed since the connection stands. */
  synced = false;
  #messages = new Map<number, Message>();
  /** The version that a resume under way leads to. */
  #resuming: number | undefined;

  constructor(channel: string) {
    this.channel = channel;
  }

  /** The message with number `seq`, if it is inside the window. */
  get(seq: number): Message | undefined {
    return this.#messages.get(seq);
  }

  /** The window's messages in order. */
  list(): Message[] {
    const list: Message[] = [];
    for (let seq = this.first; seq && seq <= this.last; seq++) {
      const message = this.#messages.get(seq);
      if (message) list.push(message);
    }
    return list;
  }

  /** Whether the channel has messages before the window. */
  get more(): boolean {
    return this.first > Math.max(1, this.firstSeq);
  }

  /** How much is held, for `hello` and `open`. A channel of which nothing is held has an empty epoch. */
  position(): Position {
    const { channel, epoch, version, first, last } = this;
    return { channel, epoch, version, first, last, tail: true };
  }

  /** To be called when the connection is lost: what follows a new one is a resume. */
  interrupted(): void {
    this.synced = false;
    this.#resuming = undefined;
  }

  /** Applies one frame of this channel. */
  apply(frame: ChannelFrame): Applied {
    switch (frame.t) {
      case "reset":
        return this.#clear();
      case "head":
        return this.#applyHead(frame);
      case "messages":
        return this.epoch ? this.#put(frame.messages) : NOTHING;
      case "synced":
        return this.#applySynced(frame);
      case "event":
        return this.#applyEvent(frame);
      case "marks":
        return this.#applyMarks(frame);
      case "page":
        return this.#applyPage(frame);
    }
  }

  #clear(): Applied {
    this.#messages.clear();
    this.epoch = "";
    this.version = this.first = this.last = this.lastSeq = 0;
    this.firstSeq = 1;
    this.marks = NO_MARKS;
    this.interrupted();
    return { ...NOTHING, cleared: true };
  }

  #applyHead(frame: Head): Applied {
    const cleared = this.epoch !== "" && this.epoch !== frame.epoch;
    if (cleared) this.#clear();
    if (frame.version < this.version) return NOTHING;
    this.#resuming = frame.version;
    this.epoch = frame.epoch;
    this.lastSeq = frame.last_seq;
    this.firstSeq = frame.first_seq;
    this.state = frame.state;
    this.head = frame.head;
    this.staff = frame.staff ?? undefined;
    if (frame.marks) this.#applyMarks(frame.marks);
    this.#forgetBefore(frame.first_seq);
    return { ...NOTHING, cleared };
  }

  #forgetBefore(seq: number): void {
    if (!this.first || this.first >= seq) return;
    for (; this.first < seq && this.first <= this.last; this.first++) this.#messages.delete(this.first);
    if (this.first > this.last) this.first = this.last = 0;
  }

  #applySynced(frame: Synced): Applied {
    if (this.#resuming === undefined) {
      // Its beginning never came: nothing was missed only if we stood there already.
      if (frame.version === this.version) this.synced = true;
      return { ...NOTHING, reopen: frame.version > this.version };
    }
    if (frame.version !== this.#resuming) return NOTHING;
    if (this.last < this.lastSeq) return { ...NOTHING, reopen: true };
    this.#resuming = undefined;
    this.version = Math.max(this.version, frame.version);
    this.synced = true;
    return NOTHING;
  }

  #applyEvent(frame: EventFrame): Applied {
    if (!this.epoch || (!this.synced && frame.from > this.version)) return NOTHING;
    if (frame.from > this.version) return { ...NOTHING, reopen: true };
    const applied = this.#put(frame.messages ?? []);
    if (applied.reopen || frame.to <= this.version) return applied;
    this.version = frame.to;
    if (frame.head) this.head = frame.head;
    return applied;
  }

  #applyMarks(marks: MarksBody): Applied {
    this.marks = {
      visitor: raised(this.marks.visitor, marks.visitor),
      agents: raised(this.marks.agents, marks.agents),
    };
    return NOTHING;
  }

  #applyPage(frame: Page): Applied {
    const changed: Message[] = [];
    for (const message of [...frame.messages].reverse()) {
      if (message.seq === this.first - 1) {
        this.first = message.seq;
        this.#messages.set(message.seq, message);
        changed.unshift(message);
      } else if (message.seq >= this.first) {
        changed.unshift(...this.#put([message]).changed);
      }
    }
    if (!frame.more && changed.length === 0) this.firstSeq = Math.max(this.firstSeq, this.first);
    return { ...NOTHING, changed };
  }

  /** Puts whole states at their numbers, unless what is held is as new; extends the window at its end. */
  #put(messages: readonly Message[]): Applied {
    const changed: Message[] = [];
    let reopen = false;
    for (const message of messages) {
      const held = this.#messages.get(message.seq);
      if (held ? held.version >= message.version : message.seq < this.first) continue;
      if (!held) {
        if (this.last && message.seq !== this.last + 1) {
          reopen = true;
          continue;
        }
        this.first ||= message.seq;
        this.last = message.seq;
        this.lastSeq = Math.max(this.lastSeq, message.seq);
      }
      this.#messages.set(message.seq, message);
      changed.push(message);
    }
    return { changed, cleared: false, reopen };
  }
}
