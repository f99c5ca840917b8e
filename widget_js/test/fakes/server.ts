import type {
  Ack,
  Author,
  ClientFrame,
  Edit,
  EventFrame,
  HistoryFrame,
  Message,
  Position,
  Remove,
  Send,
  ServerFrame,
  SideMarks,
} from "../../src/protocol.gen";
import type { Connector, TransportEvents } from "../../src/transport/transport";

export const VISITOR: Author = { id: "visitor", name: null, role: "visitor" };
export const AGENT: Author = { id: "agent", name: "Ada", role: "agent" };

const CHANGES_MAX = 500;
const WINDOW = 50;

interface Channel {
  readonly id: string;
  readonly start: string;
  version: number;
  readonly messages: Message[];
  visitor: SideMarks;
  agents: SideMarks;
}

interface Connection {
  readonly events: TransportEvents;
  readonly author: Author;
  readonly opened: Set<string>;
  open: boolean;
}

/**
 * The server's rules in the small, as docs/protocol.md has them: numbers, versions, resume, exactly once. A test turns
 * its screws: `carry` decides what becomes of each frame on its way down, `answer` may refuse what comes up.
 */
export class FakeServer {
  epoch = "e1";
  readonly channels = new Map<string, Channel>();
  readonly connections: Connection[] = [];
  /** All that clients have sent, in order. */
  readonly heard: ClientFrame[] = [];
  /** Frames as they reach the client; by default as they are. */
  carry: (frame: ServerFrame) => ServerFrame[] = (frame) => [frame];
  /** A refusal instead of the answer. */
  refuse: (frame: ClientFrame) => { code: number; retry_after?: number } | undefined = () => undefined;
  /** Whether a handshake succeeds. */
  reachable = true;

  /** A way to connect as `author`. */
  connector(author: Author = VISITOR): Connector {
    return (hello, events) => {
      const connection: Connection = { events, author, opened: new Set(), open: true };
      queueMicrotask(() => {
        if (!connection.open) return;
        if (!this.reachable) {
          connection.open = false;
          events.closed(1006, 0);
          return;
        }
        this.connections.push(connection);
        events.opened();
        this.#receive(connection, hello());
      });
      return {
        send: (frame) => {
          if (connection.open) this.#receive(connection, structuredClone(frame));
        },
        close: () => this.#forget(connection),
      };
    };
  }

  /** Cuts all connections. */
  cut(code = 1006, retryAfter = 0): void {
    for (const connection of [...this.connections]) {
      this.#forget(connection);
      connection.events.closed(code, retryAfter);
    }
  }

  begin(start: string): Channel {
    const known = [...this.channels.values()].find((channel) => channel.start === start);
    if (known) return known;
    const none = { delivered: 0, seen: 0 };
    const channel: Channel = { id: `channel-${start}`, start, version: 0, messages: [], visitor: none, agents: none };
    this.channels.set(channel.id, channel);
    return channel;
  }

  /** Somebody writes, without a client. */
  write(channel: Channel, body: string, author: Author = AGENT, clientId = `w${channel.messages.length}`): Message {
    const message: Message = {
      seq: channel.messages.length + 1,
      client_id: clientId,
      author,
      kind: "text",
      body,
      at: new Date(1_700_000_000_000 + channel.messages.length * 1000).toISOString(),
      version: channel.version + 1,
      revision: 0,
      removed: false,
    };
    channel.messages.push(message);
    this.#publish(channel, [message]);
    return message;
  }

  /** Somebody changes a message, without a client. */
  change(channel: Channel, seq: number, news: Partial<Message>): void {
    const present = channel.messages[seq - 1];
    if (!present) return;
    const message = { ...present, ...news, version: channel.version + 1 };
    channel.messages[seq - 1] = message;
    this.#publish(channel, [message]);
  }

  /** The other side has received or seen. */
  mark(channel: Channel, marks: SideMarks): void {
    channel.agents = marks;
    this.#toAll(channel, { t: "marks", channel: channel.id, visitor: channel.visitor, agents: marks });
  }

  /** A frame to everybody who has the channel open. */
  tell(channel: Channel, frame: ServerFrame): void {
    this.#toAll(channel, frame);
  }

