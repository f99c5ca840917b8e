/** The opening hours of a site: always open, or spans for each weekday in a zone. */

import { Plus, X } from "lucide";
import type { Hours, Span, Weekday } from "../api";
import { anotherSpan, daysFault, knownZones, usualHours, WEEKDAYS, weekdayName, withDay } from "../model/hours";
import { t } from "../texts";
import { Icon } from "../view/icon";
import { Field, Switch } from "./field";

interface HoursFieldProps {
  readonly hours: Hours | null;
  onChange(hours: Hours | null): void;
}

export function HoursField({ hours, onChange }: HoursFieldProps) {
  const zoneHere = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <fieldset class="group">
      <legend>{t("Opening hours")}</legend>
      <Switch
        label={t("Keep opening hours")}
        hint={t(
          "Outside them the widget shows the away text and when you are back. Without them you are open whenever somebody is online.",
        )}
        on={hours !== null}
        onChange={(on) => onChange(on ? usualHours(zoneHere) : null)}
      />
      {hours && (
        <>
          <Field label={t("Time zone")}>
            {(ties) => (
              <select
                {...ties}
                value={hours.zone}
                onChange={(event) => onChange({ ...hours, zone: event.currentTarget.value })}
              >
                {knownZones(hours.zone).map((zone) => (
                  <option key={zone} value={zone}>
                    {zone.replaceAll("_", " ")}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <ul class="days">
            {WEEKDAYS.map((day) => (
              <Day key={day} day={day} hours={hours} onChange={onChange} />
            ))}
          </ul>
        </>
      )}
    </fieldset>
  );
}

interface DayProps {
  readonly day: Weekday;
  readonly hours: Hours;
  onChange(hours: Hours): void;
}

function Day({ day, hours, onChange }: DayProps) {
  const spans = hours.days[day];
  const name = weekdayName(day);
  const change = (next: readonly Span[]): void => onChange(withDay(hours, day, next));
  const fault = daysFault(hours);
  return (
    <li class="day">
      <label class="day-name">
        <input
          type="checkbox"
          checked={spans.length > 0}
          onChange={(event) => change(event.currentTarget.checked ? anotherSpan([]) : [])}
        />
        <span>{name}</span>
      </label>
      <div class="day-spans">
        {spans.length === 0 && <span class="quiet">{t("Closed")}</span>}
        {spans.map((span, index) => (
          <div class="day-span" key={index}>
            <TimeField
              label={t("{day}, opens", { day: name })}
              value={span[0]}
              onChange={(from) => change(spans.with(index, [from, span[1]]))}
            />
            <span aria-hidden="true">–</span>
            <TimeField
              label={t("{day}, closes", { day: name })}
              value={span[1]}
              onChange={(until) => change(spans.with(index, [span[0], until]))}
            />
            {index > 0 && (
              <button
                type="button"
                class="button-icon"
                aria-label={t("Remove these hours of {day}", { day: name })}
                onClick={() => change(spans.toSpliced(index, 1))}
              >
                <Icon of={X} size={16} />
              </button>
            )}
          </div>
        ))}
        {fault?.day === day && (
          <p class="error" role="alert">
            {fault.sentence}
          </p>
        )}
      </div>
      {spans.length > 0 && spans.length < 3 && (
        <button
          type="button"
          class="button-icon"
          aria-label={t("Add hours to {day}", { day: name })}
          title={t("Add hours to {day}", { day: name })}
          onClick={() => change(anotherSpan(spans))}
        >
          <Icon of={Plus} size={16} />
        </button>
      )}
    </li>
  );
}

interface TimeFieldProps {
  readonly label: string;
  readonly value: string;
  onChange(value: string): void;
}

function TimeField({ label, value, onChange }: TimeFieldProps) {
  return (
    <input type="time" aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)} />
  );
}
