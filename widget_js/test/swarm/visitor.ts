import { browserStorage } from "../../src/client/storage";
import { browserWorld } from "../../src/core/world";
import type { Context } from "../../src/protocol.gen";
import { TransportChooser } from "../../src/transport/chooser";
import { fallbackConnector } from "../../src/transport/fallback";
import { webSocketConnector } from "../../src/transport/websocket";
import { Session, TOKEN } from "../../src/widget/session";
import { isUnsent } from "../../src/widget/state";

const CONTEXT: Context = { page: "https://shop.test/", title: "Shop", referrer: null, language: "en", zone: "UTC" };

/** What is to be known of one visitor in the end. */
export interface VisitorReport {
  /** What they have written, by the id under which it was sent. */
  readonly written: Readonly<Record<string, string>>;
  /** The ids of what was acknowledged. */
  readonly acked: readonly string[];
  /** What their conversation says, in order. */
  readonly held: readonly string[];
  /** When (milliseconds since 1970) they were last seen to be settled; null where they are not. */
  readonly settledAt: number | null;
  readonly status: string;
}

/** One visitor with the widget's own session, as it runs in a page that nobody draws. */
export class SwarmVisitor {
  readonly session: Session;
  readonly #start: string;
  readonly #written = new Map<string, string>();
  #settledAt: number | undefined;

  /**
   * `base` is the server's address, `key` the site's, `changed` is called when this visitor has become settled or has
   * ceased to be: connected, with all that was written acknowledged and the conversation up to date.
   */
  constructor(base: string, key: string, changed: (settled: boolean) => void) {
    const storage = browserStorage(() => {
      throw new Error("There is no page.");
    }, "");
    const addressOf = (kind: string): string => `${base}/${kind}/${key}`;
    this.session = new Session({
      chooser: new TransportChooser(
        webSocketConnector(addressOf("ws").replace(/^http/, "ws")),
        fallbackConnector({
          stream: addressOf("stream"),
          frames: addressOf("frames"),
          token: () => storage.get(TOKEN),
        }),
      ),
      world: browserWorld,
      storage,
      context: () => CONTEXT,
      update: () => {
        const settled = this.#isSettled();
        if (settled === (this.#settledAt !== undefined)) return;
        this.#settledAt = settled ? Date.now() : undefined;
        changed(settled);
      },
    });
    this.#start = this.session.client.newId();
  }

  connect(): void {
    this.session.client.connect();
  }

  /** Writes a message, which leaves as soon as it can. */
  says(body: string): void {
    const { client } = this.session;
    const client_id = client.newId();
    this.#written.set(client_id, body);
    this.session.deliver({ client_id, start: this.#start, body, at: Date.now(), state: "waiting" });
  }

  report(): VisitorReport {
    const { client } = this.session;
    return {
      written: Object.fromEntries(this.#written),
      acked: this.#acked(),
      held: (this.#log()?.list() ?? []).map(({ body }) => body ?? ""),
      settledAt: this.#settledAt ?? null,
      status: client.status,
    };
  }

  #log() {
    const channel = this.session.client.outbox.channelOf(this.#start);
    return channel === undefined ? undefined : this.session.client.channel(channel);
  }

  #acked(): string[] {
    const { outbox } = this.session.client;
    return [...this.#written.keys()].filter((id) => {
      const entry = outbox.get(id);
      return !entry || entry.state === "acked";
    });
  }

  #isSettled(): boolean {
    const { client } = this.session;
    if (client.status !== "online" || client.outbox.list().some(isUnsent)) return false;
    return !this.#written.size || this.#log()?.synced === true;
  }
}
