import type { ClientStatus } from "../client/client";
import type { OutboxEntry } from "../core/outbox";
import type { Texts } from "../core/texts";
import type { SiteState } from "../protocol.gen";

/** Who answers, and how soon. */
export function teamLine(site: SiteState, { language, text }: Texts): string {
  const soon = {
    minutes: text("Usually replies within minutes"),
    hours: text("Usually replies within a few hours"),
    day: text("Usually replies within a day"),
  }[site.reply_time];
  if (site.state === "online") {
    const names = site.agents.map((agent) => agent.name).filter(Boolean);
    return names.length ? `${names.slice(0, 3).join(", ")} · ${soon}` : soon;
  }
  if (site.away_text) return site.away_text;
  if (site.state === "closed" && site.opens_at) {
    const format = new Intl.DateTimeFormat(language, { weekday: "long", hour: "numeric", minute: "2-digit" });
    return text("Closed until {time}", { time: format.format(Date.parse(site.opens_at)) });
  }
  return text("We are away and reply as soon as we can");
}

/** What is said about the connection; nothing while it stands or none is wanted. */
export function connectionLine(status: ClientStatus, onLine: boolean, { text }: Texts): string | undefined {
  if (status === "online" || status === "idle") return undefined;
  if (status === "ended") return text("The chat has ended here. Reload the page to go on.");
  return onLine ? text("Reconnecting…") : text("Offline. Your messages will be sent later.");
}

/** What is said of a text that is too long to be sent; nothing of any other. */
export function lengthLine(body: string, n: number, { text }: Texts): string | undefined {
  // The server counts characters, not UTF-16 units.
  const isTooLong = body.length > n && [...body].length > n;
  return isTooLong ? text("A message may have {n} characters.", { n }) : undefined;
}

/** What is said while messages wait because the server asked for it, as long as it is `now`; it counts down. */
export function patienceLine(outbox: readonly OutboxEntry[], now: number, { text }: Texts): string | undefined {
  const until = outbox.find((entry) => entry.retryAt)?.retryAt;
  if (!until) return undefined;
  return text("That was a lot at once. Try again in {n} s.", { n: Math.max(1, Math.ceil((until - now) / 1000)) });
}
