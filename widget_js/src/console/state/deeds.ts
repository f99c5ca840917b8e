/** What an agent does with a conversation as a whole. Nothing is asked before; everything can be undone for ten seconds. */

import type { ChatClient } from "../../client/client";
import type { Author, StatusName } from "../../protocol.gen";
import { nameOf } from "../model/people";
import { t } from "../texts";
import type { Notices } from "./notices";

/** The state that a deed changes, as it was: for the way back. */
export interface Standing {
  readonly channel: string;
  readonly status: StatusName;
  readonly snoozedUntil: string | null;
  readonly assignee: Author | null;
}

const DONE_WORDS: Readonly<Record<StatusName, string>> = {
  open: t("Reopened"),
  pending: t("Set to pending"),
  snoozed: t("Snoozed"),
  resolved: t("Resolved"),
  spam: t("Marked as spam"),
};

export class Deeds {
  readonly #client: ChatClient;
  readonly #notices: Notices;

  constructor(client: ChatClient, notices: Notices) {
    this.#client = client;
    this.#notices = notices;
  }

  /** Gives the conversation to an agent, or to nobody. */
  async assign(standing: Standing, to: Author | null, me: string): Promise<void> {
    if (standing.assignee?.id === to?.id) return;
    const whom =
      to === null
        ? t("Unassigned")
        : to.id === me
          ? t("Assigned to you")
          : t("Assigned to {name}", { name: nameOf(to) });
    await this.#attempt(
      () => this.#assign(standing.channel, to?.id ?? null),
      whom,
      () => this.#assign(standing.channel, standing.assignee?.id ?? null),
    );
  }

  /** Sets the status; `until` (ISO 8601) goes with "snoozed". */
  async setStatus(standing: Standing, status: StatusName, until: string | null = null): Promise<void> {
    if (standing.status === status && status !== "snoozed") return;
    await this.#attempt(
      () => this.#status(standing.channel, status, until),
      DONE_WORDS[status],
      () => this.#status(standing.channel, standing.status, standing.snoozedUntil),
    );
  }

  async #attempt(deed: () => Promise<unknown>, done: string, undo: () => Promise<unknown>): Promise<void> {
    const warn = (refused: Error): void => this.#notices.warn(refused.message);
    try {
      await deed();
      this.#notices.say(done, () => void undo().catch(warn));
    } catch (refused) {
      warn(refused as Error);
    }
  }

  #assign(channel: string, assignee: string | null): Promise<unknown> {
    return this.#client.request({ t: "assign", channel, assignee });
  }

  #status(channel: string, status: StatusName, until: string | null): Promise<unknown> {
    return this.#client.request({ t: "status", channel, status, ...(status === "snoozed" && until ? { until } : {}) });
  }
}
