import type { Connector } from "./transport";

/** A socket that could not be opened this often in a row is taken for blocked. */
const FAILURES = 2;

/**
 * Prefers the socket and falls back where it is blocked. Every attempt asks anew, so that a network that comes back
 * or lets sockets through is noticed: after the fallback fails, or has ended by itself, the socket is tried again.
 */
export class TransportChooser {
  #socket: Connector;
  #fallback: Connector;
  #failures = 0;

  constructor(socket: Connector, fallback: Connector) {
    this.#socket = socket;
    this.#fallback = fallback;
  }

  /** There is news of the network: what failed before says nothing any more. */
  forget(): void {
    this.#failures = 0;
  }

  readonly connect: Connector = (hello, events) => {
    const blocked = this.#failures >= FAILURES;
    let stood = false;
    return (blocked ? this.#fallback : this.#socket)(hello, {
      ...events,
      opened: () => {
        stood = true;
        if (!blocked) this.#failures = 0;
        events.opened();
      },
      closed: (code, retryAfter) => {
        if (blocked) this.#failures = FAILURES - 1;
        else if (!stood) this.#failures++;
        events.closed(code, retryAfter);
      },
    });
  };
}
