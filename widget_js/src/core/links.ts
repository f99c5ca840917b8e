/** A piece of a message: plain text, or text that leads somewhere. */
export type Piece = string | { readonly text: string; readonly href: string };

// A mail address is looked for where a word begins alone: from its middle, every letter would be tried once more.
const CANDIDATE = /\b(?:https?:\/\/|mailto:|www\.)[^\s<>"]+|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gi;
/** What ends a sentence rather than an address. */
const TRAILING = ".,;:!?'*_~";

/** Cuts `text` into plain pieces and links. Only http, https and mailto addresses become links. */
export function linkPieces(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(CANDIDATE)) {
    const found = trimmed(match[0]);
    const href = addressOf(found);
    if (!href) continue;
    if (match.index > end) pieces.push(text.slice(end, match.index));
    pieces.push({ text: found, href });
    end = match.index + found.length;
  }
  if (end < text.length) pieces.push(text.slice(end));
  return pieces;
}

/** One pass from the end: strangers write these texts, and none may cost more than its length. */
function trimmed(found: string): string {
  // A bracket that was opened before the address does not belong to it.
  let foreign = found.split(")").length - found.split("(").length;
  let end = found.length;
  for (; end > 0; end--) {
    const last = found.charAt(end - 1);
    if (last === ")" && foreign > 0) foreign--;
    else if (!TRAILING.includes(last)) break;
  }
  return found.slice(0, end);
}

function addressOf(text: string): string | undefined {
  const address = /^(https?:|mailto:)/i.test(text) ? text : text.includes("@") ? `mailto:${text}` : `https://${text}`;
  return URL.canParse(address) ? address : undefined;
}
