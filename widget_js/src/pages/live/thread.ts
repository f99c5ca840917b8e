import type { Message, Position, ServerFrame } from "../../protocol.gen";
import { writeMoments } from "../moments";
import { openLine, type Say } from "./line";
import { isWriting, merge } from "./merge";
import { says } from "./says";

/** More changes than this are not fetched one by one, and no more new posts than these are put in by themselves. */
const FEW = 5;
const PAGE = 20;
/** What comes together is fetched together, and a thousand readers do not ask in the same moment. */
const GATHER_MS = 50;
const SPREAD_MS = 200;
/** So near to the end of the posts one is at their end. */
const NEAR_PX = 80;

export const parsed = (text: string): Document => new DOMParser().parseFromString(text, "text/html");

/** A thread that is open, and goes on. */
export interface Live {
  readonly say: Say;
  readonly position: Position;
  /** The newest post that the page shows, or has offered. */
  shown: number;
  /** Takes a page of this thread that the server has sent, with what is new on it; the answer is the first of that. */
  take(fresh: Document): Element | undefined;
}

/** What a member's page adds. */
export interface Others {
  hear(frame: ServerFrame): void;
  /** The page shows more than before, or is looked at again. */
  looked(): void;
}

/**
 * Keeps a page's posts as they are on the server (S0.04, S0.07). What is new is told, and put in by itself only for
 * somebody who is at the end and does not write.
 */
export function followThread(page: Document, view: Window, section: HTMLElement, others?: Others): Live {
  const at = section.dataset as Record<string, string>;
  const { channel = "", epoch = "", posts = "" } = at;
  const isTail = at["tail"] === "1";
  const isNested = at["layout"] === "nested";
  const position: Position = {
    channel,
    epoch,
    version: Number(at["version"]),
    first: Number(at["first"]),
    last: Number(at["last"]),
    tail: true,
  };
  const bar = page.querySelector<HTMLElement>("[data-more]");
  let title = page.title;
  let changed = new Set<number>();
  let isStale = false;
  /** Whether something new stands between what is read. */
  let isDeep = false;
  let gathering = 0;

  const put = (fresh: Document, adds: boolean): Element | undefined => {
    title = fresh.title || title;
    const found = merge(fresh, adds);
    writeMoments(page);
    return found;
  };
  const take = async (address: string, adds = false): Promise<Element | undefined> => {
    const answer = await fetch(address, { cache: "reload" });
    const fresh = parsed(await answer.text());
    if (!answer.ok) throw new TypeError();
    return put(fresh, adds);
  };
  const more = async (): Promise<Element | undefined> => {
    const upto = position.last;
    const found = await take(isNested ? view.location.href : `${posts}?after=${live.shown}`, true);
    live.shown = upto;
    isDeep = false;
    tell();
    return found;
  };
  const unread = (): number => position.last - live.shown;
  const tell = (): void => {
    page.title = unread() && page.hidden ? `(${unread()}) ${title}` : title;
    if (bar) says(bar, unread());
    if (MEMBERS) others?.looked();
  };
  const isFollowing = (): boolean =>
    isTail &&
    !isDeep &&
    !page.hidden &&
    unread() <= PAGE &&
    section.getBoundingClientRect().bottom < view.innerHeight + NEAR_PX &&
    !(MEMBERS && isWriting(page));
  const gathered = async (): Promise<void> => {
    gathering = 0;
    const seqs = [...changed];
    changed = new Set();
    try {
      const all = isStale || seqs.length > FEW;
      isStale = false;
      for (const address of all ? [view.location.href] : seqs.map((seq) => `${posts}/${seq}`)) await take(address);
      if (unread() && isFollowing()) await more();
    } catch {
      // It is fetched with the next change.
      isStale = true;
    }
    tell();
  };
  const gather = (): void => {
    if (!gathering) gathering = view.setTimeout(gathered, GATHER_MS + Math.random() * SPREAD_MS);
  };
  const heard = (messages: readonly Message[] = []): void => {
    for (const { seq, parent } of messages) {
      isDeep ||= isNested && seq > live.shown && Number(parent) > 1;
      if (seq > position.last) position.last = seq;
      else if (seq <= live.shown) changed.add(seq);
    }
    gather();
  };

  const live: Live = {
    shown: position.last,
    position,
    say: openLine(
      view,
      section,
      () => [{ t: "hello", v: 1, positions: [position] }],
      (frame) => {
        if (frame.t === "event") {
          if (frame.from > position.version) live.say({ t: "open", ref: 0, channel, position });
          else {
            // Without a message it was the thread itself that changed.
            isStale ||= !frame.messages?.length;
            position.version = Math.max(position.version, frame.to);
            heard(frame.messages);
          }
        } else if (frame.t === "messages") heard(frame.messages);
        else if (frame.t === "head") {
          isStale ||= frame.version !== position.version;
          position.epoch = frame.epoch;
          position.last = frame.last_seq;
        } else if (frame.t === "synced") {
          position.version = frame.version;
          gather();
        } else if (frame.t === "gone" && !(MEMBERS && isWriting(page))) view.location.reload();
        if (MEMBERS) others?.hear(frame);
      },
    ),
    take(fresh) {
      if (!MEMBERS) return undefined;
      const found = put(fresh, true);
      const upto = Number(fresh.querySelector<HTMLElement>("[data-last]")?.dataset["last"]);
      live.shown = Math.max(live.shown, upto || 0);
      position.last = Math.max(position.last, live.shown);
      isDeep = false;
      tell();
      return found;
    },
  };
  bar?.addEventListener("click", async () => {
    if (isTail && unread() <= PAGE) (await more())?.scrollIntoView({ block: "center" });
    else view.location.assign(`${at["thread"]}/last`);
  });
  page.addEventListener("visibilitychange", gather);
  return live;
}
