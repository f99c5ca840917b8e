/** Choices that belong to this browser, kept in its storage where it allows that. */

import { type Signal, signal } from "@preact/signals";
import type { Storage } from "../../client/storage";

const KEY = "preferences";

interface Saved {
  /** Whether Enter alone sends; else Ctrl/⌘ with Enter does. */
  readonly enterSends: boolean;
  readonly sound: boolean;
  readonly desktop: boolean;
  /** Whether single letters are commands. Some ways of speaking to a computer set them off by accident. */
  readonly letterKeys: boolean;
}

const DEFAULTS: Saved = { enterSends: true, sound: false, desktop: false, letterKeys: true };

export class Preferences {
  readonly #storage: Storage;
  readonly #saved: Signal<Saved>;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#saved = signal({ ...DEFAULTS, ...read(storage) });
  }

  get<K extends keyof Saved>(name: K): Saved[K] {
    return this.#saved.value[name];
  }

  set<K extends keyof Saved>(name: K, value: Saved[K]): void {
    this.#saved.value = { ...this.#saved.value, [name]: value };
    this.#storage.set(KEY, JSON.stringify(this.#saved.value));
  }
}

function read(storage: Storage): Partial<Saved> {
  try {
    const saved: unknown = JSON.parse(storage.get(KEY) ?? "{}");
    if (typeof saved !== "object" || saved === null) return {};
    return Object.fromEntries(
      Object.entries(saved).filter(([name, value]) => name in DEFAULTS && typeof value === "boolean"),
    );
  } catch {
    return {};
  }
}
