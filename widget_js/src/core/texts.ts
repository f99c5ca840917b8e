/** Translations: English text → text, or by plural category for texts that count. */
export type TextTable = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

/** What stands in braces in a text. */
export type TextValues = Readonly<Record<string, string | number>>;

/**
 * Speaks one language. Texts are looked up by their English; without a translation English shows.
 */
export class Texts {
  readonly language: string;
  #table: TextTable;
  #plurals: Intl.PluralRules;

  /** `language` is a BCP 47 tag, `table` its translations (empty: English). */
  constructor(language: string, table: TextTable) {
    this.language = language;
    this.#table = table;
    this.#plurals = new Intl.PluralRules(language);
  }

  /** `english` in this language, with `{name}` replaced by the value of that name. */
  readonly text = (english: string, values: TextValues = {}): string => {
    const found = this.#table[english];
    return fill(typeof found === "string" ? found : english, values);
  };

  /** A text that counts `n`: the form that this language uses for it, with `{n}` and `values` filled in. */
  readonly count = (n: number, one: string, other: string, values: TextValues = {}): string => {
    const found = this.#table[one];
    const forms = typeof found === "object" ? found : { one, other };
    return fill(forms[this.#plurals.select(n)] ?? forms["other"] ?? other, { ...values, n });
  };
}

function fill(text: string, values: TextValues): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The language among `known` that serves `wanted` best: the same, or the same without its region; else English. */
export function bestLanguage(wanted: string, known: readonly string[]): string {
  const full = wanted.toLowerCase();
  const [base = ""] = full.split("-");
  return known.find((tag) => tag.toLowerCase() === full) ?? known.find((tag) => tag.toLowerCase() === base) ?? "en";
}
