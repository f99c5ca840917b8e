/** On a narrow screen a row of tabs may be longer than the page: the current one is brought into sight. */
export function showCurrentTab(page: Document): void {
  for (const current of page.querySelectorAll<HTMLElement>(".tabs [aria-current]")) {
    const row = current.closest<HTMLElement>(".tabs");
    if (row) row.scrollLeft = current.offsetLeft - row.offsetLeft - (row.clientWidth - current.offsetWidth) / 2;
  }
}
