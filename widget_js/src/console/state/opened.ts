/**
 * The conversation that is open: its public channel and its staff channel, what is being written, and who else is here.
 *
 * The client keeps both channels; this turns their state into what the page shows, once per change.
 */

import { batch, signal } from "@preact/signals";
import type { ChannelChanges, ChatClient, Typist } from "../../client/client";
import type { World } from "../../core/world";
import type { Attachments } from "../../files/attachments";
import type { Author, File, Message, PresenceFrame, SideMarks, StaffHead } from "../../protocol.gen";
import type { Drafts, Mode } from "../model/drafts";
import { answeredMeanwhile } from "../model/guard";
import { type Item, type MessageItem, timeline } from "../model/timeline";
import { UNDO_MS } from "./notices";

/** An own message that is being changed. */
export interface Editing {
  readonly channel: string;
  readonly seq: number;
  readonly mode: Mode;
  readonly before: string;
}

/** What an open conversation works with; `me` is this agent's person id. */
export interface OpenParts {
  readonly client: ChatClient;
  readonly world: World;
  readonly drafts: Drafts;
  /** The files that go with what is written. */
  readonly attached?: Pick<Attachments, "ready" | "sent">;
  readonly me: string;
}

const NO_MARKS: SideMarks = { delivered: 0, seen: 0 };

export class OpenConversation {
  readonly channel: string;
  readonly items = signal<readonly Item[]>([]);
  /** Whether the server has answered, so that an empty log is empty and not merely unknown. */
  readonly ready = signal(false);
  /** The conversation cannot be read (any more). */
  readonly gone = signal(false);
  readonly staffHead = signal<StaffHead | null>(null);
  readonly typists = signal<readonly Typist[]>([]);
  /** The other agents who have it open, and whether the visitor's page is connected. */
  readonly viewers = signal<readonly Author[]>([]);
  readonly visitorOnline = signal(false);
  readonly mode = signal<Mode>("reply");
  readonly text = signal("");
  readonly editing = signal<Editing | null>(null);
  /** Another agent's answer that came while this one was writing: to be confirmed before sending. */
  readonly overtaken = signal<Message | null>(null);
  /** What was wrong with the last thing that was tried. */
  readonly error = signal<string | null>(null);
  /** A message to show when it is held: a search hit. */
  readonly wanted = signal<number | null>(null);
  readonly loadingOlder = signal(false);

  readonly #client: ChatClient;
  readonly #drafts: Drafts;
  readonly #attached: OpenParts["attached"];
  readonly #me: string;
  readonly #world: World;
  readonly #removals = new Map<string, { channel: string; seq: number; cancel: () => void }>();
  #staff: string | undefined;
  /** The last public message that stood there when the text was begun; null while there is no text. */
  #begunAt: number | null = null;

  /** `staff` is the staff channel where it is known; else the public channel's head names it. */
  constructor(parts: OpenParts, channel: string, staff: string | undefined) {
    const { client, drafts } = parts;
    this.#client = client;
    this.#drafts = drafts;
    this.#attached = parts.attached;
    this.#world = parts.world;
    this.#me = parts.me;
    this.channel = channel;
    this.text.value = drafts.read(channel, "reply");
    client.open(channel);
    if (staff) this.#openStaff(staff);
    this.refresh();
  }

  /** The staff channel's name, once known. */
  get staff(): string | undefined {
    return this.#staff;
  }

  /** The number of the newest public message that is held. */
  get lastSeq(): number {
    return this.#client.channel(this.channel)?.last ?? 0;
  }

  /** Whether there are older messages to load. */
  get hasOlder(): boolean {
    return this.#client.channel(this.channel)?.more ?? false;
  }

