/** The console's HTTP side: what is not a conversation. Same origin, session cookie, one error class. */

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
  /** Null: always open. */
  readonly hours: Hours | null;
  readonly snippet: string;
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

  /** Changes the agent's own public name. */
  async rename(name: string): Promise<Me> {
    return this.#call<Me>("PUT", "/console/api/me", { name });
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
