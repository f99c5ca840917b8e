import { browserStorage, type Storage } from "../client/storage";
import { shownCount } from "../core/counts";
import type { Texts } from "../core/texts";
import { browserWorld } from "../core/world";
import { cookieSource } from "../files/sources";
import type { Author, Message, ServerFrame } from "../protocol.gen";
import { webSocketConnector } from "../transport/websocket";
import { AttachedFiles } from "../widget/attached";
import { Composer } from "../widget/composer";
import { button, element } from "../widget/elements";
import { MessageLog, type Standing } from "../widget/log";
import { type Notice, Notices } from "../widget/notices";
import { OwnMessages } from "../widget/own_messages";
import { adopt, followKeyboard } from "../widget/surface";
import { connectionLine, lengthLine, patienceLine } from "../widget/words";
import sheetText from "./room.css?inline";
import { type RoomNews, RoomSession, type RoomState } from "./session";

const DRAFT = "draft";
/** So far back a link to a message leads. */
const PAGES_MAX = 40;

/** What a room needs of its page. */
export interface RoomOptions {
  readonly texts: Texts;
  /** The part of the page that is the room, with what the server says of it (templates/room.html). */
  readonly section: HTMLElement;
  /** In it, what the server has made for browsers without us. */
  readonly place: HTMLElement;
  /** Called with what is new, after it is shown. */
  changed(news: RoomNews): void;
  hear(frame: ServerFrame): void;
  /** Leads to all rooms. */
  leave(): void;
}

/** An open room: the widget's log and composer in the place of what the server has made of it for browsers without us. */
export class Room {
  readonly #options: RoomOptions;
  readonly #texts: Texts;
  readonly #session: RoomSession;
  readonly #drafts: Storage;
  readonly #composer: Composer;
  readonly #log: MessageLog;
  readonly #own: OwnMessages;
  readonly #attached: AttachedFiles;
  readonly #notices = new Notices();
  readonly #pill: HTMLButtonElement;
  readonly #slot = document.createElement("slot");
  readonly #me: string;
  readonly #title = document.title;
  #state: RoomState | undefined;
  #problem: string | undefined;
  #below = 0;
  #unheard = 0;
  #cancelTick = (): void => {};

