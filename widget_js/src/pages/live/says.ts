/** The texts are the server's: for 1, 2, 3 … and the last one for more. It is shown while there is something to say. */
export function says(place: HTMLElement, count: number): void {
  const texts = place.dataset["says"]?.split("|") ?? [];
  place.hidden = !count;
  place.textContent = texts[Math.min(count, texts.length) - 1] ?? "";
}
