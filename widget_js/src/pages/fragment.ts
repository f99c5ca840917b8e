/** A code of a link; whatever else stands behind a "#" is a place on the page. */
const CODE = /^#([A-Za-z0-9_-]{20,})$/;

/**
 * Codes of mailed links come in the fragment, which no server and no log ever sees. The field takes it, and the address
 * bar forgets it. A code that holds for a minute only is sent at once; what it does is asked on the next page.
 */
export function fillFromFragment(page: Document, place: Location, past: History): void {
  const field = page.querySelector<HTMLInputElement>("input[data-from-fragment]");
  const code = CODE.exec(place.hash)?.[1];
  if (!field || !code) return;
  field.value = code;
  past.replaceState(null, "", `${place.pathname}${place.search}`);
  if (field.dataset["fromFragment"] === "send") field.form?.requestSubmit();
}

/** As above, now and when a link leads to the page that is open already: a browser then changes the fragment alone. */
export function followFragments(page: Document, view: Window): void {
  const fill = (): void => fillFromFragment(page, view.location, view.history);
  fill();
  view.addEventListener("hashchange", fill);
}
