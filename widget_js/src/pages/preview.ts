/** Shows what a text will look like while somebody writes it: the server's own rendering, so that it cannot differ. */

const PAUSE_MS = 300;

/** Follows every editor of the page, also those that come later. Without a script a button shows the same. */
export function showPreviews(page: Document, send: typeof fetch): void {
  let pause: ReturnType<typeof setTimeout> | undefined;
  let asked = new AbortController();
  page.addEventListener("input", ({ target }) => {
    if (!(target instanceof HTMLTextAreaElement)) return;
    const editor = target.closest<HTMLElement>("[data-preview]");
    const shown = editor?.querySelector<HTMLElement>(".preview");
    const address = editor?.dataset["preview"];
    if (!shown || !address) return;
    clearTimeout(pause);
    asked.abort();
    pause = setTimeout(async () => {
      shown.hidden = target.value.trim() === "";
      if (shown.hidden) return;
      asked = new AbortController();
      const csrf = target.form?.querySelector<HTMLInputElement>("[name=csrf]")?.value ?? "";
      const body = new URLSearchParams({ csrf, body: target.value });
      try {
        const answer = await send(address, { method: "POST", body, signal: asked.signal, redirect: "error" });
        // What is refused (too long, too often) leaves what is there; the form itself says why when it is sent.
        if (!answer.ok) return;
        const made = new DOMParser().parseFromString(await answer.text(), "text/html");
        shown.firstElementChild?.replaceChildren(...made.body.childNodes);
      } catch {
        // A later text is on its way, or the line is cut: the next letter asks again.
      }
    }, PAUSE_MS);
  });
}
