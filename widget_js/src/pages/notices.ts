/** Notices can be dismissed; without a script they are gone on the next page anyway (S2.08). */
export function letNoticesGo(page: Document): void {
  for (const button of page.querySelectorAll<HTMLButtonElement>("[data-dismiss]")) {
    button.hidden = false;
    button.addEventListener("click", () => button.closest(".notice")?.remove());
  }
}
