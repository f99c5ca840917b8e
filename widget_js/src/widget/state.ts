import type { ClientStatus } from "../client/client";
import type { OutboxEntry } from "../core/outbox";
import type { Author, Context, Message, SideMarks, SiteState } from "../protocol.gen";
import type { Contact } from "./host";

/** Everything but the messages that the panel shows. Plain data: it is handed to the other tabs as it is. */
export interface WidgetState {
  readonly status: ClientStatus;
  /** What the server says of the team; null before the first connection. */
  readonly site: SiteState | null;
  /** Whether a conversation exists. */
  readonly begun: boolean;
  readonly resolved: boolean;
  /** The team's watermarks. */
  readonly marks: SideMarks;
  /** Up to which message this visitor has seen the conversation, on whichever device. */
  readonly seen: number;
  /** How many messages of the team are unseen; stops at 99. */
  readonly unread: number;
  readonly typing: Author | null;
  readonly outbox: readonly OutboxEntry[];
  /** Whether there are messages before the first one held. */
  readonly more: boolean;
  /** Longest message, in characters, and how long (ms) one may be changed. */
  readonly maxChars: number;
  readonly editMs: number;
  /** Difference of the server's clock to this device's, in ms. */
  readonly skew: number;
}

/** What is new: the whole state, and the messages whose state is new. */
export interface Update {
  readonly state: WidgetState;
  readonly messages: readonly Message[];
  /** Everything shown before is void; `messages` is all there is. */
  readonly cleared: boolean;
}

/** What the panel can ask for, in whichever tab the connection lives. All may be asked twice. */
export interface Commands {
  deliver(entry: OutboxEntry): void;
  retry(clientId: string): void;
  discard(clientId: string): void;
  edit(seq: number, body: string): Promise<unknown>;
  remove(seq: number): Promise<unknown>;
  history(): Promise<unknown>;
  seen(seq: number): void;
  typing(on: boolean, draft: string): void;
  /** The visitor went to another page. */
  moved(context: Context): void;
  identify(contact: Contact): void;
  reset(): void;
  wake(): void;
}

/** Before anything is known. */
export const BLANK: WidgetState = {
  status: "idle",
  site: null,
  begun: false,
  resolved: false,
  marks: { delivered: 0, seen: 0 },
  seen: 0,
  unread: 0,
  typing: null,
  outbox: [],
  more: false,
  maxChars: 4000,
  editMs: 0,
  skew: 0,
};

/** Whether a message has still to leave this device. */
export function isUnsent({ state }: OutboxEntry): boolean {
  return state === "waiting" || state === "sending";
}
