import { shownCount } from "../core/counts";
import type { Context } from "../protocol.gen";
import { element } from "./elements";
import type { Face, Host } from "./host";

const MARKED_TITLE = /^\(\d+\+?\) /;
const LINE_CHARS = 200;

/** Where the visitor is. Query and fragment stay here: pages put secrets there. */
export function pageContext(): Context {
  const bare = (address: string): string | null => (address ? (address.split(/[?#]/)[0] ?? "").slice(0, 2000) : null);
  return {
    page: bare(location.href),
    title: document.title.replace(MARKED_TITLE, "").slice(0, LINE_CHARS),
    referrer: bare(document.referrer),
    language: navigator.language,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

/** Calls `moved` when a single-page application goes to another address. */
export function watchPage(moved: () => void, signal: AbortSignal): void {
  const { navigation } = window as { navigation?: EventTarget };
  navigation?.addEventListener("currententrychange", moved, { signal });
  if (!navigation) addEventListener("popstate", moved, { signal });
}

/** Shows on the launcher, and in the page's title, how things stand. */
export function showFace({ launcher, box }: Pick<Host, "launcher" | "box">): (face: Face) => void {
  const badge = element("span", "badge");
  const closedName = launcher.ariaLabel;
  badge.hidden = true;
  launcher.append(badge);
  return ({ open, unread, label }) => {
    launcher.ariaExpanded = `${open}`;
    launcher.ariaLabel = label || closedName;
    badge.textContent = shownCount(unread);
    badge.hidden = open || !unread;
    const title = document.title.replace(MARKED_TITLE, "");
    if (unread || title !== document.title) document.title = unread ? `(${shownCount(unread)}) ${title}` : title;
    if (box.classList.contains("open") && !open) launcher.focus();
    box.classList.toggle("open", open);
  };
}