  #forget(connection: Connection): void {
    connection.open = false;
    const index = this.connections.indexOf(connection);
    if (index >= 0) this.connections.splice(index, 1);
  }

  #publish(channel: Channel, messages: Message[]): void {
    const from = channel.version;
    channel.version += messages.length;
    const event: EventFrame = { t: "event", channel: channel.id, from, to: channel.version, messages };
    this.#toAll(channel, event);
  }

  #toAll(channel: Channel, frame: ServerFrame): void {
    for (const connection of this.connections) if (connection.opened.has(channel.id)) this.#say(connection, frame);
  }

  #say(connection: Connection, frame: ServerFrame): void {
    const copy = structuredClone(frame);
    queueMicrotask(() => {
      if (connection.open) connection.events.frames(this.carry(copy));
    });
  }

  #receive(connection: Connection, frame: ClientFrame): void {
    this.heard.push(frame);
    const refusal = this.refuse(frame);
    if (refusal && "ref" in frame) {
      this.#say(connection, { t: "error", ref: frame.ref, name: "refused", message: "Refused.", ...refusal });
      return;
    }
    switch (frame.t) {
      case "hello": {
        const limits = { message_chars: 4000, frame_bytes: 65_536, edit_ms: 900_000 };
        const welcome = { v: 1, epoch: this.epoch, release: "0", now: new Date(0).toISOString(), limits } as const;
        // Newest first, as the server tells them.
        const conversations = [...this.channels.values()].reverse().map(({ id, start, version, messages }) => ({
          channel: id,
          start,
          version,
          last_seq: messages.length,
          unread: 0,
          status: "open" as const,
        }));
        const token = frame.token ? {} : { token: "fresh" };
        this.#say(connection, { t: "welcome", ...welcome, ...token, conversations, heartbeat_ms: 20_000 });
        for (const position of frame.positions ?? []) this.#resume(connection, position.channel, position);
        break;
      }
      case "open":
        this.#resume(connection, frame.channel, frame.position ?? undefined);
        break;
      case "send":
        this.#stored(connection, frame);
        break;
      case "edit":
      case "remove":
        this.#changed(connection, frame);
        break;
      case "history":
        this.#page(connection, frame);
        break;
      case "ping":
        this.#say(connection, { t: "pong" });
        break;
      case "contact":
      case "sign_out":
        this.#say(connection, { t: "done", ref: frame.ref });
    }
  }

  #resume(connection: Connection, id: string, position: Position | undefined): void {
    const channel = this.channels.get(id);
    if (!channel) {
      this.#say(connection, { t: "gone", channel: id });
      return;
    }
    connection.opened.add(id);
    const known = position?.epoch ? position : undefined;
    const { version, messages } = channel;
    const continued =
      known && known.epoch === this.epoch && known.version <= version && version - known.version <= CHANGES_MAX;
    if (known && !continued) this.#say(connection, { t: "reset", channel: id, reason: "epoch" });
    this.#say(connection, {
      t: "head",
      channel: id,
      epoch: this.epoch,
      version,
      first_seq: 1,
      last_seq: messages.length,
      state: "open",
      head: { kind: "conversation", status: "open" },
      marks: { visitor: channel.visitor, agents: channel.agents },
    });
    const after = continued ? messages.filter(({ seq }) => seq > known.last) : messages.slice(-WINDOW);
    const changed = continued
      ? messages.filter(
          (message) => message.seq >= known.first && message.seq <= known.last && message.version > known.version,
        )
      : [];
    for (const part of [after, changed])
      if (part.length) this.#say(connection, { t: "messages", channel: id, messages: part });
    this.#say(connection, { t: "synced", channel: id, version });
  }

  #stored(connection: Connection, frame: Send): void {
    const channel = frame.channel ? this.channels.get(frame.channel) : this.begin(frame.start ?? "");
    if (!channel) return;
    let message = channel.messages.find(
      (one) => one.client_id === frame.client_id && one.author.id === connection.author.id,
    );
    const isNew = !message;
    message ??= this.write(channel, frame.body, connection.author, frame.client_id);
    this.#ack(connection, frame.ref, channel, message);
    if (!connection.opened.has(channel.id)) this.#resume(connection, channel.id, undefined);
    // A repeat is published again.
    if (!isNew)
      this.#toAll(channel, {
        t: "event",
        channel: channel.id,
        from: message.version - 1,
        to: message.version,
        messages: [message],
      });
  }

  #changed(connection: Connection, frame: Edit | Remove): void {
    const channel = this.channels.get(frame.channel);
    if (!channel) return;
    const present = channel.messages[frame.seq - 1];
    if (frame.t === "edit" && present?.revision !== frame.revision)
      this.change(channel, frame.seq, { body: frame.body, revision: frame.revision });
    if (frame.t === "remove" && !present?.removed) this.change(channel, frame.seq, { body: "", removed: true });
    const message = channel.messages[frame.seq - 1];
    if (message) this.#ack(connection, frame.ref, channel, message);
  }

  #ack(connection: Connection, ref: number, channel: Channel, message: Message): void {
    const { client_id, seq, version, revision = 0, at } = message;
    const ack: Ack = { t: "ack", ref, channel: channel.id, client_id, seq, version, revision, at };
    this.#say(connection, ack);
  }

  #page(connection: Connection, frame: HistoryFrame): void {
    const all = this.channels.get(frame.channel)?.messages ?? [];
    const before = all.filter(({ seq }) => seq < frame.before);
    const messages = before.slice(-(frame.limit ?? WINDOW));
    const more = before.length > messages.length;
    this.#say(connection, { t: "page", ref: frame.ref, channel: frame.channel, messages, more });
  }
}
