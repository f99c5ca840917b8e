/** The agent's desk: everything the page shows and does, joined. Views read its signals and call its methods. */

import { batch, computed, effect, signal } from "@preact/signals";
import type { Changes, ChatClient, ClientStatus } from "../../client/client";
import type { World } from "../../core/world";
import { type Author, CloseCode, type ListView, type Rows, type ServerFrame } from "../../protocol.gen";
import type { Api, Me } from "../api";
import type { CannedReply, Facts } from "../model/canned";
import type { Drafts } from "../model/drafts";
import { unreadConversations } from "../model/inbox";
import { hashOf, parseRoute, type Route } from "../model/route";
import { t } from "../texts";
import { Alerts } from "./alerts";
import { AttachedDrafts } from "./attached";
import { Deeds } from "./deeds";
import { ConversationList } from "./list";
import { Notices } from "./notices";
import { OpenConversation } from "./opened";
import type { Preferences } from "./preferences";

const FIRST_VIEW: ListView = { status: "open", who: "all" };
const TICK_MS = 20_000;
/** How old a message may be and still be told of as new. */
const FRESH_MS = 120_000;

/** What covers the page for a moment. */
export type Overlay = "palette" | "shortcuts" | null;

export interface DeskParts {
  readonly api: Api;
  readonly client: ChatClient;
  readonly world: World;
  readonly me: Me;
  readonly drafts: Drafts;
  readonly preferences: Preferences;
  /** Goes to the sign-in page; the console comes back after it. */
  readonly signIn: () => void;
}

export class Desk {
  readonly api: Api;
  readonly me;
  readonly world: World;
  readonly preferences: Preferences;
  readonly notices: Notices;
  readonly alerts: Alerts;
  readonly deeds: Deeds;
  readonly attached: AttachedDrafts;
  readonly list: ConversationList;
  readonly opened = signal<OpenConversation | null>(null);
  readonly route = signal<Route>(parseRoute(location.hash));
  /** The state of the connection. "waiting" also while an attempt after a failed one is under way: words must not flicker. */
  readonly status = signal<ClientStatus>("idle");
  /** Whether the browser says that there is a network. */
  readonly networked = signal(navigator.onLine);
  readonly availability;
  readonly canned = signal<readonly CannedReply[]>([]);
  readonly overlay = signal<Overlay>(null);
  /** Whether the visitor's pane is unfolded where it has no room of its own. */
  readonly visitorShown = signal(false);
  /** The time, three times a minute: for everything that says "5 min ago". */
  readonly now = signal(0);
  readonly editMs = signal(0);
  readonly #client: ChatClient;
  readonly #drafts: Drafts;
  readonly #signIn: () => void;
  /** How far the server's clock is ahead of this device's, in milliseconds. */
  #ahead = 0;

  constructor(parts: DeskParts) {
    this.api = parts.api;
    this.world = parts.world;
    this.preferences = parts.preferences;
    this.#client = parts.client;
    this.#drafts = parts.drafts;
    this.#signIn = parts.signIn;
    this.me = signal(parts.me);
    this.availability = signal(parts.me.availability);
    this.notices = new Notices(parts.world);
    this.list = new ConversationList(parts.client, parts.me.id, FIRST_VIEW);
    this.alerts = new Alerts(parts.preferences, parts.world, (channel) => this.openConversation(channel));
    this.deeds = new Deeds(parts.client, this.notices);
    this.attached = new AttachedDrafts(parts.api);
    this.#tick();
  }

  /** This agent as an author. */
  readonly author = computed((): Author => {
    const { id, name, picture } = this.me.value;
    return { id, name, role: "agent", picture };
  });

  /** Connects, and follows the address and the network from now on. */
  start(): void {
    this.#client.subscribe((changes) => this.#changed(changes));
    this.#client.connect();
    void this.list.reload();
    void this.#loadCanned();
    addEventListener("hashchange", () => this.#routed());
    for (const name of ["online", "offline"]) addEventListener(name, () => this.#networkChanged());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#client.wake();
    });
    effect(() => this.alerts.setCount(unreadConversations(this.list.inbox.value, this.me.value.id)));
    this.#goTo(this.route.value);
  }

