/** Makers of protocol objects for the console's tests: what a test does not name is unremarkable. */

import type { Author, ConversationRow, Message } from "../../src/protocol.gen";

/** A UUID that ends in `number`. */
export function id(number: number): string {
  return `00000000-0000-7000-8000-${String(number).padStart(12, "0")}`;
}

export const ADA: Author = { id: id(9001), name: "Ada Byron", role: "agent" };
export const GRACE: Author = { id: id(9002), name: "Grace Hopper", role: "agent" };
export const MAEVE: Author = { id: id(9101), name: "Maeve Byrne", role: "visitor" };

/** A moment `minutes` after a fixed noon, as the wire spells it. */
export function at(minutes: number): string {
  return new Date(Date.UTC(2026, 2, 4, 12, minutes)).toISOString();
}

export function row(number: number, part: Partial<ConversationRow> = {}): ConversationRow {
  return {
    channel: id(number),
    staff: id(5000 + number),
    site: "teahouse",
    visitor: MAEVE,
    version: 1,
    last_seq: 1,
    unread: 1,
    status: "open",
    assignee: null,
    snoozed_until: null,
    preview: "Hello",
    preview_role: "visitor",
    created_at: at(number),
    activity_at: at(number),
    stamp: number,
    ...part,
  };
}

export function message(seq: number, author: Author, part: Partial<Message> = {}): Message {
  return {
    seq,
    client_id: id(100 + seq),
    author,
    kind: "text",
    body: `Message ${seq}`,
    at: at(seq),
    version: seq,
    ...part,
  };
}
