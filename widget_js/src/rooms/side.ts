import { writeMoments } from "../pages/moments";

/** So long what is told of the list is gathered, before it is read again once. */
const GATHER_MS = 150;

const folded = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** The list of one's rooms beside an open one: it is read again when it changes, and a box narrows it (S3.18). */
export class SideList {
  readonly #place: HTMLElement;
  readonly #address: string;
  readonly #box: HTMLInputElement | null;
  #gathering: ReturnType<typeof setTimeout> | undefined;

  /** `place` holds the list; `address` is where the server has it alone. */
  constructor(place: HTMLElement, address: string) {
    this.#place = place;
    this.#address = address;
    this.#box = place.querySelector("input[type=search]");
    this.#box?.addEventListener("input", () => this.#narrow());
    this.#count();
  }

  /** It is not as it was. */
  stale(): void {
    this.#gathering ??= setTimeout(() => void this.#read(), GATHER_MS);
  }

  async #read(): Promise<void> {
    this.#gathering = undefined;
    try {
      const answer = await fetch(this.#address, { cache: "no-store" });
      if (answer.ok) this.#put(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // The next change, or the next line, brings it.
    }
  }

  #put(fresh: Document): void {
    const list = this.#place.querySelector("[data-rooms]");
    const news = fresh.querySelector("[data-rooms]");
    if (!list || !news) return;
    const focused = list.contains(document.activeElement) ? document.activeElement?.closest("a")?.pathname : undefined;
    list.replaceChildren(...news.children);
    writeMoments(document);
    this.#narrow();
    this.#count();
    for (const link of list.querySelectorAll("a")) if (link.pathname === focused) link.focus({ preventScroll: true });
  }

  #narrow(): void {
    const wanted = folded(this.#box?.value.trim() ?? "");
    for (const row of this.#place.querySelectorAll<HTMLElement>("[data-room]"))
      row.hidden = !folded(row.querySelector("[data-name]")?.textContent ?? "").includes(wanted);
  }

  /** The button that opens the list on a phone says that there is something new in it. */
  #count(): void {
    const news = this.#place.querySelectorAll("[data-unread]").length;
    for (const button of document.querySelectorAll<HTMLElement>("[popovertarget=room-side]"))
      button.toggleAttribute("data-news", news > 0);
  }
}
