import type { ServerFrame } from "../../protocol.gen";
import type { Drafts } from "./drafts";
import { openLine } from "./line";
import { hearNotices } from "./notices";
import { says } from "./says";
import { takePart } from "./taking_part";
import { followThread } from "./thread";

/** A page that shows a thread goes on with it; one that lists threads says how many of them have news. */
export function follow(page: Document, view: Window, drafts?: Drafts): void {
  const thread = page.querySelector<HTMLElement>("[data-channel]");
  const link = page.querySelector<HTMLElement>("[data-news]");
  // A room's page has a line of its own, over which it hears of notices too.
  const isRoom = MEMBERS && page.querySelector("[data-line][data-room]");
  const place = link ?? (MEMBERS && !isRoom ? page.querySelector<HTMLElement>("[data-notices]") : null);
  if (thread && MEMBERS && drafts) takePart(page, view, thread, drafts);
  else if (thread) followThread(page, view, thread);
  else if (place) {
    const threads = new Set<number>();
    const boards = link?.dataset["news"]?.split(" ") ?? [];
    openLine(
      view,
      place,
      () => [
        { t: "hello", v: 1 },
        { t: "watch", boards },
      ],
      (frame: ServerFrame) => {
        if (frame.t === "news") says(place, threads.add(frame.thread).size);
        else if (MEMBERS) hearNotices(page, frame);
      },
    );
  }
}
