import type { Storage } from "../client/storage";
import type { Config } from "../widget/host";

/** Where the visitor's token stands in the storage; as `session.TOKEN`, which would bring the session along. */
const TOKEN = "token";

/** Who calls, and whom. */
export interface Caller {
  readonly config: Config;
  readonly storage: Storage;
}

/** Calls the server as this visitor; rejects with what a person can read. */
export async function callAsVisitor({ config, storage }: Caller, kind: string, body: unknown = {}): Promise<unknown> {
  const response = await fetch(`${config.base}/${kind}/${config.key}`, {
    method: "POST",
    credentials: "omit",
    headers: { Authorization: `Bearer ${storage.get(TOKEN) ?? ""}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (response.status === 204) return undefined;
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error((answer as { error: { message: string } }).error.message);
  return answer;
}
