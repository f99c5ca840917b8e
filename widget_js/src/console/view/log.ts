/**
 * The messages of a conversation, drawn imperatively and keyed: a new message costs one row, whatever the history's length.
 *
 * The log keeps the reader's place: what arrives moves the view only if it stood at the end, and older messages push nothing
 * away. It tells which messages were in view; whether somebody looked at the page is the caller's to know.
 */

import type { Message } from "../../protocol.gen";
import type { Item, MessageItem } from "../model/timeline";
import { drawRow, fingerprint, type RowActions, type RowFacts } from "./log_row";

export interface LogEvents extends RowActions {
  /** The reader came near the oldest message that is held. */
  olderWanted(): void;
  /** The highest public message that is in view has changed. */
  viewed(seq: number): void;
  /** The reader left the end or came back to it. */
  atEndChanged(atEnd: boolean): void;
}

interface Row {
  readonly element: HTMLElement;
  readonly print: string;
}

/** How far from the end still counts as the end, and how near the top asks for more, in CSS pixels. */
const END_PX = 48;
const TOP_PX = 400;
/** At which shares of a row in view it is looked at again; the small ones are for rows that are taller than the log. */
const SHARES = [0, 0.05, 0.1, 0.25, 0.5];

export class LogView {
  readonly #log: HTMLElement;
  readonly #list: HTMLElement;
  readonly #events: LogEvents;
  readonly #observer: IntersectionObserver;
  readonly #sizes: ResizeObserver;
  #rows = new Map<string, Row>();
  #visible = new Map<Element, number>();
  #atEnd = true;
  /** The key of the oldest message that is shown. */
  #first: string | null = null;

  /** `log` is the scrolling element with the role "log"; `list` the list inside it that receives the rows. */
  constructor(log: HTMLElement, list: HTMLElement, events: LogEvents) {
    this.#log = log;
    this.#list = list;
    this.#events = events;
    this.#observer = new IntersectionObserver((entries) => this.#observed(entries), { root: log, threshold: SHARES });
    log.addEventListener("scroll", this.#onScroll, { passive: true });
    // Rows take their real height only when they are drawn, and the box below the log grows with its text.
    this.#sizes = new ResizeObserver(() => {
      if (this.#atEnd) this.toEnd();
    });
    this.#sizes.observe(log);
    this.#sizes.observe(list);
  }

  /** Whether the reader stands at the newest message. */
  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Draws `items`. What is unchanged is not touched. */
  show(items: readonly Item[], facts: RowFacts): void {
    const first = items.find((item) => item.kind === "message")?.key ?? null;
    // History is no news: a screen reader would read all of it out.
    if (first !== this.#first) this.#hush();
    this.#first = first;
    // Whoever writes wants to see it.
    const last = items.at(-1);
    if (last && isWrittenNow(last) && !this.#rows.has(last.key)) this.#setAtEnd(true);
    const anchor = this.#atEnd ? null : this.#firstInView();
    this.#reconcile(items, facts);
    if (this.#atEnd) this.toEnd();
    else if (anchor) this.#log.scrollTop += anchor.element.offsetTop - anchor.top;
    this.#askForOlder();
  }

  /** Goes to the newest message. */
  toEnd(): void {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#setAtEnd(true);
  }

  /** Scrolls a public message into view, if it is held, and marks it for a moment. */
  reveal(seq: number): boolean {
    const element = this.#list.querySelector<HTMLElement>(`[data-seq="${seq}"]`);
    if (!element) return false;
    element.scrollIntoView({ block: "center" });
    // The event of scrolling comes later than the next drawing, which must know already that the reader left the end.
    this.#onScroll();
    element.classList.add("row-found");
    element.addEventListener("animationend", () => element.classList.remove("row-found"), { once: true });
    return true;
  }

  /** Ends all observation. */
  destroy(): void {
    this.#observer.disconnect();
    this.#sizes.disconnect();
    this.#log.removeEventListener("scroll", this.#onScroll);
    this.#list.replaceChildren();
  }

  /** Keeps what is drawn now from being announced. */
  #hush(): void {
    this.#log.setAttribute("aria-live", "off");
    requestAnimationFrame(() => this.#log.removeAttribute("aria-live"));
  }

  #reconcile(items: readonly Item[], facts: RowFacts): void {
    const rows = new Map<string, Row>();
    let at: Element | null = this.#list.firstElementChild;
    for (const item of items) {
      const print = fingerprint(item, facts);
      const held = this.#rows.get(item.key);
      const row = held?.print === print ? held : this.#redraw(item, facts, print, held);
      rows.set(item.key, row);
      if (row.element === at) at = at.nextElementSibling;
      else this.#list.insertBefore(row.element, at);
    }
    for (const [key, row] of this.#rows) if (rows.get(key)?.element !== row.element) this.#forget(row.element);
    this.#rows = rows;
  }

  #redraw(item: Item, facts: RowFacts, print: string, held: Row | undefined): Row {
    const element = drawRow(item, facts, this.#events);
    const message = seenBySeq(item);
    if (message) {
      element.dataset["seq"] = String(message.seq);
      this.#observer.observe(element);
    }
    // A control of the row may hold the focus: the fresh row takes it over, so that it never falls to the page.
    if (held?.element.contains(document.activeElement)) queueMicrotask(() => this.#log.focus());
    return { element, print };
  }

  #forget(element: Element): void {
    this.#observer.unobserve(element);
    this.#visible.delete(element);
    element.remove();
  }

  #observed(entries: readonly IntersectionObserverEntry[]): void {
    for (const entry of entries) {
      // A message taller than the log never shows half of itself; filling half of the log is as good.
      const seq = Number((entry.target as HTMLElement).dataset["seq"]);
      const fills = entry.intersectionRect.height >= this.#log.clientHeight / 2;
      if (entry.isIntersecting && (entry.intersectionRatio >= 0.5 || fills)) this.#visible.set(entry.target, seq);
      else this.#visible.delete(entry.target);
    }
    if (this.#visible.size > 0) this.#events.viewed(Math.max(...this.#visible.values()));
  }

  readonly #onScroll = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    this.#setAtEnd(scrollHeight - scrollTop - clientHeight < END_PX);
    this.#askForOlder();
  };

  #askForOlder(): void {
    if (this.#log.scrollTop < TOP_PX) this.#events.olderWanted();
  }

  #setAtEnd(atEnd: boolean): void {
    if (this.#atEnd === atEnd) return;
    this.#atEnd = atEnd;
    this.#events.atEndChanged(atEnd);
  }

  #firstInView(): { element: HTMLElement; top: number } | null {
    for (const element of this.#list.children as HTMLCollectionOf<HTMLElement>) {
      // The name of a day moves up when older messages of it come.
      if (element.classList.contains("row-day")) continue;
      if (element.offsetTop + element.offsetHeight > this.#log.scrollTop) return { element, top: element.offsetTop };
    }
    return null;
  }
}

function isWrittenNow(item: Item): boolean {
  return (item.kind === "message" || item.kind === "note") && item.own && item.message === null;
}

function seenBySeq(item: Item): Message | null {
  return (item as MessageItem).kind === "message" ? (item as MessageItem).message : null;
}
