/** What concerns the agent alone: the name that visitors see, mails, and how this browser tells of news. */

import { useState } from "preact/hooks";
import type { ApiError } from "../api";
import type { Desk } from "../state/desk";
import { t } from "../texts";
import { Field, Switch } from "./field";
import { Page } from "./page";

export function ProfilePage({ desk }: { desk: Desk }) {
  return (
    <Page title={t("You")} desk={desk}>
      <div class="narrow">
        <NameForm desk={desk} />
        <MailChoice desk={desk} />
        <NewsChoices desk={desk} />
      </div>
    </Page>
  );
}

function NameForm({ desk }: { desk: Desk }) {
  const [name, setName] = useState(desk.me.value.name);
  const [error, setError] = useState<string | null>(null);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setError(null);
    try {
      await desk.rename(name);
      desk.notices.say(t("Saved your name"));
    } catch (refused) {
      setError((refused as ApiError).message);
    }
  };
  return (
    <form class="group" onSubmit={save} noValidate>
      <Field label={t("Public name")} hint={t("Visitors see it above your replies.")} error={error}>
        {(ties) => (
          <input
            {...ties}
            type="text"
            autocomplete="name"
            maxLength={80}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <p class="hint">{t("Signed in as {name}", { name: desk.me.value.mail })}</p>
      <button type="submit" class="button button-primary start" aria-disabled={name.trim() === desk.me.value.name}>
        {t("Save")}
      </button>
    </form>
  );
}

function MailChoice({ desk }: { desk: Desk }) {
  const choose = async (on: boolean): Promise<void> => {
    try {
      await desk.switchMissedMails(on);
    } catch (refused) {
      desk.notices.warn((refused as ApiError).message);
    }
  };
  return (
    <fieldset class="group">
      <legend>{t("Mails")}</legend>
      <Switch
        label={t("Chats that nobody answers")}
        hint={t("After the time that each site has chosen. A chat that is assigned goes to whoever has it.")}
        on={desk.me.value.missed_mails}
        onChange={choose}
      />
    </fieldset>
  );
}

function NewsChoices({ desk }: { desk: Desk }) {
  const { preferences, alerts } = desk;
  const [refused, setRefused] = useState(false);
  return (
    <fieldset class="group">
      <legend>{t("In this browser")}</legend>
      <Switch
        label={t("Desktop notifications")}
        hint={
          refused
            ? t(
                "The browser does not allow them for this page. Allow notifications in the settings beside the address.",
              )
            : t("For new messages while this page is not in front.")
        }
        on={preferences.get("desktop")}
        onChange={async (on) => setRefused(!(await alerts.setDesktop(on)))}
      />
      <Switch
        label={t("Sound")}
        hint={t("A short tone with each new message.")}
        on={preferences.get("sound")}
        onChange={(on) => alerts.setSound(on)}
      />
      <Switch
        label={t("Enter sends")}
        hint={t("Shift and Enter then break the line. Without it, Ctrl or ⌘ and Enter send.")}
        on={preferences.get("enterSends")}
        onChange={(on) => preferences.set("enterSends", on)}
      />
      <Switch
        label={t("Single letters as shortcuts")}
        hint={t("Such as j, k and r. Turn this off if you speak to your computer.")}
        on={preferences.get("letterKeys")}
        onChange={(on) => preferences.set("letterKeys", on)}
      />
    </fieldset>
  );
}
