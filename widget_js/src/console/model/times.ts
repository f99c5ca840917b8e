/** Times as people read them: "5 min ago" under a day, dates beyond, the exact time on hover. */
import { language, t } from "../texts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// Making a formatter costs a hundred times what using it costs, hence one of each for the page's life.
const CLOCK = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const DATE_WITH_YEAR = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
const LONG_DATE = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
const LONG_DATE_WITH_YEAR = new Intl.DateTimeFormat(language, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const EXACT = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });
const WEEKDAY_AND_TIME = new Intl.DateTimeFormat(language, { weekday: "short", hour: "numeric", minute: "2-digit" });
const DATE_AND_TIME = new Intl.DateTimeFormat(language, {
  day: "numeric",
  month: "short",
  hour: "numeric",
  minute: "2-digit",
});

/** "14:02". */
export function clock(at: number): string {
  return CLOCK.format(at);
}

/** The whole date and time, for a title. */
export function exact(at: number): string {
  return EXACT.format(at);
}

/** A moment that lies ahead, such as the end of a snooze: "14:02" today, "Mon 09:00" within six days, "28 Nov, 09:00" later. */
export function ahead(at: number, now: number): string {
  if (sameDay(at, now)) return clock(at);
  return (at - now < 6 * DAY ? WEEKDAY_AND_TIME : DATE_AND_TIME).format(at);
}

/** The short time of a list's row: "now", "5 min", "3 h", "12 Nov", "12 Nov 2024". */
export function rowTime(at: number, now: number): string {
  const age = now - at;
  if (age < MINUTE) return t("now");
  if (age < HOUR) return t("{n} min", { n: Math.floor(age / MINUTE) });
  if (age < DAY) return t("{n} h", { n: Math.floor(age / HOUR) });
  return sameYear(at, now) ? DATE.format(at) : DATE_WITH_YEAR.format(at);
}

/** A past moment in a sentence: "just now", "5 min ago", "3 h ago", "on 12 Nov". */
export function ago(at: number, now: number): string {
  const age = now - at;
  if (age < MINUTE) return t("just now");
  return age < DAY ? t("{time} ago", { time: rowTime(at, now) }) : t("on {date}", { date: rowTime(at, now) });
}

/** How long since a moment a person is waiting on, to the second: "3 s ago", "2 min ago". */
export function secondsAgo(at: number, now: number): string {
  const age = Math.max(0, now - at);
  return age < MINUTE ? t("{n} s ago", { n: Math.max(1, Math.round(age / 1000)) }) : ago(at, now);
}

/** The name of a day between messages: "Today", "Yesterday", "Thursday, 19 November". */
export function dayName(at: number, now: number): string {
  if (sameDay(at, now)) return t("Today");
  if (sameDay(at, yesterday(now))) return t("Yesterday");
  return sameYear(at, now) ? LONG_DATE.format(at) : LONG_DATE_WITH_YEAR.format(at);
}

/** A number that is the same for all moments of one local day. */
export function dayOf(at: number): number {
  const day = new Date(at);
  return day.getFullYear() * 10_000 + day.getMonth() * 100 + day.getDate();
}

/** The time of day in another zone, and how far it is from ours; null when the zone's name is unknown here. */
export function timeIn(zone: string, now: number): string | null {
  const there = offsetOf(zone, now);
  if (there === null) return null;
  const here = -new Date(now).getTimezoneOffset();
  const time = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit", timeZone: zone }).format(now);
  const hours = Math.abs(there - here) / 60;
  if (hours === 0) return time;
  const difference = Number.isInteger(hours) ? hours : hours.toFixed(1);
  return there > here
    ? t("{time}, {hours} h ahead", { time, hours: difference })
    : t("{time}, {hours} h behind", { time, hours: difference });
}

function offsetOf(zone: string, now: number): number | null {
  try {
    const parts = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      hourCycle: "h23",
    }).formatToParts(now);
    const value = (type: string) => Number(parts.find((part) => part.type === type)?.value);
    const wall = Date.UTC(value("year"), value("month") - 1, value("day"), value("hour"), value("minute"));
    return Math.round((wall - Math.floor(now / MINUTE) * MINUTE) / MINUTE);
  } catch {
    return null;
  }
}

function sameDay(a: number, b: number): boolean {
  return dayOf(a) === dayOf(b);
}

function sameYear(a: number, b: number): boolean {
  return new Date(a).getFullYear() === new Date(b).getFullYear();
}

function yesterday(now: number): number {
  const day = new Date(now);
  day.setDate(day.getDate() - 1);
  return day.getTime();
}
