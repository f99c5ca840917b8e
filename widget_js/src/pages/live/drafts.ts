/** What is typed into the forms of posts is kept on the server after a pause, and when the page is left (S4.10). */

const PAUSE_MS = 1200;
/** What a browser sends for a page that is gone already. */
const KEEPALIVE_CHARS = 20_000;

interface Kept {
  timer: number;
  /** What the server has, or is being sent. */
  saved: string;
  saving: Promise<void>;
}

export interface Drafts {
  /** Keeps what is typed into a form now; done when the server has it, or could not be reached. */
  keep(form: HTMLFormElement): Promise<void>;
  /** The form was sent: nothing of it is kept any more. */
  sent(form: HTMLFormElement): void;
}

const typed = (form: HTMLFormElement): string =>
  `${new URLSearchParams(new FormData(form) as unknown as Record<string, string>)}`;

export function keepDrafts(page: Document, view: Window, send: typeof fetch): Drafts {
  const forms = new Map<HTMLFormElement, Kept>();
  const tell = (form: HTMLFormElement, text: 0 | 1 | undefined): void => {
    const place = form.querySelector<HTMLElement>("[data-draft-state]");
    if (place) place.textContent = text === undefined ? "" : (place.dataset["says"]?.split("|")[text] ?? "");
  };
  const save = async (form: HTMLFormElement, kept: Kept, keepalive: boolean): Promise<void> => {
    view.clearTimeout(kept.timer);
    const body = typed(form);
    if (body === kept.saved) return;
    const before = kept.saved;
    kept.saved = body;
    const headers = { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" };
    try {
      const answer = await send(form.dataset["draft"] ?? "", {
        method: "POST",
        body,
        headers,
        redirect: "manual",
        keepalive: keepalive && body.length < KEEPALIVE_CHARS,
      });
      if (!answer.ok) throw new TypeError();
      if (typed(form) === body) tell(form, 0);
    } catch {
      kept.saved = before;
      tell(form, 1);
    }
  };
  const keep = (form: HTMLFormElement, keepalive = false): Promise<void> => {
    const kept = forms.get(form);
    if (!kept) return Promise.resolve();
    // One after the other: what was typed last is what stays.
    kept.saving = keepalive ? save(form, kept, true) : kept.saving.then(() => save(form, kept, false));
    return kept.saving;
  };
  page.addEventListener("input", ({ target }) => {
    const form = (target as Element).closest<HTMLFormElement>("form[data-draft]");
    if (!form) return;
    const kept = forms.get(form) ?? { timer: 0, saved: "", saving: Promise.resolve() };
    forms.set(form, kept);
    tell(form, undefined);
    view.clearTimeout(kept.timer);
    kept.timer = view.setTimeout(keep, PAUSE_MS, form);
  });
  const leave = (): void => {
    for (const form of forms.keys()) void keep(form, true);
  };
  view.addEventListener("pagehide", leave);
  page.addEventListener("visibilitychange", () => page.hidden && leave());
  view.addEventListener("online", leave);
  const drafts: Drafts = {
    keep,
    sent(form) {
      view.clearTimeout(forms.get(form)?.timer);
      forms.delete(form);
    },
  };
  // Sent in the way of plain pages: its draft goes with it, and is not kept once more while the page is left.
  page.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) drafts.sent(event.target as HTMLFormElement);
  });
  return drafts;
}
