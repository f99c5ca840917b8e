import { browserStorage, type Storage } from "../client/storage";
import { IdSource } from "../core/ids";
import type { OutboxEntry } from "../core/outbox";
import { Texts, type TextTable } from "../core/texts";
import { browserWorld } from "../core/world";
import type { Context, Message } from "../protocol.gen";
import { TransportChooser } from "../transport/chooser";
import { lazyConnector } from "../transport/lazy";
import { webSocketConnector } from "../transport/websocket";
import { Attention } from "./attention";
import { Composer } from "./composer";
import type { Conversation } from "./conversation";
import { type Config, type Contact, type Emit, type Face, STARTED, storagePrefix } from "./host";
import type { Notice } from "./notices";
import { Session, TOKEN } from "./session";
import { BLANK, isUnsent, type Update, type WidgetState } from "./state";
import { Tabs } from "./tabs";
import { View } from "./view";
import { connectionLine, lengthLine, patienceLine } from "./words";

const DRAFT = "draft";
const SOUND = "sound";
const RIGHT_TO_LEFT = /^(ar|fa|he|ur)\b/;

/** Where a panel stands: in a page's shadow root, or in a frame. */
export interface Place {
  readonly config: Config;
  readonly language: string;
  readonly translations: TextTable;
  /** Where sheets are adopted, and the element in it that the panel is put into. */
  readonly root: ShadowRoot;
  readonly container: HTMLElement;
  readonly emit: Emit;
  /** Where the visitor is. */
  context(): Context;
  /** Called when what the launcher shows is another. */
  faced(face: Face): void;
}

/**
 * The panel with everything behind it: what is typed goes to whichever tab has the connection, what comes from there
 * is shown.
 */
export class ChatPanel {
  #place: Place;
  #texts: Texts;
  #storage: Storage;
  #ids = new IdSource(browserWorld);
  #view: View;
  #composer: Composer;
  #conversation: Conversation | undefined;
  #tabs: Tabs;
  #attention: Attention;
  #state: WidgetState = BLANK;
  /** Written here and not yet heard of from where the connection is. */
  #written = new Map<string, OutboxEntry>();
  #open = false;
  #sound: boolean;
  #problem: string | undefined;
  #lastSeq = 0;
  #cancelTick = (): void => {};

