import type { World } from "../core/world";
import { BLANK, type Commands, type Update } from "./state";

/** What the tab that holds the connection runs. */
export interface Leading extends Commands {
  snapshot(): Update;
  /** Ends the connection. */
  end(): void;
}

/** What tabs tell each other. */
type TabMessage =
  /** A tab has come and knows nothing. */
  | { readonly kind: "join" }
  /** Here is somebody who has the connection. */
  | { readonly kind: "lead" }
  | { readonly kind: "update"; readonly update: Update }
  | { readonly kind: "call"; readonly call: Call }
  | { readonly kind: "answer"; readonly id: string; readonly error?: string };

interface Call {
  readonly id: string;
  readonly name: keyof Commands;
  readonly values: readonly unknown[];
}

interface Waiting {
  readonly call: Call;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What tabs are made of. */
export interface TabsOptions {
  /** One name per site: tabs of that name share one connection. */
  readonly name: string;
  readonly world: World;
  /** Begins a connection in this tab; `update` is to be called with what is new. */
  lead(update: (update: Update) => void): Leading;
  /** Called with what is new, wherever the connection lives. */
  update(update: Update): void;
}

/**
 * All tabs of one visitor share one connection. Each says whether it wants one; a lock decides whose it is, and when
 * that tab goes the next one takes over. The others see and do the same things through a channel between tabs.
 *
 * Without locks (pages that are not secure) every tab has a connection of its own.
 */
export class Tabs {
  #options: TabsOptions;
  #channel: BroadcastChannel | undefined;
  #leading: Leading | undefined;
  #wanted = false;
  /** Gives the lock back, or withdraws the request for it. */
  #release: (() => void) | undefined;
  #waiting = new Map<string, Waiting>();
  #closed = new AbortController();
  #lastState = BLANK;

  constructor(options: TabsOptions) {
    this.#options = options;
    const { signal } = this.#closed;
    this.#connect();
    // What a page hears while it is kept for going back throws it out of there.
    window.addEventListener("pagehide", () => this.#disconnect(), { signal });
    window.addEventListener("pageshow", () => this.#channel || this.#connect(), { signal });
  }

  /** Asks for all that is known. */
  join(): void {
    if (this.#leading) this.#update(this.#leading.snapshot());
    else this.#say({ kind: "join" });
  }

  /** Says whether this tab wants a connection. */
  want(wanted: boolean): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) this.#request();
    else this.#giveUp();
  }

  /** Runs a command where the connection is. It is kept until somebody has one. */
  call<Name extends keyof Commands>(name: Name, ...values: Parameters<Commands[Name]>): Promise<void> {
    const id = `${this.#options.world.random()}`;
    return new Promise((resolve, reject) => {
      const call: Call = { id, name, values };
      this.#waiting.set(id, { call, resolve, reject });
      this.#dispatch(call);
    });
  }

  /** Runs a command that is worth nothing later: without a connection it is forgotten. */
  tell<Name extends keyof Commands>(name: Name, ...values: Parameters<Commands[Name]>): void {
    this.#dispatch({ id: "", name, values });
  }

  /** Ends everything. */
  close(): void {
    this.want(false);
    this.#closed.abort();
    this.#disconnect();
    this.#waiting.clear();
  }

  #connect(): void {
    if (!navigator.locks || !("BroadcastChannel" in window)) return;
    this.#channel = new BroadcastChannel(this.#options.name);
    this.#channel.onmessage = (event) => this.#heard(event.data as TabMessage);
    this.#say({ kind: "join" });
  }

  #disconnect(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  #request(): void {
    if (!this.#channel) {
      this.#lead();
      return;
    }
    const withdrawn = new AbortController();
    this.#release = () => withdrawn.abort();
    const held = (): Promise<void> | undefined => {
      if (!this.#wanted) return undefined;
      return new Promise((release) => {
        this.#release = release;
        this.#lead();
      });
    };
    navigator.locks.request(this.#options.name, { signal: withdrawn.signal }, held).catch(() => {
      // Where a page may not store it may not lock either; then this tab stands for itself.
      if (this.#wanted && !withdrawn.signal.aborted) this.#lead();
    });
  }

  #giveUp(): void {
    this.#leading?.end();
    this.#leading = undefined;
    this.#release?.();
    this.#release = undefined;
  }

  #lead(): void {
    this.#leading = this.#options.lead((update) => {
      this.#update(update);
      this.#say({ kind: "update", update });
    });
    this.#say({ kind: "lead" });
    for (const { call } of this.#waiting.values()) this.#dispatch(call);
  }

  #dispatch(call: Call): void {
    if (this.#leading) this.#perform(call).then((error) => this.#answered(call.id, error));
    else this.#say({ kind: "call", call });
  }

  /** Resolves with what went wrong, if anything did. */
  async #perform(call: Call): Promise<string | undefined> {
    try {
      const command = this.#leading?.[call.name] as (...values: readonly unknown[]) => unknown;
      await command.apply(this.#leading, [...call.values]);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  #answered(id: string, error: string | undefined): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve();
    else waiting?.reject(new Error(error));
  }

  #heard(message: TabMessage): void {
    switch (message.kind) {
      case "join":
        if (this.#leading) this.#say({ kind: "update", update: this.#leading.snapshot() });
        break;
      case "lead":
        for (const { call } of this.#waiting.values()) this.#dispatch(call);
        break;
      case "update":
        this.#update(message.update);
        break;
      case "call":
        if (!this.#leading) break;
        this.#perform(message.call).then((error) => {
          this.#say({ kind: "answer", id: message.call.id, ...(error === undefined ? {} : { error }) });
        });
        break;
      case "answer":
        this.#answered(message.id, message.error);
    }
  }

  #update(update: Update): void {
    // A tab that takes over knows nothing of the team until it is connected; what was known is shown till then.
    const site = update.state.site ?? this.#lastState.site;
    this.#lastState = { ...update.state, site };
    this.#options.update({ ...update, state: this.#lastState });
  }

  #say(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }
}
