/** The list of conversations as the page holds it: the view, its rows, paging, search and the place of the selection. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { ChatClient } from "../../client/client";
import type { ConversationRow, Found, Hit, ListView, Rows, ServerFrame } from "../../protocol.gen";
import { applyChanges, applyPage, type Inbox, shownRows, startView } from "../model/inbox";

const PAGE_ROWS = 50;

/** What is being looked for, and what was found. */
export interface SearchState {
  readonly text: string;
  /** Null while the answer is awaited. */
  readonly hits: readonly Hit[] | null;
  readonly error: string | null;
}

export class ConversationList {
  readonly inbox;
  readonly rows: ReadonlySignal<readonly ConversationRow[]>;
  readonly search = signal<SearchState | null>(null);
  /** Why the list could not be loaded. */
  readonly error = signal<string | null>(null);
  readonly #client: ChatClient;
  /** From where the list is brought up to date after a cut. */
  #cursor = 0;
  #loading: ListView | null = null;
  #lastIndex = 0;

  /** `me` is this agent's person id, by which "mine" is told. */
  constructor(client: ChatClient, me: string, view: ListView) {
    this.#client = client;
    this.inbox = signal<Inbox>(startView(view));
    this.rows = computed(() => shownRows(this.inbox.value, me));
  }

  /** What `hello` says of the list. */
  position(): { inbox: number; inbox_epoch?: string } {
    const epoch = this.#client.welcome?.epoch;
    return { inbox: this.#cursor, ...(epoch && this.#cursor ? { inbox_epoch: epoch } : {}) };
  }

  /** Shows another view: what is known of it at once, the rest when it comes. */
  async show(view: ListView): Promise<void> {
    this.inbox.value = startView(view, this.inbox.value);
    await this.reload();
  }

  /** Loads the first page of the view. */
  async reload(): Promise<void> {
    const { view } = this.inbox.value;
    this.error.value = null;
    await this.#load(view, null);
  }

  /** Loads the next page, unless one is on its way or the end is reached. */
  async loadMore(): Promise<void> {
    const { view, next } = this.inbox.value;
    if (next !== null && this.#loading === null) await this.#load(view, next);
  }

  /** Takes in rows that changed by themselves. Returns those that are newer than what was held, as (before, now). */
  changed(frame: Rows): [before: ConversationRow | undefined, now: ConversationRow][] {
    this.#cursor = frame.cursor;
    const { rows } = this.inbox.value;
    const news = frame.rows
      .map((row): [ConversationRow | undefined, ConversationRow] => [rows.get(row.channel), row])
      .filter(([before, now]) => !before || before.stamp < now.stamp);
    this.inbox.value = applyChanges(this.inbox.value, frame);
    if (frame.reset || this.inbox.value.countsDoubtful) void this.reload();
    return news;
  }

  /** The row of a conversation, whichever view it is in. */
  row(channel: string): ConversationRow | undefined {
    return (
      this.inbox.value.rows.get(channel) ?? this.search.value?.hits?.find((hit) => hit.row.channel === channel)?.row
    );
  }

  /**
   * The conversation `by` places from `channel` in the view. When it is no longer there (it was resolved), the one that moved
   * up into its place is next.
   */
  neighbour(channel: string | null, by: 1 | -1): ConversationRow | undefined {
    const rows = this.rows.value;
    const at = rows.findIndex((row) => row.channel === channel);
    if (at >= 0) this.#lastIndex = at;
    const target = at >= 0 ? at + by : channel === null ? 0 : this.#lastIndex + (by > 0 ? 0 : -1);
    if (target >= rows.length - 3) void this.loadMore();
    return rows[Math.min(Math.max(0, target), rows.length - 1)];
  }

  /** Remembers where the selection stands, so that {@link neighbour} finds on from there when its row leaves. */
  remember(channel: string): void {
    const at = this.rows.value.findIndex((row) => row.channel === channel);
    if (at >= 0) this.#lastIndex = at;
  }

  /** Looks for `text` in all conversations; an empty one ends the search. */
  async find(text: string): Promise<void> {
    if (text.trim() === "") {
      this.search.value = null;
      return;
    }
    this.search.value = { text, hits: this.search.value?.hits ?? null, error: null };
    try {
      const hits = await this.hits(text);
      if (this.search.value?.text === text) this.search.value = { text, hits, error: null };
    } catch (refused) {
      if (this.search.value?.text === text) this.search.value = { text, hits: [], error: (refused as Error).message };
    }
  }

  /** The conversations that contain `text`, newest first. Rejects with `RequestError`. */
  async hits(text: string): Promise<readonly Hit[]> {
    return (await this.#client.request<Found>({ t: "search", text: text.trim().slice(0, 200), limit: 30 })).hits;
  }

  async #load(view: ListView, before: string | null): Promise<void> {
    this.#loading = view;
    try {
      const page = await this.#client.request<ServerFrame>({
        t: "inbox",
        view,
        limit: PAGE_ROWS,
        ...(before ? { before } : {}),
      });
      if (page.t !== "rows" || this.inbox.value.view !== view) return;
      if (before === null || this.#cursor === 0) this.#cursor = page.cursor;
      this.inbox.value = applyPage(this.inbox.value, page, before === null);
    } catch (refused) {
      if (this.inbox.value.view === view) this.error.value = (refused as Error).message;
    } finally {
      if (this.#loading === view) this.#loading = null;
    }
  }
}
