/** What files need beyond being shown, with its texts in every language: fetched when somebody has one. */

import { Texts, type TextTable } from "../core/texts";
import type { File as SentFile } from "../protocol.gen";
import { adopt } from "../widget/surface";
import { Attachments, type AttachmentsOptions } from "./attachments";
import sheetText from "./files.css?inline";
import type { FileSource } from "./shown";
import { view } from "./viewer";

/** This part's own texts, put in by the build. */
declare const PART_TEXTS: Readonly<Record<string, TextTable>>;

const textsOf = (language: string): Texts => new Texts(language, PART_TEXTS[language] ?? {});

/** Where the sheet is already. */
const dressed = new WeakSet<ShadowRoot>();

/** Pages have the sheet among theirs. */
function dress(root: ShadowRoot | HTMLElement): void {
  if (!(root instanceof ShadowRoot) || dressed.has(root)) return;
  dressed.add(root);
  adopt(root, sheetText);
}

/** The files that go with what is written; `root` gets the sheet. */
export function attachments(
  language: string,
  root: ShadowRoot | HTMLElement,
  options: Omit<AttachmentsOptions, "texts">,
): Attachments {
  dress(root);
  return new Attachments({ ...options, texts: textsOf(language) });
}

/** Shows a picture large. */
export function viewLarge(language: string, root: ShadowRoot | HTMLElement, file: SentFile, source: FileSource): void {
  dress(root);
  view(file, source, textsOf(language), root);
}
