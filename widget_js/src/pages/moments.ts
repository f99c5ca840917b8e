/** Moments are in the page as UTC; here they become the reader's: "5 min ago" or "in 5 min" under a day, dates beyond (S2.24). */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SECOND = ["second", 1000] as const;
const UNITS = [
  ["hour", HOUR],
  ["minute", MINUTE],
] as const;

/** How long ago `then` was, or its date, as written in `language`. */
export function told(then: number, now: number, language: string, timeZone?: string): string {
  const ago = now - then;
  const away = Math.abs(ago);
  if (away < DAY) {
    const [unit, size] = UNITS.find(([, from]) => away >= from) ?? SECOND;
    // What is still to come is never told as sooner than it is.
    const count = ago < 0 || away >= MINUTE ? -Math.floor(ago / size) : 0;
    return new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" }).format(count, unit);
  }
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone }).format(then);
}

/** Writes every moment of the page for its reader; the exact one is its title. */
export function writeMoments(page: Document, now: number = Date.now()): void {
  const language = page.documentElement.lang;
  const moments = page.querySelectorAll<HTMLTimeElement>("time[data-moment]");
  // The zone of the reader's account; without one the browser's own holds.
  const timeZone = moments[0]?.dataset["moment"] || undefined;
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium", timeZone });
  for (const moment of moments) {
    const then = Date.parse(moment.dateTime);
    if (Number.isNaN(then)) continue;
    moment.textContent = told(then, now, language, timeZone);
    moment.title = exact.format(then);
  }
}
