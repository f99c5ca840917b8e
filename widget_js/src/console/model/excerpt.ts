/** The part of a long text that shows why it was found. */

/** The text around the first place where it says what was looked for. */
export interface Excerpt {
  readonly before: string;
  /** As it stands in the text; empty when it does not stand there as it was typed. */
  readonly match: string;
  readonly after: string;
}

const LEAD_CHARS = 24;

/** Cuts `text` so that `wanted` stands near the beginning of one line. */
export function excerpt(text: string, wanted: string): Excerpt {
  const line = text.replace(/\s+/gu, " ");
  const query = wanted.trim();
  const at = query === "" ? -1 : line.toLocaleLowerCase().indexOf(query.toLocaleLowerCase());
  if (at < 0) return { before: line, match: "", after: "" };
  const start = Math.max(0, at - LEAD_CHARS);
  return {
    before: (start > 0 ? "…" : "") + line.slice(start, at),
    match: line.slice(at, at + query.length),
    after: line.slice(at + query.length),
  };
}
