import { shownCount } from "../../core/counts";
import type { ServerFrame } from "../../protocol.gen";

/** The menu says how many notices a member has not seen. */
export function hearNotices(page: Document, frame: ServerFrame): void {
  const unseen = frame.t === "notices" ? frame.unseen : frame.t === "welcome" ? frame.notices : undefined;
  if (unseen === undefined) return;
  for (const link of page.querySelectorAll("[data-notices]")) {
    link.querySelector(".badge")?.remove();
    if (!unseen) continue;
    const badge = page.createElement("span");
    badge.className = "badge";
    badge.textContent = shownCount(unseen);
    link.append(badge);
  }
}