  /** Ends the subscription of both channels. */
  leave(): void {
    for (const clientId of this.#removals.keys()) this.#removeNow(clientId);
    this.#client.typing(this.channel, false);
    this.#client.close(this.channel);
    if (this.#staff) this.#client.close(this.#staff);
  }

  /** Takes in what is new in the client, if it concerns this conversation. */
  changed(channels: ReadonlyMap<string, ChannelChanges>, outbox: boolean): void {
    const concerned = channels.has(this.channel) || (this.#staff !== undefined && channels.has(this.#staff));
    if (concerned || outbox) this.refresh();
  }

  /** Takes in who is here. */
  present(frame: PresenceFrame): void {
    if (frame.channel !== this.#staff) return;
    batch(() => {
      this.viewers.value = frame.viewers.filter((agent) => agent.id !== this.#me);
      this.visitorOnline.value = frame.visitor_online;
    });
  }

  /** Draws everything from the client's state anew. */
  refresh(): void {
    const log = this.#client.channel(this.channel);
    if (log?.staff && log.staff !== this.#staff) this.#openStaff(log.staff);
    const staffLog = this.#staff ? this.#client.channel(this.#staff) : undefined;
    const publicMessages = log?.list() ?? [];
    const staffMessages = staffLog?.list() ?? [];
    const outbox = this.#client.outbox.list();
    batch(() => {
      this.items.value = timeline({
        publicMessages,
        staffMessages,
        publicOutgoing: outbox.filter((entry) => entry.channel === this.channel),
        staffOutgoing: outbox.filter((entry) => entry.channel !== undefined && entry.channel === this.#staff),
        complete: log?.synced === true && !log.more,
        visitor: log?.marks.visitor ?? NO_MARKS,
        removing: new Set(this.#removals.keys()),
        me: this.#me,
      });
      if (log?.synced) this.ready.value = true;
      if (staffLog?.head?.kind === "staff") this.staffHead.value = staffLog.head;
      this.typists.value = this.#allTypists();
    });
    this.#loadMissingStaff();
    this.#loadWanted();
  }

  /** Loads older messages, and the notes between them. */
  async loadOlder(): Promise<void> {
    if (this.loadingOlder.peek() || !this.hasOlder) return;
    this.loadingOlder.value = true;
    try {
      await this.#client.history(this.channel);
    } catch (refused) {
      this.error.value = (refused as Error).message;
    } finally {
      this.loadingOlder.value = false;
    }
    this.#loadWanted();
  }

  /** Loads older messages until number `seq` is held; the log then shows it. */
  want(seq: number): void {
    this.wanted.value = seq;
    this.#loadWanted();
  }

  /** Switches between a reply and a note; each keeps its own draft. */
  setMode(mode: Mode): void {
    if (mode === this.mode.value || this.editing.value) return;
    batch(() => {
      this.mode.value = mode;
      this.text.value = this.#drafts.read(this.channel, mode);
      this.overtaken.value = null;
    });
  }

  /** Takes what was typed: keeps it as the draft and lets the visitor know that somebody is writing. */
  write(text: string): void {
    const began = this.text.value === "" && text !== "";
    this.text.value = text;
    this.error.value = null;
    if (this.editing.value) return;
    this.#drafts.write(this.channel, this.mode.value, text);
    if (this.mode.value !== "reply") return;
    if (began || this.#begunAt === null) this.#begunAt = this.lastSeq;
    if (text === "") {
      this.#begunAt = null;
      this.overtaken.value = null;
    }
    this.#client.typing(this.channel, text !== "");
  }

  /** Sends what is written. If another agent answered meanwhile, it asks first; `anyway` is the answer. */
  async send(anyway = false): Promise<void> {
    const body = this.text.value.trim();
    if (this.editing.value) return body === "" ? undefined : this.#saveEdit(this.editing.value, body);
    const files = this.#attached?.ready ?? [];
    if (body === "" && files.length === 0) return;
    if (this.mode.value === "note") return this.#sendNote(body, files);
    const messages = this.#client.channel(this.channel)?.list() ?? [];
    const answer = answeredMeanwhile(messages, this.#begunAt ?? this.lastSeq, this.#me);
    if (answer && !anyway) {
      this.overtaken.value = answer;
      return;
    }
    this.#client.send({ channel: this.channel, files }, body);
    this.#emptied();
  }

  /** Gives up the question of {@link send}; the text stays and counts as begun now. */
  keepWriting(): void {
    this.overtaken.value = null;
    this.#begunAt = this.lastSeq;
  }

  /** Puts an own message into the box to be changed. */
  startEdit(item: MessageItem): void {
    const channel = item.kind === "note" ? this.#staff : this.channel;
    if (!item.message || !channel) return;
    const mode: Mode = item.kind === "note" ? "note" : "reply";
    batch(() => {
      this.editing.value = { channel, seq: item.message?.seq ?? 0, mode, before: item.body };
      this.mode.value = mode;
      this.text.value = item.body;
      this.error.value = null;
    });
  }

  /** The last own message that can be changed is put into the box; returns whether there was one. */
  editLast(changeable: (item: MessageItem) => boolean): boolean {
    const last = this.items.value.findLast(
      (item): item is MessageItem => item.kind === this.#kindOfMode() && changeable(item),
    );
    if (last) this.startEdit(last);
    return last !== undefined;
  }

  /** Leaves the message as it was. */
  cancelEdit(): void {
    batch(() => {
      this.editing.value = null;
      this.text.value = this.#drafts.read(this.channel, this.mode.value);
      this.error.value = null;
    });
  }

  /**
   * Takes an own message away: here at once, for the others when ten seconds have passed or the conversation is left, since
   * what they have been told to forget cannot come back. The answer takes it back.
   */
  remove(item: MessageItem): () => void {
    const channel = item.kind === "note" ? this.#staff : this.channel;
    const seq = item.message?.seq;
    if (seq === undefined || !channel) return () => {};
    const cancel = this.#world.after(UNDO_MS, () => this.#removeNow(item.clientId));
    this.#removals.set(item.clientId, { channel, seq, cancel });
    this.refresh();
    return () => {
      cancel();
      this.#removals.delete(item.clientId);
      this.refresh();
    };
  }

  /** Tries a failed message again. */
  retry(item: MessageItem): void {
    this.#client.retry(item.clientId);
  }

  /** Gives up a failed message; its text goes back into the box, before what is there. */
  takeBack(item: MessageItem): void {
    this.#client.discard(item.clientId);
    this.setMode(item.kind === "note" ? "note" : "reply");
    this.write([item.body, this.text.value].filter(Boolean).join("\n"));
  }

  /** Reports that the public messages up to `seq` were in a visible, focused view. */
  seen(seq: number): void {
    this.#client.seen(this.channel, seq);
  }

  #removeNow(clientId: string): void {
    const removal = this.#removals.get(clientId);
    if (!removal) return;
    removal.cancel();
    const forget = (): void => {
      this.#removals.delete(clientId);
      this.refresh();
    };
    this.#client.remove(removal.channel, removal.seq).then(forget, (refused: Error) => {
      this.error.value = refused.message;
      forget();
    });
  }

  #openStaff(staff: string): void {
    this.#staff = staff;
    this.#client.open(staff);
  }

  #kindOfMode(): MessageItem["kind"] {
    return this.mode.value === "note" ? "note" : "message";
  }

  async #saveEdit(editing: Editing, body: string): Promise<void> {
    if (body === editing.before) return this.cancelEdit();
    try {
      await this.#client.edit(editing.channel, editing.seq, body);
      if (this.editing.value === editing) this.cancelEdit();
    } catch (refused) {
      this.error.value = (refused as Error).message;
    }
  }

  #sendNote(body: string, files: readonly File[]): void {
    if (!this.#staff) return;
    this.#client.send({ channel: this.#staff, after_seq: this.lastSeq, files }, body);
    this.#emptied();
  }

  #emptied(): void {
    this.#attached?.sent(this.#attached.ready.map(({ id }) => id));
    this.#drafts.write(this.channel, this.mode.value, "");
    this.#begunAt = null;
    batch(() => {
      this.text.value = "";
      this.overtaken.value = null;
    });
  }

  /** The visitor's draft comes by the staff channel, the fact that somebody types by the public one. */
  #allTypists(): Typist[] {
    const byPerson = new Map<string, Typist>();
    const typists = [...this.#client.typists(this.channel), ...(this.#staff ? this.#client.typists(this.#staff) : [])];
    for (const typist of typists) {
      if (typist.person.id === this.#me) continue;
      const known = byPerson.get(typist.person.id);
      byPerson.set(typist.person.id, typist.draft === undefined && known ? known : typist);
    }
    return [...byPerson.values()];
  }

  /** One page nearer to what is wanted; its arrival calls this again. */
  #loadWanted(): void {
    const log = this.#client.channel(this.channel);
    const wanted = this.wanted.peek();
    if (wanted !== null && log?.synced && log.first > wanted) void this.loadOlder();
  }

  /** Notes reach back as far as the public messages that are held. */
  #loadMissingStaff(): void {
    const staffLog = this.#staff ? this.#client.channel(this.#staff) : undefined;
    const first = this.#client.channel(this.channel)?.first ?? 0;
    const oldest = staffLog?.get(staffLog.first);
    if (!staffLog?.synced || !staffLog.more || !oldest || (oldest.after_seq ?? 0) < first) return;
    void this.#client.history(staffLog.channel).catch((refused: Error) => {
      this.error.value = refused.message;
    });
  }
}
