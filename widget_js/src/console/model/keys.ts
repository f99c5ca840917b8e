/** From key presses to the names that the table of commands uses: "Mod+K", "?", "g m". */

/** The part of a keyboard event that is looked at. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** How long the second key of a sequence may take, in milliseconds. */
export const SEQUENCE_MS = 1500;

/**
 * The name of a press: "Mod+K" where Ctrl or Command is held, the letter as typed else (so "?" and "A" tell Shift already),
 * and null for a press with Alt, which writes characters on many keyboards, and for modifiers alone.
 */
export function pressName(press: KeyPress): string | null {
  if (press.altKey || ["Control", "Meta", "Shift", "Alt", "AltGraph"].includes(press.key)) return null;
  if (press.ctrlKey || press.metaKey) return `Mod+${press.key.length === 1 ? press.key.toUpperCase() : press.key}`;
  return press.key;
}

/** Puts presses together to sequences: after "g", an "m" within the time is "g m". */
export class KeySequence {
  #first: string | null = null;
  #at = 0;
  readonly #starters: ReadonlySet<string>;

  /** `bindings` are the names that exist; the first halves of those with a blank begin sequences. */
  constructor(bindings: Iterable<string>) {
    this.#starters = new Set(
      [...bindings].filter((name) => name.includes(" ")).map((name) => name.split(" ")[0] ?? ""),
    );
  }

  /** The name that `press` completes at `now` (milliseconds), or null while a sequence is only begun. */
  next(press: string, now: number): string | null {
    const first = this.#first;
    this.#first = null;
    if (first !== null && now - this.#at < SEQUENCE_MS) return `${first} ${press}`;
    if (!this.#starters.has(press)) return press;
    this.#first = press;
    this.#at = now;
    return null;
  }
}

/** The keys of a binding as they are drawn, one entry per key: `["Ctrl", "K"]`, `["g", "then", "m"]`. */
export function drawnKeys(binding: string, apple: boolean): string[] {
  return binding
    .split(" ")
    .flatMap((press, index) => (index === 0 ? [press] : ["then", press]))
    .flatMap((press) => (press.startsWith("Mod+") ? [apple ? "⌘" : "Ctrl", press.slice(4)] : [press]))
    .map((key) => (key === "Escape" ? "Esc" : key));
}
