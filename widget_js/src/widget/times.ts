/**
 * The way in which this visitor writes times: `language`, as it is used where they live. Translations know of no
 * regions, browsers do: half past two is "2:30 PM" to one and "14:30" to another who both read English.
 */
export function regionOf(language: string, preferred: readonly string[]): string {
  const [base] = language.split("-");
  return preferred.find((tag) => tag.split("-")[0] === base) ?? language;
}

/** How times are said, in the visitor's zone and language. Formatters are made once: making one costs a millisecond. */
export class Times {
  #time: Intl.DateTimeFormat;
  #day: Intl.DateTimeFormat;
  #full: Intl.DateTimeFormat;
  #relative: Intl.RelativeTimeFormat;

  constructor(language: string) {
    this.#time = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
    this.#day = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
    this.#full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
    this.#relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  }

  /** "14:02". */
  time(at: number): string {
    return this.#time.format(at);
  }

  /** "today", "yesterday", or the date. */
  day(at: number, now: number): string {
    const days = dayNumber(at) - dayNumber(now);
    return days > -2 && days <= 0 ? this.#relative.format(days, "day") : this.#day.format(at);
  }

  /** Date and time, for whoever asks exactly. */
  full(at: number): string {
    return this.#full.format(at);
  }
}

/** Counts local days, so that two times of one day have the same number. */
export function dayNumber(at: number): number {
  const date = new Date(at);
  return Math.round(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000);
}
