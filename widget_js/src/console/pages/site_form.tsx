/** One site: what visitors see of it, where it may run, when it is open, and the tag to paste. */

import { Check, Copy } from "lucide";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ApiError, Site, SiteChange } from "../api";
import { daysFault } from "../model/hours";
import { asOrigin, originLines } from "../model/origins";
import { t } from "../texts";
import { Icon } from "../view/icon";
import { Field, Switch } from "./field";
import { HoursField } from "./hours_field";
import { WidgetPreview } from "./preview";

/** The form's values: a site as it can be changed, with the origins as they are typed. */
export type SiteDraft = Required<Omit<SiteChange, "allowed_origins">> & { readonly origins: string };

// Numbers of protocol/codes.py that belong to one field.
const BAD_ORIGIN = 3012;
const LINE_TOO_LONG = 3008;
const LINE_EMPTY = 3009;

interface SiteFormProps {
  readonly site: Site;
  /** Saves and returns the site as it is now; rejects with an ApiError. */
  onSave(change: SiteChange): Promise<void>;
  /** What of the site is not saved with the rest. */
  readonly children?: ComponentChildren;
}

export function SiteForm({ site, onSave, children }: SiteFormProps) {
  const [draft, setDraft] = useState(() => draftOf(site));
  const [state, setState] = useState<"idle" | "saving" | "saved">("idle");
  const [error, setError] = useState<ApiError | null>(null);
  // What was saved comes back in the server's spelling.
  useEffect(() => setDraft(draftOf(site)), [site]);

  const change = (part: Partial<SiteDraft>): void => {
    setDraft({ ...draft, ...part });
    setState("idle");
    setError(null);
  };
  const dirty = JSON.stringify(draft) !== JSON.stringify(draftOf(site));
  const fault = draft.hours && daysFault(draft.hours);

  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (state === "saving" || fault) return;
    setState("saving");
    try {
      await onSave(changeOf(draft));
      setState("saved");
    } catch (refused) {
      setState("idle");
      setError(refused as ApiError);
    }
  };

  return (
    <form class="site-form" onSubmit={save} noValidate>
      <div class="site-columns">
        <div class="site-fields">
          <SnippetField site={site} />
          <fieldset class="group">
            <legend>{t("Where it runs")}</legend>
            <Field
              label={t("Allowed origins")}
              hint={t("One per line, such as https://www.example.com. The widget answers on these pages only.")}
              error={errorFor(error, [BAD_ORIGIN]) ?? originsFault(draft.origins)}
            >
              {(ties) => (
                <textarea
                  {...ties}
                  rows={Math.max(2, draft.origins.split("\n").length)}
                  value={draft.origins}
                  spellcheck={false}
                  onInput={(event) => change({ origins: event.currentTarget.value })}
                />
              )}
            </Field>
          </fieldset>
          <LookFields draft={draft} change={change} error={errorFor(error, [LINE_TOO_LONG, LINE_EMPTY])} />
          <HoursField hours={draft.hours} onChange={(hours) => change({ hours })} />
          <AnswerFields draft={draft} change={change} />
          <MailFields draft={draft} change={change} />
          {children}
        </div>
        <WidgetPreview site={draft} />
      </div>
      <footer class="form-foot">
        <button type="submit" class="button button-primary" aria-disabled={!dirty || state === "saving"}>
          {state === "saving" ? t("Saving") : t("Save changes")}
        </button>
        {dirty && (
          <button type="button" class="button" onClick={() => change(draftOf(site))}>
            {t("Discard")}
          </button>
        )}
        <span role="status" class="quiet">
          {state === "saved" && !dirty ? t("Saved") : ""}
        </span>
        {error && (
          <span class="error" role="alert">
            {error.message}
          </span>
        )}
      </footer>
    </form>
  );
}

interface PartProps {
  readonly draft: SiteDraft;
  change(part: Partial<SiteDraft>): void;
}