  /** Goes to another place of the console. */
  go(route: Route): void {
    location.hash = hashOf(route);
  }

  /** Shows a conversation, and in it message `seq` if one is named. */
  openConversation(channel: string, seq?: number): void {
    this.go({ page: "inbox", channel });
    this.#routed();
    if (seq !== undefined) this.opened.value?.want(seq);
  }

  /** Goes `by` conversations down the list. */
  step(by: 1 | -1): void {
    const row = this.list.neighbour(this.opened.value?.channel ?? null, by);
    if (row) this.openConversation(row.channel);
  }

  /** The server's time, in milliseconds since 1970: what its moments are to be compared with. */
  time(): number {
    return this.world.now() + this.#ahead;
  }

  /** Whether there is room for one pane only, so that the conversation takes the list's place. */
  narrow(): boolean {
    return matchMedia("(max-width: 719px)").matches;
  }

  /** One step back: out of what is unfolded, out of a search, out of a page, out of the conversation. */
  back(): void {
    if (this.visitorShown.value) this.visitorShown.value = false;
    else if (this.list.search.value) this.list.search.value = null;
    else if (this.route.value.page !== "inbox") this.go({ page: "inbox", channel: this.opened.value?.channel ?? null });
    else this.go({ page: "inbox", channel: null });
  }

  /** Shows another view of the list. */
  showView(view: ListView): void {
    this.list.search.value = null;
    if (this.route.value.page !== "inbox") this.go({ page: "inbox", channel: this.opened.value?.channel ?? null });
    void this.list.show(view);
  }

  /** Sets whether the widget may say that this agent is there. */
  async setAvailability(state: "online" | "away"): Promise<void> {
    const before = this.availability.value;
    this.availability.value = state;
    try {
      await this.#client.request({ t: "availability", state });
    } catch (refused) {
      this.availability.value = before;
      this.notices.warn((refused as Error).message);
    }
  }

  /** Tries to connect at once instead of waiting for the next attempt. */
  reconnect(): void {
    this.#client.wake();
  }

  /** Changes the agent's public name. Rejects with ApiError. */
  async rename(name: string): Promise<void> {
    this.me.value = await this.api.rename(name.trim());
    // A connection speaks under the name that it began with.
    this.#client.disconnect();
    this.#client.connect();
  }

  /** Says whether chats that nobody answers are mailed to the agent. Rejects with ApiError. */
  async switchMissedMails(on: boolean): Promise<void> {
    this.me.value = await this.api.switchMissedMails(on);
  }

  /** Reads anew who is signed in, with the sites and colleagues. */
  async reloadMe(): Promise<void> {
    try {
      this.me.value = await this.api.me();
    } catch (refused) {
      this.notices.warn((refused as Error).message);
    }
  }

  /** Ends the session, its sockets with it. */
  async signOut(): Promise<void> {
    try {
      await this.api.signOut();
      this.#drafts.clear();
      this.#client.disconnect();
      this.#signIn();
    } catch (refused) {
      this.notices.warn((refused as Error).message);
    }
  }

  /** Makes a canned reply. Rejects with ApiError. */
  async createCanned(shortcut: string, body: string): Promise<void> {
    const reply = await this.api.createCanned(shortcut, body);
    this.canned.value = sorted([...this.canned.value, reply]);
  }

  /** Changes a canned reply. Rejects with ApiError. */
  async changeCanned(changed: CannedReply): Promise<void> {
    const reply = await this.api.changeCanned(changed);
    this.canned.value = sorted(this.canned.value.map((one) => (one.id === reply.id ? reply : one)));
  }

  /** Removes a canned reply; for ten seconds it can be had back. Rejects with ApiError. */
  async removeCanned(reply: CannedReply): Promise<void> {
    await this.api.removeCanned(reply.id);
    this.canned.value = this.canned.value.filter((one) => one.id !== reply.id);
    this.notices.say(t("Removed /{word}", { word: reply.shortcut }), () => {
      this.createCanned(reply.shortcut, reply.body).catch((refused: Error) => this.notices.warn(refused.message));
    });
  }

