import type { Drafts } from "./drafts";
import { type Live, parsed } from "./thread";

/** Where a post of its own may carry a form: votes, a bookmark, an accepted answer; and the poll. */
const DEEDS = "article form, [data-part=poll] form";
const ANSWER = "form.reply";

/** Forms of posts are sent without leaving the page, and the server's answer is put in; answers open where they are read. */
export function answerOnPage(
  page: Document,
  view: Window,
  section: HTMLElement,
  live: Live,
  drafts: Drafts,
  stopTyping: () => void,
): void {
  const tell = (text: string): void => {
    const notice = page.createElement("p");
    notice.className = "notice bad";
    notice.textContent = text;
    page.querySelector(".notices")?.replaceChildren(notice);
  };
  const failed = (): void => tell(section.dataset["failed"] ?? "");

  /** The page after a form was taken: this one as it is now, or another one to go to. */
  function taken(answer: Response, fresh: Document, isAnswer: boolean): void {
    const there = new URL(answer.url);
    const own = fresh.querySelector<HTMLElement>(`[data-channel="${section.dataset["channel"]}"]`);
    if (!own) view.location.assign(there);
    else if (isAnswer && there.searchParams.get("page") !== new URL(view.location.href).searchParams.get("page"))
      view.location.assign(`${section.dataset["thread"]}/last`);
    else {
      const first = live.take(fresh);
      if (isAnswer) first?.scrollIntoView({ block: "center" });
    }
  }

  async function send(form: HTMLFormElement, by: HTMLElement | null): Promise<void> {
    const isAnswer = form.matches(ANSWER);
    const address = by?.hasAttribute("formaction") ? (by as HTMLButtonElement).formAction : form.action;
    const body = new URLSearchParams(new FormData(form, by) as unknown as Record<string, string>);
    // Not disabled: a button that is loses the focus.
    form.ariaBusy = "true";
    try {
      if (isAnswer) await drafts.keep(form);
      const answer = await fetch(address, { method: "POST", body });
      const fresh = parsed(await answer.text());
      if (answer.redirected) {
        drafts.sent(form);
        if (isAnswer) {
          stopTyping();
          form.remove();
        }
        // What was chosen is the server's now: the form may be replaced.
        form.reset();
        taken(answer, fresh, isAnswer);
      } else {
        const problem = fresh.querySelector(".problem")?.textContent;
        const again = isAnswer ? fresh.querySelector(ANSWER) : null;
        if (again) form.replaceWith(again);
        else if (problem) tell(problem);
        else failed();
      }
    } catch {
      // Nothing is lost: what was typed is still in its form.
      failed();
    } finally {
      form.ariaBusy = null;
    }
  }

  page.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const by = event.submitter;
    // Whoever keeps a draft or looks at a preview goes to another page.
    const stays = form.matches(ANSWER) ? !by?.getAttribute("name") : form.matches(DEEDS);
    if (!stays) return;
    event.preventDefault();
    if (!form.ariaBusy) void send(form, by);
  });

  page.addEventListener("click", async (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>(
      "article a[href*='reply='],article a[href*='quote=']",
    );
    const form = page.querySelector<HTMLFormElement>(ANSWER);
    const post = link?.closest("article");
    if (!link || !form || !post || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const asked = new URL(link.href).searchParams;
    const field = form.querySelector("textarea");
    const parent = form.querySelector<HTMLInputElement>("[name=parent]");
    if (parent) parent.value = asked.get("reply") ?? asked.get("quote") ?? "1";
    if (asked.has("quote")) {
      // The server quotes, behind what was kept of the answer.
      await drafts.keep(form);
      const quoted = parsed(await (await fetch(link.href)).text()).querySelector<HTMLTextAreaElement>(
        `${ANSWER} textarea`,
      );
      if (field && quoted) field.value = quoted.value;
    }
    post.insertBefore(form, post.querySelector(":scope>details.replies"));
    field?.focus();
    field?.setSelectionRange(field.value.length, field.value.length);
  });
}
