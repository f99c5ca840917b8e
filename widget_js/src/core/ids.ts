import type { World } from "./world";

/**
 * Makes UUIDs of version 7 (RFC 9562 §5.7): sorted as text they are in the order in which one source made them, also
 * within a millisecond and when the clock steps back.
 */
export class IdSource {
  #world: World;
  #millisecond = 0;
  #count = 0;

  constructor(world: World) {
    this.#world = world;
  }

  next(): string {
    const now = this.#world.now();
    if (now > this.#millisecond) {
      this.#millisecond = now;
      this.#count = this.#digits(11);
    } else if (++this.#count > 0xfff) {
      this.#millisecond++;
      this.#count = 0;
    }
    const time = hex(this.#millisecond, 12);
    return [
      time.slice(0, 8),
      time.slice(8),
      `7${hex(this.#count, 3)}`,
      hex(0x8000 + this.#digits(14), 4),
      hex(this.#digits(24), 6) + hex(this.#digits(24), 6),
    ].join("-");
  }

  #digits(bits: number): number {
    return Math.floor(this.#world.random() * 2 ** bits);
  }
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}
