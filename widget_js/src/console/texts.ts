/**
 * The console's texts, looked up by their English. The page names its language and brings the translations by a script of
 * their own, which runs before this one.
 */

import { Texts, type TextTable } from "../core/texts";

const { consoleTexts, document, navigator } = globalThis as typeof globalThis & { consoleTexts?: TextTable };
const spoken = document?.documentElement.lang || "en";
/** All that is said, for parts that are shared. */
export const texts = new Texts(spoken, consoleTexts ?? {});

/** In what dates and numbers are written: the language of the page, as it is written where its reader lives. */
export const language = navigator?.languages?.find((tag) => tag.split("-")[0] === spoken) ?? spoken;

/** A text with `{name}` replaced by the value of that name. */
export const t = texts.text;

/** A text that counts. */
export const tn = texts.count;
