/** The few things of its surroundings that the pure parts need; tests hand in their own. */
export interface World {
  /** Milliseconds since 1970, of this device's clock: for waiting and for showing, never for order. */
  now(): number;
  /** Runs `task` once after `ms`; the answer cancels it. */
  after(ms: number, task: () => void): () => void;
  /** A fresh number in [0, 1). */
  random(): number;
}

/** The browser's clock, timers and randomness. */
export const browserWorld: World = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
};