  /** What the placeholders of a canned reply stand for in the open conversation. */
  facts(): Facts {
    const row = this.opened.value ? this.list.row(this.opened.value.channel) : undefined;
    const head = this.opened.value?.staffHead.value;
    const visitor = head?.contact.name ?? head?.visitor.name ?? row?.visitor.name ?? "";
    return { name: visitor, agent: this.me.value.name, site: this.siteName(row?.site ?? "") };
  }

  /** A site's name by its key. */
  siteName(key: string): string {
    return this.me.value.sites.find((site) => site.key === key)?.name ?? key;
  }

  #changed(changes: Changes): void {
    batch(() => {
      if (changes.status) this.#statusChanged();
      for (const frame of changes.frames) this.#frame(frame);
      this.opened.value?.changed(changes.channels, changes.outbox);
    });
  }

  #statusChanged(): void {
    const isNextAttempt = this.#client.status === "connecting" && this.status.peek() === "waiting";
    if (!isNextAttempt) this.status.value = this.#client.status;
    if (this.#client.status === "ended" && this.#client.endCode === CloseCode.SIGNED_OUT) this.#signIn();
  }

  #frame(frame: ServerFrame): void {
    switch (frame.t) {
      case "welcome":
        this.availability.value = frame.availability ?? this.availability.value;
        this.editMs.value = frame.limits.edit_ms;
        this.attached.limits.value = frame.limits;
        this.#ahead = Date.parse(frame.now) - this.world.now();
        this.now.value = this.time();
        return;
      case "rows":
        this.#rows(frame);
        return;
      case "presence":
        this.opened.value?.present(frame);
        return;
      case "gone":
        if (this.opened.value?.channel === frame.channel) this.opened.value.gone.value = true;
        return;
      case "error":
        this.notices.warn(frame.message);
        return;
      default:
        return;
    }
  }

  #rows(frame: Rows): void {
    for (const [before, now] of this.list.changed(frame)) {
      const grew = now.unread > (before?.unread ?? 0) && now.preview_role === "visitor";
      const concernsMe = now.assignee === null || now.assignee.id === this.me.value.id;
      // Whoever comes back after hours sees the list; a tone for each of yesterday's questions would be noise.
      const isFresh = this.time() - Date.parse(now.activity_at) < FRESH_MS;
      const isNews = grew && concernsMe && isFresh && now.status === "open";
      if (isNews) this.alerts.message(now, this.opened.value?.channel === now.channel && document.hasFocus());
    }
  }

  #routed(): void {
    const route = parseRoute(location.hash);
    // What the console itself went to is known already when the browser tells of it.
    if (hashOf(route) !== hashOf(this.route.value)) this.#goTo(route);
  }

  #goTo(route: Route): void {
    batch(() => {
      this.route.value = route;
      this.overlay.value = null;
      if (route.page === "inbox") this.#show(route.channel);
    });
  }

  #show(channel: string | null): void {
    const before = this.opened.value;
    if (before?.channel === channel) return;
    before?.leave();
    this.visitorShown.value = false;
    if (channel === null) {
      this.opened.value = null;
      return;
    }
    const staff = this.list.row(channel)?.staff;
    this.opened.value = new OpenConversation(
      {
        client: this.#client,
        world: this.world,
        drafts: this.#drafts,
        attached: this.attached.of(channel),
        me: this.me.value.id,
      },
      channel,
      staff,
    );
    this.list.remember(channel);
  }

  #networkChanged(): void {
    this.networked.value = navigator.onLine;
    // Whether the line still stands is asked in both cases: a browser without a network may well reach a server nearby.
    this.#client.wake();
  }

  async #loadCanned(): Promise<void> {
    try {
      this.canned.value = sorted(await this.api.cannedReplies());
    } catch (refused) {
      this.notices.warn((refused as Error).message);
    }
  }

  #tick(): void {
    this.now.value = this.time();
    this.world.after(TICK_MS, () => this.#tick());
  }
}

function sorted(replies: readonly CannedReply[]): readonly CannedReply[] {
  return [...replies].sort((a, b) => a.shortcut.localeCompare(b.shortcut));
}
