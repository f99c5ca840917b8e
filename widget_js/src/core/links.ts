/** A piece of a message: plain text, or text that leads somewhere. */
export type Piece = string | { readonly text: string; readonly href: string };

const CANDIDATE = /\b(?:https?:\/\/|mailto:|www\.)[^\s<>"]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gi;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?'*_~]+$/;

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

function trimmed(found: string): string {
  let text = found.replace(TRAILING, "");
  // A bracket that was opened before the address does not belong to it.
  while (text.endsWith(")") && text.split("(").length < text.split(")").length)
    text = text.slice(0, -1).replace(TRAILING, "");
  return text;
}

function addressOf(text: string): string | undefined {
  const address = /^(https?:|mailto:)/i.test(text) ? text : text.includes("@") ? `mailto:${text}` : `https://${text}`;
  return URL.canParse(address) ? address : undefined;
}
