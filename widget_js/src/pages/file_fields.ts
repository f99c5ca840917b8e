const FIELD = ".files-field";

/** Fields that bring files take them by hand too, and show how far they are. What does that is fetched where one stands. */
export function improveFileFields(page: Document): void {
  const improved = new WeakSet<Element>();
  const improve = (field: HTMLElement | null | undefined): void => {
    if (!field || improved.has(field)) return;
    improved.add(field);
    import("../files/form").then(
      ({ attachToForm }) => attachToForm(field, page.documentElement.lang),
      () => {
        // Without it the browser sends them with the form.
      },
    );
  };
  for (const field of page.querySelectorAll<HTMLElement>(FIELD)) improve(field);
  // Forms come later too: an answer that was refused, a new one behind the one that was sent.
  for (const name of ["focusin", "dragenter"])
    page.addEventListener(name, ({ target }) =>
      improve((target as Element).closest?.("form")?.querySelector<HTMLElement>(FIELD)),
    );
}
