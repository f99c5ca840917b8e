const BASE_MS = 1000;
const CAP_MS = 30_000;

/** How long to wait before the next attempt to connect: full jitter, doubling from 1 s up to 30 s. */
export class Backoff {
  #random: () => number;
  #attempts = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds until the next attempt. A server's own `hint` (already spread over its clients) comes before ours. */
  next(hint = 0): number {
    const ceiling = Math.min(CAP_MS, BASE_MS * 2 ** this.#attempts++);
    return Math.round(Math.max(hint, this.#random() * ceiling));
  }

  /** To be called when a connection stands, or when there is a reason to believe that it would. */
  reset(): void {
    this.#attempts = 0;
  }
}
