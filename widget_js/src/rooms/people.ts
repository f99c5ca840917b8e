import type { Texts } from "../core/texts";
import { writeMoments } from "../pages/moments";
import type { Author } from "../protocol.gen";

const GATHER_MS = 150;

/** Who is in a room, as the server lists them, and who of them is here now, as the line tells it (S3.08). */
export class People {
  readonly #texts: Texts;
  readonly #place: HTMLElement;
  readonly #section: HTMLElement;
  #here: readonly Author[] = [];
  #gathering: ReturnType<typeof setTimeout> | undefined;

  /** `place` is for the list, `section` the room. */
  constructor(place: HTMLElement, section: HTMLElement, texts: Texts) {
    this.#place = place;
    this.#section = section;
    this.#texts = texts;
    this.stale();
  }

  /** Who is in, or what the room is called, is not as it was. */
  stale(): void {
    this.#gathering ??= setTimeout(() => void this.#read(), GATHER_MS);
  }

  /** These have the room open. */
  show(here: readonly Author[]): void {
    this.#here = here;
    const { count } = this.#texts;
    const said = this.#section.querySelector("[data-here]");
    const text = here.length ? count(here.length, "{n} here now", "{n} here now") : "";
    if (said && said.textContent !== text) said.textContent = text;
    this.#mark();
  }

  async #read(): Promise<void> {
    this.#gathering = undefined;
    const { members = "" } = this.#place.dataset;
    try {
      const [list, room] = await Promise.all([members, location.href].map(read));
      for (const part of room?.querySelectorAll<HTMLElement>("[data-part]") ?? [])
        document.querySelector(`[data-part=${part.dataset["part"]}]`)?.replaceWith(part);
      this.show(this.#here);
      const fresh = list?.querySelector("[data-members]");
      if (!fresh) return;
      for (const form of fresh.querySelectorAll("form")) form.remove();
      this.#place.querySelector("[data-members]")?.replaceChildren(...fresh.children);
      writeMoments(document);
      this.#mark();
    } catch {
      // The next change, or the next line, brings it.
    }
  }

  #mark(): void {
    const here = new Set(this.#here.map(({ id }) => id));
    for (const row of this.#place.querySelectorAll<HTMLElement>("[data-member]")) {
      const isHere = here.has(row.dataset["member"] ?? "");
      const said = row.querySelector(".hint");
      row.classList.toggle("is-here", isHere);
      if (said) said.textContent = isHere ? this.#texts.text("Here now") : "";
    }
  }
}

async function read(address: string): Promise<Document | undefined> {
  const answer = await fetch(address, { cache: "no-store" });
  return answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : undefined;
}