  constructor(options: RoomOptions) {
    const { place, section, texts } = options;
    const { base = "", room = "", line = "", person = "", seen = "0" } = section.dataset as Record<string, string>;
    const { signal } = new AbortController();
    const csrf = document.querySelector<HTMLInputElement>("input[name=csrf]")?.value ?? "";
    const storage = browserStorage(() => localStorage, `support-chat:rooms:${person}:`);
    this.#options = options;
    this.#texts = texts;
    this.#me = person;
    this.#drafts = browserStorage(() => sessionStorage, `support-chat:rooms:${person}:${room}:`);
    this.#composer = new Composer({
      texts,
      submit: (body) => this.#submit(body),
      typed: (body) => this.#typed(body),
    });
    const root = place.attachShadow({ mode: "open" });
    this.#attached = new AttachedFiles({
      language: texts.language,
      composer: this.#composer,
      zone: section,
      root,
      server: { base, proof: () => ({ "X-CSRF": csrf }), cookies: true, place: () => ({ channel: room }) },
      source: cookieSource(base),
      editing: () => this.#own.editing,
      signal,
    });
    this.#pill = button("pill", "", () => this.#log.toEnd());
    this.#log = new MessageLog({
      texts,
      shown: this.#attached,
      now: browserWorld.now,
      isOwn: ({ id }) => id === person,
      picture: ({ id, picture }) => `${base}/people/${id}/picture${picture ? `?v=${picture.slice(0, 12)}` : ""}`,
      standing: (seq) => this.#standing(seq),
      typing: (first, others) => this.#typing(first, others),
      told: (message) => this.#told(message),
      history: () => this.#session.history(),
      retry: (id) => this.#session.client.retry(id),
      discard: (id) => this.#session.client.discard(id),
      edit: (message) => this.#own.beginEdit(message),
      remove: (message) => this.#own.remove(message),
      viewed: () => this.#look(),
      below: (count) => {
        this.#below = count;
        this.#draw();
      },
    });
    this.#log.node.ariaLabel = texts.text("Messages");
    this.#log.node.prepend(this.#slot);
    this.#own = new OwnMessages(
      {
        texts,
        world: browserWorld,
        storage: browserStorage(() => localStorage, `support-chat:rooms:${person}:${room}:`),
        composer: this.#composer,
        edit: (seq, body) => this.#session.edit(seq, body),
        remove: (seq) => this.#session.remove(seq),
        hide: (seq, hidden) => this.#log.hide(seq, hidden),
        draft: () => this.#drafts.get(DRAFT) ?? "",
        changed: () => this.#draw(),
        failed: ({ message }) => {
          this.#problem = message;
          this.#draw();
        },
      },
      signal,
    );
    this.#session = new RoomSession({
      connector: webSocketConnector(new URL(line, location.href).href.replace("http", "ws")),
      world: browserWorld,
      storage,
      channel: room,
      me: person,
      seen: Number(seen),
      update: (news) => this.#update(news),
      hear: options.hear,
    });
    this.#stand(root, signal);
    this.#composer.value = this.#drafts.get(DRAFT) ?? "";
    this.#session.client.connect();
    this.#own.carryOut();
    this.#draw();
  }

  /** Puts log and composer into the page, where the server's own stand until the first messages are here. */
  #stand(root: ShadowRoot, signal: AbortSignal): void {
    const { place, section } = this.#options;
    for (const form of place.querySelectorAll("form")) form.remove();
    const chat = element("div", "chat room");
    chat.dir = document.documentElement.dir;
    const middle = element("div", "middle", this.#log.node);
    chat.append(middle, element("div", "over", this.#pill), this.#notices.node, this.#composer.node);
    chat.onkeydown = (event) => {
      if (event.key !== "Escape" || event.isComposing || !this.#own.editing) return;
      event.preventDefault();
      this.#own.endEdit();
    };
    adopt(root, sheetText);
    root.append(chat);
    place.classList.add("is-live");
    if (section.dataset["silent"] !== undefined) this.#composer.node.hidden = true;
    else if (matchMedia("(hover: hover)").matches) this.#composer.focus();
    this.#log.toEnd();
    followKeyboard(section.closest<HTMLElement>(".page") ?? section, signal);
    const { client } = this.#session;
    window.addEventListener("pagehide", () => client.disconnect());
    window.addEventListener("pageshow", () => client.connect());
    window.addEventListener("online", () => client.wake());
    window.addEventListener("offline", () => this.#draw());
    window.addEventListener("focus", () => this.#look());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      client.wake();
      this.#unheard = 0;
      this.#look();
      this.#draw();
    });
  }

  #update(news: RoomNews): void {
    const { state, messages } = news;
    const last = this.#state?.ready ? this.#lastSeq : Number.POSITIVE_INFINITY;
    for (const { seq, author, kind } of messages) {
      if (document.hidden && seq > last && kind !== "system" && author.id !== this.#me) this.#unheard++;
      this.#lastSeq = Math.max(this.#lastSeq, seq);
    }
    this.#state = state;
    const begins = state.ready && this.#slot.isConnected;
    if (begins) this.#slot.remove();
    this.#attached.update(state.files, state.outbox);
    this.#log.update(news, state.outbox);
    const asked = Number(new URLSearchParams(location.search).get("at"));
    if (begins && asked) this.#goTo(asked).catch(() => {});
    this.#look();
    this.#draw();
    this.#options.changed(news);
  }
  #lastSeq = 0;

  /** Reads back to the message that a link names. */
  async #goTo(seq: number): Promise<void> {
    for (let pages = 0; pages < PAGES_MAX && !this.#log.show(seq) && this.#state?.more; pages++)
      await this.#session.history();
  }

  // --- writing -----------------------------------------------------------------------------------------------------

  #submit(body: string): void {
    this.#problem = this.#measured(body);
    if (!this.#problem && this.#own.editing) this.#own.finishEdit(body);
    else if (!this.#problem) {
      this.#composer.value = "";
      this.#drafts.remove(DRAFT);
      this.#session.send(body, this.#composer.files);
      this.#log.toEnd();
    }
    this.#draw();
  }

  #typed(body: string): void {
    if (!this.#own.editing) {
      this.#drafts.set(DRAFT, body);
      this.#session.typing(body.trim() !== "");
    }
    // The box is measured at the height of one line, for which the log makes room.
    this.#log.stay();
    this.#problem = this.#measured(body);
    this.#draw();
  }

  #measured(body: string): string | undefined {
    return lengthLine(body, this.#state?.maxChars ?? Number.POSITIVE_INFINITY, this.#texts);
  }

  // --- what is said ------------------------------------------------------------------------------------------------

  #standing(seq: number): Standing {
    const { state, seenBy } = this.#session.readers.standing(seq, this.#me);
    const isTalk = this.#state?.head?.access === "direct";
    return state === "seen" && !isTalk ? { state, says: this.#texts.text("Seen by {n}", { n: seenBy }) } : { state };
  }

  #typing(first: Author, others: readonly Author[]): string {
    const { text } = this.#texts;
    if (others.length) return text("Several people are typing");
    return text("{name} is typing", { name: first.name ?? "" });
  }

  #told({ author, body }: Message): string | undefined {
    const { text } = this.#texts;
    const name = author.name ?? text("Deleted account");
    switch (body) {
      case "created":
        return text("{name} began the room", { name });
      case "joined":
        return text("{name} joined", { name });
      case "left":
        return text("{name} left", { name });
      case "removed":
        return text("{name} was removed", { name });
      case "owner":
        return text("{name} owns the room now", { name });
      default:
        return undefined;
    }
  }

  #notice(state: RoomState): Notice | undefined {
    const { text } = this.#texts;
    if (state.gone)
      return { text: text("You are not in this room any more."), action: [text("All rooms"), this.#options.leave] };
    if (this.#problem) return { text: this.#problem, alert: true };
    if (this.#own.notice) return this.#own.notice;
    const connection = connectionLine(state.status, navigator.onLine, this.#texts);
    // The page as it was made is not cut off: it has only just begun to connect.
    if (connection && (state.ready || state.status !== "connecting")) return { text: connection };
    const patience = patienceLine(state.outbox, browserWorld.now(), this.#texts);
    if (patience) this.#cancelTick = browserWorld.after(1000, () => this.#draw());
    return patience ? { text: patience } : undefined;
  }

  #draw(): void {
    this.#cancelTick();
    this.#pill.hidden = !this.#below;
    if (this.#below) this.#pill.textContent = this.#texts.text("{n} new", { n: this.#below });
    document.title = this.#unheard ? `(${shownCount(this.#unheard)}) ${this.#title}` : this.#title;
    if (!this.#state) return;
    if (this.#state.gone) this.#composer.node.hidden = true;
    this.#notices.show(this.#notice(this.#state));
  }

  /** What is in front of somebody is seen. */
  #look(): void {
    if (!document.hidden && document.hasFocus()) this.#session.seen(this.#log.lastInView);
  }
}
