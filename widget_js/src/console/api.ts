/** The console's HTTP side: what is not a conversation. Same origin, session cookie, one error class. */

import type { TusOptions } from "../files/tus";
import type { ConversationRow } from "../protocol.gen";
import type { CannedReply } from "./model/canned";
import { t } from "./texts";

/** An agent as others see one. */
export interface Agent {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly picture: string | null;
}

/** The signed-in agent and what they work with. */
export interface Me {
  readonly id: string;
  readonly name: string;
  readonly mail: string;
  readonly picture: string | null;
  readonly availability: "online" | "away";
  /** Whether chats that nobody answers are mailed to them. */
  readonly missed_mails: boolean;
  /** Goes into the header `X-CSRF` of every call that changes something. */
  readonly csrf: string;
  readonly sites: readonly { readonly key: string; readonly name: string; readonly draft_preview: boolean }[];
  readonly agents: readonly Agent[];
}

export type Weekday = "1" | "2" | "3" | "4" | "5" | "6" | "7";
/** From and until, as "09:00". */
export type Span = readonly [from: string, until: string];

export interface Hours {
  readonly zone: string;
  /** Monday is "1". A day without spans is closed. */
  readonly days: Readonly<Record<Weekday, readonly Span[]>>;
}

export interface Site {
  readonly key: string;
  readonly name: string;
  readonly allowed_origins: readonly string[];
  /** "#rrggbb". */
  readonly color: string;
  readonly greeting: string;
  readonly away_text: string;
  readonly reply_time: "minutes" | "hours" | "day";
  readonly position: "right" | "left";
  readonly draft_preview: boolean;
  readonly read_receipts: boolean;
  /** Null: always open. */
  readonly hours: Hours | null;
  /** Open minutes after which agents are mailed a chat that nobody answers; 0: never. */
  readonly missed_minutes: number;
  /** Minutes after which a visitor is mailed an answer that they have not seen; 0: never. */
  readonly answer_minutes: number;
  readonly snippet: string;
}

/** A key with which a site signs its own signed-in people; `secret` is told once, when it was made. */
export interface SiteSecret {
  readonly key_id: string;
  readonly created_at?: string;
  readonly secret?: string;
}

/** That somebody may not write. */
export interface Ban {
  readonly id: number;
  readonly reason: string;
  /** ISO 8601; null is for good. */
  readonly until: string | null;
}

/** What may be changed of a site. */
export type SiteChange = Partial<Omit<Site, "key" | "snippet">>;

/** A call that was refused or did not reach the server. `message` is a sentence for the person. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;

  /** `status` is 0 when no answer came; `code` is the number of `protocol/codes.py`, 0 when there is none. */
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether the session has ended, so that only a new sign-in helps. */
  get signedOut(): boolean {
    return this.status === 401;
  }
}

/** Every call that the console makes. All reject with {@link ApiError}. */
export class Api {
  #csrf = "";
  readonly #fetch: typeof fetch;
  readonly #base: string;

  /** `base` is the address before `/console`, without a slash at its end. */
  constructor(fetcher: typeof fetch, base = "") {
    this.#fetch = fetcher;
    this.#base = base;
  }

  /** Who is signed in; also learns the token that the other calls need, so it comes first. */
  async me(): Promise<Me> {
    const me = await this.#call<Me>("GET", "/console/api/me");
    this.#csrf = me.csrf;
    return me;
  }

