/** The canned replies: a short word each, and the text that it stands for. */

import { Trash2 } from "lucide";
import { useState } from "preact/hooks";
import type { ApiError } from "../api";
import { type CannedReply, PLACEHOLDERS } from "../model/canned";
import type { Desk } from "../state/desk";
import { t } from "../texts";
import { Icon } from "../view/icon";
import { Field } from "./field";
import { Page } from "./page";

export function CannedPage({ desk }: { desk: Desk }) {
  const replies = desk.canned.value;
  const [chosen, setChosen] = useState<string | null>(null);
  const reply = replies.find((one) => one.id === chosen) ?? null;
  return (
    <Page title={t("Canned replies")} desk={desk}>
      <div class="sites">
        <nav class="site-list" aria-label={t("Canned replies")}>
          {replies.map((one) => (
            <button
              type="button"
              key={one.id}
              class="site-link"
              aria-current={one.id === chosen ? "true" : undefined}
              onClick={() => setChosen(one.id)}
            >
              <code>/{one.shortcut}</code>
              <span class="grow clip quiet">{one.body}</span>
            </button>
          ))}
          <button
            type="button"
            class="site-link"
            aria-current={reply === null ? "true" : undefined}
            onClick={() => setChosen(null)}
          >
            {t("New reply")}
          </button>
        </nav>
        <CannedForm key={reply?.id ?? "new"} desk={desk} reply={reply} onDone={setChosen} />
      </div>
    </Page>
  );
}

interface CannedFormProps {
  readonly desk: Desk;
  readonly reply: CannedReply | null;
  /** Called with the reply to show next, or null for an empty form. */
  onDone(id: string | null): void;
}

function CannedForm({ desk, reply, onDone }: CannedFormProps) {
  const [shortcut, setShortcut] = useState(reply?.shortcut ?? "");
  const [body, setBody] = useState(reply?.body ?? "");
  const [error, setError] = useState<string | null>(null);

  const attempt = async (deed: () => Promise<void>): Promise<void> => {
    setError(null);
    try {
      await deed();
    } catch (refused) {
      setError((refused as ApiError).message);
    }
  };
  const save = (event: Event): void => {
    event.preventDefault();
    void attempt(async () => {
      const word = shortcut.trim().replace(/^\//u, "");
      if (reply) await desk.changeCanned({ id: reply.id, shortcut: word, body });
      else await desk.createCanned(word, body);
      desk.notices.say(t("Saved /{word}", { word }));
      if (!reply) {
        setShortcut("");
        setBody("");
      }
    });
  };
  const remove = (): void => {
    if (!reply) return;
    void attempt(async () => {
      await desk.removeCanned(reply);
      onDone(null);
    });
  };

  return (
    <form class="site-form narrow" onSubmit={save} noValidate>
      <h2>{reply ? `/${reply.shortcut}` : t("New reply")}</h2>
      <p class="hint">{t("In a conversation, type “/” and the first letters of the short word.")}</p>
      <Field label={t("Short word")} hint={t("Without blanks, such as “shipping”.")}>
        {(ties) => (
          <input
            {...ties}
            type="text"
            value={shortcut}
            maxLength={40}
            onInput={(event) => setShortcut(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field
        label={t("Text")}
        hint={Object.entries(PLACEHOLDERS).map(([name, meaning]) => (
          <span key={name} class="placeholder">
            <code>{`{${name}}`}</code> {meaning}
          </span>
        ))}
      >
        {(ties) => <textarea {...ties} rows={6} value={body} onInput={(event) => setBody(event.currentTarget.value)} />}
      </Field>
      <footer class="form-foot">
        <button
          type="submit"
          class="button button-primary"
          aria-disabled={shortcut.trim() === "" || body.trim() === ""}
        >
          {reply ? t("Save changes") : t("Add reply")}
        </button>
        {reply && (
          <button type="button" class="button" onClick={remove}>
            <Icon of={Trash2} size={16} /> {t("Remove")}
          </button>
        )}
        {error && (
          <span class="error" role="alert">
            {error}
          </span>
        )}
      </footer>
    </form>
  );
}
