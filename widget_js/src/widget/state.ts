import type { ClientStatus } from "../client/client";
import type { OutboxEntry } from "../core/outbox";
import type { FileLimits } from "../files/uploads";
import type { Context, SideMarks, SiteState } from "../protocol.gen";
import type { Contact } from "./host";
import type { LogState, LogUpdate } from "./log";

/** Everything but the messages that the panel shows. Plain data: it is handed to the other tabs as it is. */
export interface WidgetState extends LogState {
  readonly status: ClientStatus;
  /** What the server says of the team; null before the first connection. */
  readonly site: SiteState | null;
  /** Whether a conversation exists. */
  readonly begun: boolean;
  readonly resolved: boolean;
  /** The team's watermarks. */
  readonly marks: SideMarks;
  /** How many messages of the team are unseen, as far as they are known here. */
  readonly unread: number;
  readonly outbox: readonly OutboxEntry[];
  /** Whether an address is known to which answers can be mailed. */
  readonly mail?: boolean;
  /** Longest message, in characters. */
  readonly maxChars: number;
  /** What files may go with one, once that is known. */
  readonly files: FileLimits | undefined;
}

/** What is new. */
export interface Update extends LogUpdate {
  readonly state: WidgetState;
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
  typing: [],
  outbox: [],
  more: false,
  maxChars: 4000,
  editMs: 0,
  files: undefined,
  skew: 0,
};

/** Whether a message has still to leave this device. */
export function isUnsent({ state }: OutboxEntry): boolean {
  return state === "waiting" || state === "sending";
}