  /** How files are sent: as the other calls that change something. */
  get uploads(): Pick<TusOptions, "base" | "cookies" | "proof"> {
    return { base: this.#base, cookies: true, proof: () => ({ "X-CSRF": this.#csrf }) };
  }

  /** Changes the agent's own public name. */
  async rename(name: string): Promise<Me> {
    return this.#call<Me>("PUT", "/console/api/me", { name });
  }

  /** Says whether chats that nobody answers are mailed to the agent. */
  async switchMissedMails(on: boolean): Promise<Me> {
    return this.#call<Me>("PUT", "/console/api/me/missed-mails", { on });
  }

  /** Ends the session and its sockets. */
  async signOut(): Promise<void> {
    await this.#call("POST", "/console/sign-out", {});
  }

  async sites(): Promise<readonly Site[]> {
    return (await this.#call<{ sites: Site[] }>("GET", "/console/api/sites")).sites;
  }

  async createSite(name: string, origins: readonly string[]): Promise<Site> {
    return this.#call<Site>("POST", "/console/api/sites", { name, allowed_origins: origins });
  }

  async changeSite(key: string, change: SiteChange): Promise<Site> {
    return this.#call<Site>("PUT", `/console/api/sites/${encodeURIComponent(key)}`, change);
  }

  /** The secrets that hold, oldest first. */
  async secrets(site: string): Promise<readonly SiteSecret[]> {
    const path = `/console/api/sites/${encodeURIComponent(site)}/secrets`;
    return (await this.#call<{ secrets: SiteSecret[] }>("GET", path)).secrets;
  }

  /** Makes another; the answer is the only one that has it. */
  async makeSecret(site: string): Promise<SiteSecret> {
    return this.#call<SiteSecret>("POST", `/console/api/sites/${encodeURIComponent(site)}/secrets`, {});
  }

  async endSecret(site: string, keyId: string): Promise<void> {
    const path = `/console/api/sites/${encodeURIComponent(site)}/secrets/${encodeURIComponent(keyId)}`;
    await this.#call("DELETE", path, {});
  }

  /** The other conversations of a conversation's visitor with its site, newest activity first. */
  async otherConversations(channel: string): Promise<readonly ConversationRow[]> {
    return (await this.#call<{ rows: ConversationRow[] }>("GET", `/console/api/conversations/${channel}/others`)).rows;
  }

  async cannedReplies(): Promise<readonly CannedReply[]> {
    return (await this.#call<{ replies: CannedReply[] }>("GET", "/console/api/canned")).replies;
  }

  async createCanned(shortcut: string, body: string): Promise<CannedReply> {
    return this.#call<CannedReply>("POST", "/console/api/canned", { shortcut, body });
  }

  async changeCanned(reply: CannedReply): Promise<CannedReply> {
    const { id, shortcut, body } = reply;
    return this.#call<CannedReply>("PUT", `/console/api/canned/${id}`, { shortcut, body });
  }

  async removeCanned(id: string): Promise<void> {
    await this.#call("DELETE", `/console/api/canned/${id}`, {});
  }

  /** The ban of a conversation's visitor, if there is one. */
  async visitorBan(channel: string): Promise<Ban | null> {
    const query = new URLSearchParams({ channel });
    return (await this.#call<{ ban: Ban | null }>("GET", `/console/api/bans?${query}`)).ban;
  }

  /** Takes writing away from the visitor of a conversation. */
  async banVisitor(channel: string): Promise<Ban | null> {
    return (await this.#call<{ ban: Ban | null }>("POST", "/console/api/bans", { channel })).ban;
  }

  async liftBan(id: number): Promise<void> {
    await this.#call("DELETE", `/console/api/bans/${id}`, {});
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init: RequestInit = { method, credentials: "same-origin", headers: { Accept: "application/json" } };
    if (body !== undefined) {
      init.headers = { ...init.headers, "Content-Type": "application/json", "X-CSRF": this.#csrf };
      init.body = JSON.stringify(body);
    }
    let response: Response;
    try {
      response = await this.#fetch(this.#base + path, init);
    } catch {
      throw new ApiError(0, 0, t("The server cannot be reached. Check the connection and try again."));
    }
    if (!response.ok) throw await refusal(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }
}

async function refusal(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: { code: number; message: string } };
    return new ApiError(response.status, error.code, error.message);
  } catch {
    return new ApiError(
      response.status,
      0,
      t("The server answered with an error ({status}). Try again.", { status: response.status }),
    );
  }
}
