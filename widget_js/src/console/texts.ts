/** The console's texts. They are looked up by their English, as everywhere; no translation of the console exists yet. */

import { Texts } from "../core/texts";

const texts = new Texts("en", {});

/** A text with `{name}` replaced by the value of that name. */
export const t = texts.text;

/** A text that counts. */
export const tn = texts.count;
