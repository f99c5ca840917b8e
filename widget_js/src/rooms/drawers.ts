/**
 * Beside a room stand its lists; where there is no place for them they are drawers (popovers, which Esc closes and a
 * button opens without us). What is open is a step of its own: going back closes it and stays in the room (S3.17).
 */
export function goBackToClose(page: Document, view: Window): void {
  let open: HTMLElement | undefined;
  for (const drawer of page.querySelectorAll<HTMLElement>("[data-drawer]")) {
    drawer.addEventListener("toggle", ({ newState }) => {
      if (newState === "open") {
        if (!open) view.history.pushState({ drawer: true }, "");
        open = drawer;
        drawer.querySelector<HTMLElement>("[popovertargetaction=hide]")?.focus();
      } else if (open === drawer) {
        open = undefined;
        if (view.history.state?.drawer) view.history.back();
      }
    });
    drawer.addEventListener("click", (event) => {
      const link = (event.target as Element).closest("a");
      if (!link || open !== drawer || event.ctrlKey || event.metaKey || event.shiftKey) return;
      // In the place of the step that the drawer was.
      event.preventDefault();
      view.location.replace(link.href);
    });
  }
  view.addEventListener("popstate", () => {
    const closing = open;
    open = undefined;
    if (closing?.matches(":popover-open")) closing.hidePopover();
  });
}
