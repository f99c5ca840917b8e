/** A page with unread messages says that they were seen once it is looked at. Without a script a button does. */
export function tellSeen(page: Document, send: typeof fetch): void {
  const form = page.querySelector<HTMLFormElement>("form[data-seen]");
  if (!form) return;
  const look = (): void => {
    if (page.visibilityState !== "visible" || !page.hasFocus() || form.hidden) return;
    form.hidden = true;
    const body = new URLSearchParams(new FormData(form) as unknown as Record<string, string>);
    send(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {
      form.hidden = false;
    });
  };
  page.addEventListener("visibilitychange", look);
  page.defaultView?.addEventListener("focus", look);
  look();
}
