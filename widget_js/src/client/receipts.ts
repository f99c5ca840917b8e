import type { ChannelLog } from "../core/channel";
import type { World } from "../core/world";
import type { Receipt } from "../protocol.gen";

const PERIOD_MS = 500;

interface State {
  seen: number;
  /** What was last sent on this connection. */
  sentSeen: number;
  sentDelivered: number;
}

/**
 * Reports what this device holds and what was seen on it: at most every 500 ms, at once after a pause, again after a
 * resume, and only for conversations and rooms that are up to date.
 */
export class Receipts {
  #world: World;
  #logs: () => Iterable<ChannelLog>;
  #post: (frame: Receipt) => void;
  #states = new Map<string, State>();
  #cancel: (() => void) | undefined;

  constructor(world: World, logs: () => Iterable<ChannelLog>, post: (frame: Receipt) => void) {
    this.#world = world;
    this.#logs = logs;
    this.#post = post;
  }

  /** Everything up to `seq` was in a visible, focused view. */
  seen(channel: string, seq: number): void {
    const state = this.#state(channel);
    if (seq <= state.seen) return;
    state.seen = seq;
    this.schedule();
  }

  /** Sends what is new now, or as soon as the period allows. */
  schedule(): void {
    if (this.#cancel || !this.#send()) return;
    this.#cancel = this.#world.after(PERIOD_MS, () => {
      this.#cancel = undefined;
      this.schedule();
    });
  }

  /** Sends what is new now, whenever the last time was: the connection is about to end. */
  flush(): void {
    this.#send();
  }

  /** The connection is gone. What was reported over it is reported again over the next one. */
  interrupted(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const state of this.#states.values()) state.sentSeen = state.sentDelivered = 0;
  }

  forget(channel: string): void {
    this.#states.delete(channel);
  }

  #send(): boolean {
    let sent = false;
    for (const log of this.#logs()) {
      if (!log.synced || log.head?.kind === "staff") continue;
      const state = this.#state(log.channel);
      const seen = Math.min(state.seen, log.last);
      if (log.last <= state.sentDelivered && seen <= state.sentSeen) continue;
      this.#post({ t: "receipt", channel: log.channel, epoch: log.epoch, delivered: log.last, seen });
      state.sentDelivered = log.last;
      state.sentSeen = seen;
      sent = true;
    }
    return sent;
  }

  #state(channel: string): State {
    let state = this.#states.get(channel);
    if (!state) {
      state = { seen: 0, sentSeen: 0, sentDelivered: 0 };
      this.#states.set(channel, state);
    }
    return state;
  }
}
