/** Short messages at the foot of the page: what was done, with ten seconds to undo it, and what went wrong. */

import { signal } from "@preact/signals";
import type { World } from "../../core/world";

export const UNDO_MS = 10_000;

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly tone: "info" | "bad";
  /** Takes the deed back. */
  readonly undo: (() => void) | null;
}

export class Notices {
  readonly shown = signal<readonly Notice[]>([]);
  readonly #world: World;
  #last = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Says that something is done. With `undo` a button and the command "Undo" take it back while the notice stands. */
  say(text: string, undo: (() => void) | null = null): void {
    this.#add({ id: ++this.#last, text, tone: "info", undo });
  }

  /** Says what went wrong where no place beside the thing exists. */
  warn(text: string): void {
    this.#add({ id: ++this.#last, text, tone: "bad", undo: null });
  }

  dismiss(id: number): void {
    this.shown.value = this.shown.value.filter((notice) => notice.id !== id);
  }

  /** Undoes the latest deed that can be undone; returns whether there was one. */
  undoLatest(): boolean {
    const notice = this.shown.value.findLast((one) => one.undo !== null);
    if (!notice) return false;
    this.dismiss(notice.id);
    notice.undo?.();
    return true;
  }

  #add(notice: Notice): void {
    this.shown.value = [...this.shown.value.slice(-2), notice];
    this.#world.after(UNDO_MS, () => this.dismiss(notice.id));
  }
}
