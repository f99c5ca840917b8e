import type { World } from "../core/world";

const IDLE_CLOSED_MS = 60_000;
const IDLE_HIDDEN_MS = 300_000;
const NEWS_MS = 60_000;
/** A look for news takes no longer than this. */
const LOOK_MS = 10_000;

/** What the visitor is doing with the page and the panel, and what follows from it for the connection. */
export interface AttentionOptions {
  readonly world: World;
  /** Says whether this tab wants a connection. */
  want(wanted: boolean): void;
  /** The visitor looks at the page again, or the network is back: connect at once. */
  wake(): void;
  /** Something about being looked at has changed. */
  changed(): void;
}

/**
 * Decides when a connection is worth having: while the panel is open (hidden: for 5 min), while something is unsent,
 * for 60 s after the last message; and with an earlier conversation for a short look once a minute while the page is
 * visible. Never across the page's absence: a page with a socket would not be kept for going back.
 */
export class Attention {
  #options: AttentionOptions;
  #open = false;
  #unsent = false;
  #begun = false;
  #away = false;
  #lastNews = Number.NEGATIVE_INFINITY;
  #hiddenSince: number | undefined;
  #looking = false;
  #cancelLook = (): void => {};
  #cancelNext = (): void => {};
  #listening = new AbortController();

  constructor(options: AttentionOptions) {
    this.#options = options;
    const { signal } = this.#listening;
    const on = (target: EventTarget, name: string, heard: () => void): void =>
      target.addEventListener(name, heard, { signal });
    on(document, "visibilitychange", () => this.#visibilityChanged());
    on(window, "pagehide", () => {
      this.#away = true;
      this.#decide();
    });
    on(window, "pageshow", () => {
      this.#away = false;
      this.#decide();
      if (this.#begun) this.look();
    });
    on(window, "online", () => options.wake());
    on(window, "offline", () => options.changed());
    on(window, "focus", () => options.changed());
    on(window, "blur", () => options.changed());
  }

  /** Whether the visitor looks at the panel right now. */
  get watching(): boolean {
    return this.#open && document.visibilityState === "visible" && document.hasFocus();
  }

  opened(open: boolean): void {
    this.#open = open;
    this.#lastNews = this.#options.world.now();
    this.#decide();
  }

  /** What the conversation is like: begun at all, something unsent, a message has just come or gone. */
  conversation(begun: boolean, unsent: boolean, news: boolean): void {
    if (news) this.#lastNews = this.#options.world.now();
    if (begun === this.#begun && unsent === this.#unsent && !news) return;
    this.#begun = begun;
    this.#unsent = unsent;
    this.#decide();
  }

  /** Asks for news, for no longer than that takes. */
  look(): void {
    if (this.#away || document.visibilityState === "hidden") return;
    this.#looking = true;
    this.#cancelLook();
    this.#cancelLook = this.#options.world.after(LOOK_MS, () => this.looked());
    this.#decide();
  }

  /** There is nothing more to hear for now. */
  looked(): void {
    this.#cancelLook();
    this.#looking = false;
    this.#decide();
  }

  destroy(): void {
    this.#listening.abort();
    this.#cancelLook();
    this.#cancelNext();
  }

  #visibilityChanged(): void {
    const hidden = document.visibilityState === "hidden";
    this.#hiddenSince = hidden ? this.#options.world.now() : undefined;
    this.#decide();
    if (!hidden) {
      this.#options.wake();
      if (this.#begun) this.look();
    }
    this.#options.changed();
  }

  #decide(): void {
    const { world, want } = this.#options;
    const now = world.now();
    const hiddenUntil = this.#hiddenSince === undefined ? Number.POSITIVE_INFINITY : this.#hiddenSince + IDLE_HIDDEN_MS;
    const recentUntil = this.#begun || this.#open ? this.#lastNews + IDLE_CLOSED_MS : now;
    const openUntil = this.#open ? hiddenUntil : Math.min(recentUntil, hiddenUntil);
    const wanted = !this.#away && (this.#unsent || this.#looking || openUntil > now);
    want(wanted);
    this.#cancelNext();
    if (this.#away) return;
    if (openUntil > now && openUntil < Number.POSITIVE_INFINITY) {
      this.#cancelNext = world.after(openUntil - now, () => this.#decide());
    } else if (!wanted && this.#begun && this.#hiddenSince === undefined) {
      this.#cancelNext = world.after(NEWS_MS, () => this.look());
    }
  }
}
