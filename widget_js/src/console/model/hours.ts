/** Opening hours as the form edits them: spans of one weekday in order, none over another, none empty. */

import type { Hours, Span, Weekday } from "../api";
import { language, t } from "../texts";

export const WEEKDAYS: readonly Weekday[] = ["1", "2", "3", "4", "5", "6", "7"];

// 1 January 2024 was a Monday; noon keeps the day in every zone.
const NAMES = new Intl.DateTimeFormat(language, { weekday: "long", timeZone: "UTC" });

/** The name of a weekday; Monday is "1". */
export function weekdayName(day: Weekday): string {
  return NAMES.format(Date.UTC(2024, 0, Number(day), 12));
}

/** Monday to Friday from nine to five, to begin with. */
export function usualHours(zone: string): Hours {
  const office: readonly Span[] = [["09:00", "17:00"]];
  return { zone, days: { "1": office, "2": office, "3": office, "4": office, "5": office, "6": [], "7": [] } };
}

/** The hours with the spans of one day replaced. */
export function withDay(hours: Hours, day: Weekday, spans: readonly Span[]): Hours {
  return { ...hours, days: { ...hours.days, [day]: spans } };
}

/** One more span behind the others of a day: an hour later, as long as the day lasts. */
export function anotherSpan(spans: readonly Span[]): readonly Span[] {
  const last = spans.at(-1);
  if (!last) return [["09:00", "17:00"]];
  const from = Math.min(minutes(last[1]) + 60, 23 * 60);
  return [...spans, [asTime(from), asTime(Math.min(from + 180, 24 * 60 - 1))]];
}

/** What is wrong with a day's spans, as a sentence, or null. */
export function daysFault(hours: Hours): { day: Weekday; sentence: string } | null {
  for (const day of WEEKDAYS) {
    let end = -1;
    for (const [from, until] of hours.days[day]) {
      if (from === "" || until === "") return { day, sentence: t("Give both times.") };
      if (minutes(until) <= minutes(from)) return { day, sentence: t("The end must be later than the start.") };
      if (minutes(from) < end) return { day, sentence: t("These times overlap.") };
      end = minutes(until);
    }
  }
  return null;
}

/** The zones that the browser knows, with `zone` among them. */
export function knownZones(zone: string): readonly string[] {
  const zones = Intl.supportedValuesOf("timeZone");
  return zones.includes(zone) ? zones : [zone, ...zones];
}

function minutes(time: string): number {
  const [hour = "0", minute = "0"] = time.split(":");
  return Number(hour) * 60 + Number(minute);
}

function asTime(all: number): string {
  return `${String(Math.floor(all / 60)).padStart(2, "0")}:${String(all % 60).padStart(2, "0")}`;
}
