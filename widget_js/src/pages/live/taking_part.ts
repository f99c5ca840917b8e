import type { Drafts } from "./drafts";
import { answerOnPage } from "./forms";
import { walkByKeys } from "./keys";
import { hearNotices } from "./notices";
import { followThread } from "./thread";
import { typistsIn } from "./typists";

/** How often one is said to type, and after how long not any more. */
const AGAIN_MS = 3000;
const STILL_MS = 5000;

/** What a member does on the page of a thread without leaving it. */
export function takePart(page: Document, view: Window, section: HTMLElement, drafts: Drafts): void {
  const tellTypist = typistsIn(page.querySelector("[data-typing]"), view);
  const channel = section.dataset["channel"] ?? "";
  let seen = 0;
  const live = followThread(page, view, section, {
    hear(frame) {
      hearNotices(page, frame);
      if (frame.t === "typing") tellTypist(frame.person.name ?? "", frame.on);
      // Whoever has written does not type any more.
      else if (frame.t === "event") for (const { author } of frame.messages ?? []) tellTypist(author.name ?? "", false);
    },
    looked,
  });
  function looked(): void {
    // Called before `live` is there once; and what is in front of nobody is seen by nobody.
    if (page.hidden || !page.hasFocus() || section.dataset["tail"] !== "1" || live.shown <= seen) return;
    seen = live.shown;
    live.say({ t: "receipt", channel, epoch: live.position.epoch, delivered: live.position.last, seen });
  }
  view.addEventListener("focus", looked);

  let typedAt = 0;
  let stopping = 0;
  const stop = (): void => {
    view.clearTimeout(stopping);
    if (typedAt) live.say({ t: "typing", channel, on: false });
    typedAt = 0;
  };
  page.addEventListener("input", ({ target }) => {
    if (!(target as Element).matches("form.reply textarea")) return;
    if (Date.now() - typedAt > AGAIN_MS) {
      live.say({ t: "typing", channel, on: true });
      typedAt = Date.now();
    }
    view.clearTimeout(stopping);
    stopping = view.setTimeout(stop, STILL_MS);
  });
  answerOnPage(page, view, section, live, drafts, stop);
  walkByKeys(page);
}
