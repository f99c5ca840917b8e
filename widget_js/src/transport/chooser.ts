import type { Connector } from "./transport";

/** A socket that could not be opened this often in a row is taken for blocked. */
const FAILURES = 2;
/** Where a socket has stood before, or nothing else works either, so many more: then it is rather the server that is away. */
const FORGIVEN = 2;

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
        if (!blocked) this.#failures = -FORGIVEN;
        events.opened();
      },
      closed: (code, retryAfter) => {
        if (blocked) this.#failures = stood ? FAILURES - 1 : -FORGIVEN;
        else if (!stood) this.#failures++;
        events.closed(code, retryAfter);
      },
    });
  };
}
