import type { ClientFrame, Hello, ServerFrame } from "../protocol.gen";

/** What a transport tells its owner. After `closed` it says nothing more. */
export interface TransportEvents {
  /** The line stands and `hello` is on its way; frames may be sent. */
  opened(): void;
  /** Frames of the server, in order. */
  frames(frames: readonly ServerFrame[]): void;
  /** The line is gone. `code` is one of `CloseCode` or RFC 6455's; `retryAfter` the server's hint in ms, 0 without. */
  closed(code: number, retryAfter: number): void;
}

/** One connection to the server. It sends `hello` by itself. */
export interface Transport {
  send(frame: ClientFrame): void;
  /** Ends the connection; no event follows. */
  close(): void;
  /** Only where channels cannot be opened by a frame: begins anew with the positions that `hello` then names. */
  reopen?(): void;
}

/** Begins a connection. `hello` is called when the first frame is due. */
export type Connector = (hello: () => Hello, events: TransportEvents) => Transport;

/** The close code for a line that broke without one (RFC 6455 §7.1.5). */
export const BROKEN = 1006;

/** One frame or an array of frames, as the server sends them. */
export function decode(text: string): ServerFrame[] {
  const value: unknown = JSON.parse(text);
  return (Array.isArray(value) ? value : [value]) as ServerFrame[];
}

/** The server's hint in a close reason or an error body, in ms; 0 without one. */
export function retryHint(text: string): number {
  try {
    const value = JSON.parse(text) as { retry_after?: unknown; error?: { retry_after?: unknown } };
    return Number(value.retry_after ?? value.error?.retry_after) || 0;
  } catch {
    return 0;
  }
}
