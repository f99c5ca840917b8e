/** The allowed origins of a site, as a person types them: one per line. */

/** The lines of the field that say something, each once. */
export function originLines(text: string): string[] {
  const lines = text
    .split(/[\s,]+/u)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return [...new Set(lines)];
}

/**
 * What the person may have meant by a line that is no origin ("https://shop.example/contact" → "https://shop.example"), the line
 * itself when it is one, or null when nothing can be made of it. Only the server decides what is taken.
 */
export function asOrigin(line: string): string | null {
  const address = /^https?:\/\//iu.test(line) ? line : `https://${line}`;
  try {
    const url = new URL(address);
    return url.hostname === "" || url.username !== "" ? null : url.origin;
  } catch {
    return null;
  }
}