function LookFields({ draft, change, error }: PartProps & { error: string | null }) {
  return (
    <fieldset class="group">
      <legend>{t("Appearance")}</legend>
      <Field label={t("Name")} hint={t("Shown at the top of the chat.")} error={error}>
        {(ties) => (
          <input
            {...ties}
            type="text"
            value={draft.name}
            maxLength={80}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label={t("Colour")} hint={t("Text on it is kept readable, whatever you choose.")}>
        {(ties) => (
          <div class="color-field">
            <input
              {...ties}
              type="color"
              value={draft.color}
              onInput={(event) => change({ color: event.currentTarget.value })}
            />
            <code>{draft.color}</code>
          </div>
        )}
      </Field>
      <Field label={t("Greeting")} hint={t("The first line a visitor reads when the chat opens.")}>
        {(ties) => (
          <textarea
            {...ties}
            rows={2}
            value={draft.greeting}
            onInput={(event) => change({ greeting: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label={t("Place")}>
        {(ties) => (
          <select
            {...ties}
            value={draft.position}
            onChange={(event) => change({ position: event.currentTarget.value as SiteDraft["position"] })}
          >
            <option value="right">{t("Right corner")}</option>
            <option value="left">{t("Left corner")}</option>
          </select>
        )}
      </Field>
    </fieldset>
  );
}

function AnswerFields({ draft, change }: PartProps) {
  return (
    <fieldset class="group">
      <legend>{t("Answering")}</legend>
      <Field label={t("Reply time")} hint={t("What visitors are told while somebody is online.")}>
        {(ties) => (
          <select
            {...ties}
            value={draft.reply_time}
            onChange={(event) => change({ reply_time: event.currentTarget.value as SiteDraft["reply_time"] })}
          >
            <option value="minutes">{t("Within minutes")}</option>
            <option value="hours">{t("Within a few hours")}</option>
            <option value="day">{t("Within a day")}</option>
          </select>
        )}
      </Field>
      <Field label={t("Away text")} hint={t("Shown when nobody is online or you are closed.")}>
        {(ties) => (
          <textarea
            {...ties}
            rows={2}
            value={draft.away_text}
            onInput={(event) => change({ away_text: event.currentTarget.value })}
          />
        )}
      </Field>
      <Switch
        label={t("Show agents what a visitor types before it is sent")}
        hint={t(
          "Visitors are told, in the chat, that the team sees what they type. It is shown to agents only and never stored.",
        )}
        on={draft.draft_preview}
        onChange={(on) => change({ draft_preview: on })}
      />
      <Switch
        label={t("Visitors' read receipts")}
        hint={t("Off: nobody is told what a visitor has seen. Your messages show “Delivered” at most.")}
        on={draft.read_receipts}
        onChange={(on) => change({ read_receipts: on })}
      />
    </fieldset>
  );
}

interface MinutesProps {
  label: string;
  hint: string;
  value: number;
  set: (minutes: number) => void;
}

/** After how many minutes a mail goes out: up to those of a day. */
function MinutesField({ label, hint, value, set }: MinutesProps) {
  const minutes = (text: string): number => Math.min(1440, Math.max(0, Math.floor(Number(text)) || 0));
  return (
    <Field label={label} hint={hint}>
      {(ties) => (
        <input
          {...ties}
          type="number"
          min={0}
          max={1440}
          value={value}
          onInput={(event) => set(minutes(event.currentTarget.value))}
        />
      )}
    </Field>
  );
}

function MailFields({ draft, change }: PartProps) {
  return (
    <fieldset class="group">
      <legend>{t("Mails")}</legend>
      <MinutesField
        label={t("Mail agents after so many minutes without an answer")}
        hint={t("Only minutes in which you are open count. 0 sends none.")}
        value={draft.missed_minutes}
        set={(minutes) => change({ missed_minutes: minutes })}
      />
      <MinutesField
        label={t("Mail visitors an answer that they have not seen after so many minutes")}
        hint={t("To visitors who left an address. 0 sends none.")}
        value={draft.answer_minutes}
        set={(minutes) => change({ answer_minutes: minutes })}
      />
    </fieldset>
  );
}

function SnippetField({ site }: { site: Site }) {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(site.snippet);
      setCopied(true);
    } catch {
      // Without the right to the clipboard the text can still be selected by hand.
      setCopied(false);
    }
  };
  return (
    <fieldset class="group">
      <legend>{t("Put it on your pages")}</legend>
      <p class="hint">{t("Paste this line before the end of the body of every page that shall have the chat.")}</p>
      <div class="snippet">
        <input
          type="text"
          readOnly
          aria-label={t("Script tag")}
          value={site.snippet}
          onFocus={(event) => event.currentTarget.select()}
        />
        <span class="sr" role="status">
          {copied ? t("The script tag is copied") : ""}
        </span>
        <button type="button" class="button" onClick={copy}>
          <Icon of={copied ? Check : Copy} size={16} />
          <span>{copied ? t("Copied") : t("Copy")}</span>
        </button>
      </div>
    </fieldset>
  );
}

function draftOf(site: Site): SiteDraft {
  const { name, color, greeting, away_text, reply_time, position, draft_preview, read_receipts, hours } = site;
  const { missed_minutes, answer_minutes } = site;
  return {
    name,
    color,
    greeting,
    away_text,
    reply_time,
    position,
    draft_preview,
    read_receipts,
    hours,
    missed_minutes,
    answer_minutes,
    origins: site.allowed_origins.join("\n"),
  };
}

function changeOf({ origins, ...rest }: SiteDraft): SiteChange {
  return { ...rest, allowed_origins: originLines(origins) };
}

function originsFault(text: string): string | null {
  for (const line of originLines(text)) {
    const meant = asOrigin(line);
    if (meant === line) continue;
    return meant === null
      ? t("This is not the address of a site: {line}", { line })
      : t("An origin has no path. Write {meant} instead of {line}.", { meant, line });
  }
  return null;
}

function errorFor(error: ApiError | null, codes: readonly number[]): string | null {
  return error && codes.includes(error.code) ? error.message : null;
}
