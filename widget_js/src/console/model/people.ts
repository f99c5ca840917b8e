/** How people are called and pictured where they have told no name and no picture exists. */

import type { Author } from "../../protocol.gen";
import { t } from "../texts";

/** Number of hues that initials are drawn in; each has a class `hue-0` … in the sheet. */
export const HUES = 12;

/** A person's name to show; a visitor who told none is "Visitor" and the last four digits of their id. */
export function nameOf(person: Author): string {
  const name = person.name?.trim();
  if (name) return name;
  return person.role === "visitor" ? t("Visitor {digits}", { digits: person.id.slice(-4) }) : t("Somebody");
}

/** One or two letters for the round picture. */
export function initialsOf(person: Author): string {
  const name = person.name?.trim();
  if (!name) return person.id.slice(-2).toUpperCase();
  const words = name.split(/\s+/u);
  const first = firstLetter(words[0] ?? "");
  const last = words.length > 1 ? firstLetter(words.at(-1) ?? "") : "";
  return (first + last).toLocaleUpperCase();
}

/** A hue that stays the same for a person in every session: a sum over the id, which is random at its end. */
export function hueOf(person: Author): number {
  let sum = 0;
  for (const letter of person.id) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return sum % HUES;
}

function firstLetter(word: string): string {
  const [letter = ""] = word;
  return letter;
}
