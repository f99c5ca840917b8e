/** Canned replies: when the list opens, which ones it shows, and what is put into the text. */
import { t } from "../texts";

export interface CannedReply {
  readonly id: string;
  readonly shortcut: string;
  readonly body: string;
}

/** Where a "/" was typed that asks for a canned reply: from `start` (the slash) to the caret. */
export interface SlashQuery {
  readonly start: number;
  readonly query: string;
}

/**
 * The question for canned replies that ends at the caret, or null.
 *
 * A slash asks only at the start of the text or behind a blank, so that addresses and "and/or" are left alone.
 */
export function slashQuery(text: string, caret: number): SlashQuery | null {
  const found = /(?:^|\s)\/([^\s/]{0,40})$/u.exec(text.slice(0, caret));
  if (!found) return null;
  const query = found[1] ?? "";
  return { start: caret - query.length - 1, query };
}

/** The replies that fit `query`: shortcuts that begin with it, then those that contain it, then bodies that do. */
export function matchingReplies(replies: readonly CannedReply[], query: string, limit = 8): CannedReply[] {
  const wanted = query.toLocaleLowerCase();
  const ranked: [rank: number, reply: CannedReply][] = [];
  for (const reply of replies) {
    const shortcut = reply.shortcut.toLocaleLowerCase();
    if (shortcut.startsWith(wanted)) ranked.push([0, reply]);
    else if (shortcut.includes(wanted)) ranked.push([1, reply]);
    else if (reply.body.toLocaleLowerCase().includes(wanted)) ranked.push([2, reply]);
  }
  ranked.sort(([a, x], [b, y]) => a - b || x.shortcut.localeCompare(y.shortcut));
  return ranked.slice(0, limit).map(([, reply]) => reply);
}

/** What `{name}` and its like stand for in one conversation. */
export interface Facts {
  readonly name: string;
  readonly agent: string;
  readonly site: string;
}

/** The placeholders that a canned reply may contain, with what they stand for. */
export const PLACEHOLDERS: Readonly<Record<keyof Facts, string>> = {
  name: t("the visitor's name"),
  agent: t("your own name"),
  site: t("the site's name"),
};

/**
 * The reply's text with its placeholders filled. One that has no value (a visitor who told no name) leaves no hole behind:
 * "Hello {name}," becomes "Hello,". Unknown ones stay as they are, so that one sees the mistake.
 */
export function filledReply(body: string, facts: Facts): string {
  return body.replace(/( ?)\{(name|agent|site)\}/g, (_whole, space: string, key: keyof Facts) => {
    const value = facts[key].trim();
    return value === "" ? "" : space + value;
  });
}

/** The text and caret after `reply` took the place of the question. */
export function insertReply(
  text: string,
  caret: number,
  slash: SlashQuery,
  filled: string,
): { text: string; caret: number } {
  const before = text.slice(0, slash.start) + filled;
  return { text: before + text.slice(caret), caret: before.length };
}
