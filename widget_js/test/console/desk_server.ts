/**
 * A server in memory, as far as an open conversation needs one: channels with events, acks, receipts, typing. It answers within
 * the call, so a test only waits for the client's microtask.
 */

import { ChatClient } from "../../src/client/client";
import type { World } from "../../src/core/world";
import type { Author, ClientFrame, Head, Message, ServerFrame } from "../../src/protocol.gen";
import type { TransportEvents } from "../../src/transport/transport";
import { memoryStorage } from "../fakes/storage";
import { ADA, at, id, MAEVE, message } from "./rows";

export const PUBLIC = id(1);
export const STAFF = id(2);

export class DeskServer {
  readonly received: ClientFrame[] = [];
  readonly logs = new Map<string, Message[]>([
    [PUBLIC, []],
    [STAFF, []],
  ]);
  /** What to refuse: returns an error for a frame, or null. */
  refuse: (frame: ClientFrame) => { code: number; message: string } | null = () => null;
  /** Keeps acks (and the events of sends) back until {@link giveAcks}. */
  holdAcks = false;
  #held: ServerFrame[] = [];
  #versions = new Map<string, number>();
  #events: TransportEvents | undefined;

  /** A client that is connected to this server. */
  connect(world: World, storage = memoryStorage()): ChatClient {
    const client = new ChatClient({
      world,
      storage,
      hello: () => ({ inbox: 0 }),
      connector: (hello, events) => {
        this.#events = events;
        const first = hello();
        queueMicrotask(() => {
          events.opened();
          this.tell({
            t: "welcome",
            v: 1,
            epoch: "e",
            release: "0",
            now: at(0),
            person: ADA,
            heartbeat_ms: 0,
            limits: { message_chars: 4000, frame_bytes: 65536, edit_ms: 900_000 },
          } as ServerFrame);
          for (const position of first.positions ?? []) this.#open(position.channel, 0);
        });
        return { send: (frame) => this.#take(frame), close: () => {} };
      },
    });
    client.connect();
    return client;
  }

  giveAcks(): void {
    this.holdAcks = false;
    this.tell(...this.#held.splice(0));
  }

  /** Sends frames down. */
  tell(...frames: ServerFrame[]): void {
    this.#events?.frames(frames);
  }

  /** Appends a message of somebody and tells of it. */
  says(author: Author, body: string, channel = PUBLIC, part: Partial<Message> = {}): Message {
    const log = this.logs.get(channel) ?? [];
    const said = message(log.length + 1, author, { body, version: this.#version(channel) + 1, ...part });
    log.push(said);
    this.#happened(channel, said);
    return said;
  }

  #version(channel: string): number {
    return this.#versions.get(channel) ?? 0;
  }

  #happened(channel: string, said: Message): void {
    const from = this.#version(channel);
    this.#versions.set(channel, from + 1);
    this.#answer({ t: "event", channel, from, to: from + 1, messages: [said] });
  }

  #take(frame: ClientFrame): void {
    this.received.push(frame);
    const refusal = this.refuse(frame);
    if (refusal && "ref" in frame) {
      this.tell({ t: "error", ref: frame.ref, name: "refused", ...refusal });
    } else if (frame.t === "open") {
      this.#open(frame.channel, frame.ref);
    } else if (frame.t === "send") {
      const channel = frame.channel ?? PUBLIC;
      const part = { client_id: frame.client_id, after_seq: frame.after_seq ?? null };
      const said = this.says(ADA, frame.body, channel, part);
      this.#ack(frame.ref, channel, said);
    } else if (frame.t === "edit" || frame.t === "remove") {
      const log = this.logs.get(frame.channel) ?? [];
      const held = log[frame.seq - 1];
      if (!held) throw new Error("no such message");
      const changed = frame.t === "edit" ? { body: frame.body, revision: frame.revision } : { body: "", removed: true };
      const said = { ...held, ...changed, version: this.#version(frame.channel) + 1 };
      log[frame.seq - 1] = said;
      this.#happened(frame.channel, said);
      this.#ack(frame.ref, frame.channel, said);
    }
  }

  #ack(ref: number, channel: string, said: Message): void {
    const { client_id, seq, version } = said;
    this.#answer({ t: "ack", ref, channel, client_id, seq, version, revision: said.revision ?? 0, at: said.at });
  }

  #answer(frame: ServerFrame): void {
    if (this.holdAcks) this.#held.push(frame);
    else this.tell(frame);
  }

  #open(channel: string, ref: number): void {
    const messages = this.logs.get(channel) ?? [];
    const version = this.#version(channel);
    const head: Head = {
      t: "head",
      channel,
      epoch: "e",
      version,
      first_seq: 1,
      last_seq: messages.length,
      state: "open",
      head:
        channel === PUBLIC
          ? { kind: "conversation", status: "open" }
          : {
              kind: "staff",
              beside: PUBLIC,
              status: "open",
              assignee: null,
              snoozed_until: null,
              visitor: MAEVE,
              contact: {},
            },
      ...(channel === PUBLIC ? { staff: STAFF } : {}),
    };
    this.tell(head, { t: "messages", channel, messages: [...messages] }, { t: "synced", channel, version, ref });
  }
}