  constructor(place: Place) {
    const { config, language } = place;
    const name = storagePrefix(config);
    this.#place = place;
    this.#texts = new Texts(language, place.translations);
    this.#storage = browserStorage(() => localStorage, name);
    this.#sound = this.#storage.get(SOUND) === "on";
    this.#composer = new Composer({
      texts: this.#texts,
      submit: (body) => this.#submit(body),
      typed: (body) => this.#typed(body),
    });
    this.#view = new View(config.name, this.#composer.node, this.#texts, {
      close: () => this.show(false),
      toggleSound: () => this.#toggleSound(),
      toEnd: () => this.#conversation?.log.toEnd(),
    });
    const { node } = this.#view;
    node.lang = language;
    node.dir = RIGHT_TO_LEFT.test(language) ? "rtl" : "ltr";
    node.hidden = true;
    node.onkeydown = (event) => {
      if (event.key === "Escape" && !event.isComposing) this.#escape();
    };
    place.container.append(node);
    this.#tabs = new Tabs({
      name,
      world: browserWorld,
      lead: (update) => this.#lead(update),
      update: (update) => this.#update(update),
    });
    this.#attention = new Attention({
      world: browserWorld,
      want: (wanted) => this.#tabs.want(wanted),
      wake: () => this.#tabs.tell("wake"),
      changed: () => this.#draw(),
    });
    this.#composer.value = this.#storage.get(DRAFT) ?? "";
    if (this.#storage.get(STARTED)) this.#attention.look();
    this.#draw();
    void this.#loadConversation();
  }

  isOpen(): boolean {
    return this.#open;
  }

  /** Opens or closes; calling it twice is harmless. */
  show(open: boolean): void {
    if (open === this.#open) return;
    this.#open = open;
    const { node } = this.#view;
    node.hidden = !open;
    node.ariaModal = `${matchMedia("(max-width: 480px)").matches}`;
    this.#face();
    this.#attention.opened(open);
    this.#conversation?.opened(open);
    if (open) this.#composer.focus();
    this.#draw();
    this.#place.emit(open ? "open" : "close", undefined);
  }

  identify(contact: Contact): void {
    if (Object.keys(contact).length) void this.#tabs.call("identify", contact);
  }

  /** The visitor went to another page of a single-page application. */
  moved(): void {
    this.#tabs.tell("moved", this.#place.context());
  }

  /** Ends the visitor's token and forgets the conversation on this device. */
  reset(): void {
    this.#composer.value = "";
    this.#written.clear();
    void this.#tabs.call("reset");
    this.#attention.look();
  }

  /** Takes the panel away with everything it has started. */
  destroy(): void {
    this.#conversation?.destroy();
    this.#cancelTick();
    this.#attention.destroy();
    this.#tabs.close();
    this.#view.node.remove();
  }

  async #loadConversation(): Promise<void> {
    const { Conversation } = await import("./conversation");
    const conversation = new Conversation({
      texts: this.#texts,
      world: browserWorld,
      storage: this.#storage,
      root: this.#place.root,
      composer: this.#composer,
      config: this.#place.config,
      call: (name, ...values) => this.#tabs.call(name, ...values),
      draft: () => this.#storage.get(DRAFT) ?? "",
      discard: (id) => {
        this.#written.delete(id);
        void this.#tabs.call("discard", id);
      },
      changed: () => this.#draw(),
      failed: (error) => this.#fail(error),
    });
    this.#conversation = conversation;
    this.#view.middle.append(conversation.log.node);
    this.#show({ state: this.#state, messages: [], cleared: true });
    conversation.opened(this.#open);
    this.#tabs.join();
  }

  // --- the connection ----------------------------------------------------------------------------------------------

  #lead(update: (update: Update) => void) {
    const { config, context } = this.#place;
    const storage = this.#storage;
    const addressOf = (kind: string): string => `${config.base}/${kind}/${config.key}`;
    const chooser = new TransportChooser(
      webSocketConnector(addressOf("ws").replace(/^http/, "ws")),
      lazyConnector(async () => {
        const { fallbackConnector } = await import("../transport/fallback");
        return fallbackConnector({
          stream: addressOf("stream"),
          frames: addressOf("frames"),
          token: () => storage.get(TOKEN),
        });
      }),
    );
    const session = new Session({ chooser, world: browserWorld, storage, context, update });
    session.client.connect();
    return session;
  }

  #update(update: Update): void {
    const before = this.#state;
    const { state, messages } = update;
    this.#state = state;
    for (const { client_id } of [...state.outbox, ...messages]) this.#written.delete(client_id);
    const fresh = this.#freshMessages(update);
    const unsent = this.#written.size > 0 || state.outbox.some(isUnsent);
    this.#attention.conversation(state.begun, unsent, fresh.length > 0);
    if (state.status === "online" && (update.cleared || !state.begun)) this.#attention.looked();
    this.#show(update);
    this.#announce(before, fresh);
  }

  #show(update: Update): void {
    this.#conversation?.update(update, [...this.#state.outbox, ...this.#written.values()]);
    this.#draw();
  }

  /** Messages of the team that came while this page was here. */
  #freshMessages({ messages, cleared }: Update): Message[] {
    const last = this.#lastSeq;
    this.#lastSeq = Math.max(cleared ? 0 : last, ...messages.map(({ seq }) => seq));
    return messages.filter(({ seq, author, removed }) => last && seq > last && author.role === "agent" && !removed);
  }

  #announce(before: WidgetState, fresh: readonly Message[]): void {
    const { emit } = this.#place;
    const { status, unread, begun } = this.#state;
    for (const { body, author } of fresh) emit("message", { text: body, author: author.name });
    if (fresh.length && this.#sound && !this.#attention.watching) this.#chime();
    if (status !== before.status) emit("status", { status });
    if (unread !== before.unread || begun !== before.begun) this.#face();
    if (unread !== before.unread) emit("unread", { count: unread });
  }

  #face(): void {
    const { text, count } = this.#texts;
    const { begun } = this.#state;
    // Whoever looks at the panel is not told of what they are about to see.
    const unread = this.#attention.watching ? 0 : this.#state.unread;
    const news = unread ? `, ${count(unread, "{n} unread message", "{n} unread messages")}` : "";
    const label = this.#open ? text("Close chat") : text("Open chat") + news;
    this.#place.faced({ open: this.#open, unread, label, begun });
  }

  // --- writing -----------------------------------------------------------------------------------------------------

  #submit(body: string): void {
    if (lengthLine(body, this.#state.maxChars, this.#texts)) return;
    this.#problem = undefined;
    if (this.#conversation?.own.editing) this.#conversation.own.finishEdit(body);
    else this.#send(body);
    this.#draw();
  }

  #send(body: string): void {
    const start = this.#storage.get(STARTED) ?? this.#ids.next();
    this.#storage.set(STARTED, start);
    const entry: OutboxEntry = {
      client_id: this.#ids.next(),
      start,
      body,
      at: browserWorld.now(),
      state: "waiting",
      files: this.#composer.files,
    };
    this.#written.set(entry.client_id, entry);
    this.#composer.value = "";
    this.#storage.remove(DRAFT);
    void this.#tabs.call("deliver", entry);
    this.#attention.conversation(this.#state.begun, true, true);
    this.#show({ state: this.#state, messages: [], cleared: false });
    this.#conversation?.log.toEnd();
  }

  #typed(body: string): void {
    if (!this.#conversation?.own.editing) {
      this.#storage.set(DRAFT, body);
      this.#tabs.tell("typing", body.trim() !== "", body);
    }
    this.#problem = lengthLine(body, this.#state.maxChars, this.#texts);
    this.#draw();
  }

  #fail({ message }: Error): void {
    this.#problem = message;
    this.#draw();
    this.#place.emit("error", { message });
  }

  #escape(): void {
    if (this.#conversation?.own.editing) this.#conversation.own.endEdit();
    else this.show(false);
  }

  // --- drawing -----------------------------------------------------------------------------------------------------

  #draw(): void {
    const conversation = this.#conversation;
    const { site, seen } = this.#state;
    this.#view.update({ site, sound: this.#sound, below: conversation?.below ?? 0, notice: this.#notice() });
    this.#composer.showHint(site?.draft_preview === true);
    const inView = conversation?.log.lastInView ?? 0;
    if (inView > seen && this.#attention.watching) this.#tabs.tell("seen", inView);
  }

  #notice(): Notice | undefined {
    const { status, outbox, resolved } = this.#state;
    if (this.#problem) return { text: this.#problem, alert: true };
    const removal = this.#conversation?.own.notice;
    if (removal) return removal;
    const connection = this.#open && connectionLine(status, navigator.onLine, this.#texts);
    if (connection) return { text: connection };
    const patience = patienceLine(outbox, browserWorld.now(), this.#texts);
    this.#cancelTick();
    if (patience) {
      this.#cancelTick = browserWorld.after(1000, () => this.#draw());
      return { text: patience };
    }
    return resolved ? { text: this.#texts.text("Resolved. Write again if there is more.") } : undefined;
  }

  #toggleSound(): void {
    this.#sound = !this.#sound;
    this.#storage.set(SOUND, this.#sound ? "on" : "off");
    if (this.#sound) this.#chime();
    this.#draw();
  }

  #chime(): void {
    import("./sound").then(({ chime }) => chime()).catch(() => {});
  }
}
