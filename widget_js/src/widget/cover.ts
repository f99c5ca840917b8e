/** Where the open panel is the whole screen: as in the sheets. */
const NARROW = "(max-width: 480px)";

/**
 * On phones the open panel covers the page: what lies behind it can neither be reached nor read aloud until the panel is
 * closed. The widget stands in the page's body, so it is its neighbours there that become inert.
 */
export class Cover {
  readonly #host: Element;
  readonly #narrow = matchMedia(NARROW);
  #open = false;
  #covered: HTMLElement[] = [];

  /** `host` is the widget's element; `signal` ends it and uncovers the page. */
  constructor(host: Element, signal: AbortSignal) {
    this.#host = host;
    this.#narrow.addEventListener("change", () => this.#apply(), { signal });
    signal.addEventListener("abort", () => this.show(false));
  }

  /** Says whether the panel is open. */
  show(open: boolean): void {
    this.#open = open;
    this.#apply();
  }

  #apply(): void {
    for (const element of this.#covered) element.inert = false;
    this.#covered = [];
    if (!this.#open || !this.#narrow.matches) return;
    for (const element of document.body.children) {
      // What the page itself has made inert stays so afterwards.
      if (element.contains(this.#host) || !(element instanceof HTMLElement) || element.inert) continue;
      element.inert = true;
      this.#covered.push(element);
    }
  }
}
