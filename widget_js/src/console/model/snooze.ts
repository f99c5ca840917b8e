/** The choices of "Snooze until", in the agent's own time zone. */
import { t } from "../texts";

export interface SnoozeChoice {
  readonly label: string;
  /** Milliseconds since 1970. */
  readonly until: number;
}

const MORNING = 9;

/** What is offered at `now` (milliseconds since 1970): times that lie clearly ahead, each once. */
export function snoozeChoices(now: number): SnoozeChoice[] {
  const choices: SnoozeChoice[] = [
    { label: t("In one hour"), until: roundedUp(now + 3_600_000) },
    { label: t("In three hours"), until: roundedUp(now + 3 * 3_600_000) },
    { label: t("Tomorrow morning"), until: morningAfter(now, 1) },
  ];
  const monday = morningAfter(now, daysUntilMonday(now));
  if (monday !== choices.at(-1)?.until) choices.push({ label: t("Monday morning"), until: monday });
  choices.push({ label: t("In a week"), until: morningAfter(now, 7) });
  return choices.filter((choice, index) => choices.findIndex((other) => other.until === choice.until) === index);
}

/** The value of a `datetime-local` field for a moment, in local time. */
export function toLocalField(moment: number): string {
  const local = new Date(moment);
  const two = (number: number) => String(number).padStart(2, "0");
  return (
    `${local.getFullYear()}-${two(local.getMonth() + 1)}-${two(local.getDate())}` +
    `T${two(local.getHours())}:${two(local.getMinutes())}`
  );
}

/** The moment that a `datetime-local` field names, or null when it names none that lies ahead of `now`. */
export function fromLocalField(value: string, now: number): number | null {
  const moment = new Date(value).getTime();
  return Number.isNaN(moment) || moment <= now ? null : moment;
}

function roundedUp(moment: number): number {
  const fiveMinutes = 300_000;
  return Math.ceil(moment / fiveMinutes) * fiveMinutes;
}

function morningAfter(now: number, days: number): number {
  const day = new Date(now);
  day.setDate(day.getDate() + days);
  day.setHours(MORNING, 0, 0, 0);
  return day.getTime();
}

function daysUntilMonday(now: number): number {
  return (8 - new Date(now).getDay()) % 7 || 7;
}
