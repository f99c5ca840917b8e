/** Reads the gettext catalogue: `widget_server/locale/TAG/LC_MESSAGES/messages.po`, the one source of every text. */

import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../widget_server/locale");
const pathOf = (tag) => join(folder, tag, "LC_MESSAGES/messages.po");

/** The languages there is a catalogue for, beside the sources' English. */
export async function catalogueTags() {
  if (!existsSync(folder)) return [];
  const names = await readdir(folder);
  return names.filter((tag) => existsSync(pathOf(tag))).sort();
}

/**
 * The entries of one .po file: `[{context, id, plural, texts: [..], references, fuzzy}]`, the header left out.
 * `texts` holds one text, or one for each plural form in the language's order.
 */
export function parseCatalogue(source) {
  const entries = [];
  let entry;
  let target;
  const fresh = () => ({
    context: undefined,
    id: undefined,
    plural: undefined,
    texts: [],
    references: [],
    fuzzy: false,
  });
  const finish = () => {
    if (entry?.id) entries.push(entry);
    entry = undefined;
    target = undefined;
  };
  const append = (quoted) => {
    const text = JSON.parse(quoted);
    if (typeof target === "number") entry.texts[target] = (entry.texts[target] ?? "") + text;
    else entry[target] = (entry[target] ?? "") + text;
  };
  for (const line of source.split("\n").map((one) => one.trim())) {
    if (line === "") {
      finish();
      continue;
    }
    entry ??= fresh();
    if (line.startsWith("#:")) entry.references.push(...line.slice(2).trim().split(/\s+/));
    else if (line.startsWith("#,")) entry.fuzzy = line.includes("fuzzy");
    else if (line.startsWith("#")) continue;
    else if (line.startsWith('"')) append(line);
    else {
      const [, keyword, index, quoted] = /^(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d)\])?\s+(".*")$/.exec(line) ?? [];
      if (!keyword) throw new Error(`not a line of a catalogue: ${line}`);
      target = { msgctxt: "context", msgid: "id", msgid_plural: "plural", msgstr: Number(index ?? 0) }[keyword];
      append(quoted);
    }
  }
  finish();
  return entries;
}

/** The header's fields: `Plural-Forms`, `Language`, .... */
function headerOf(source) {
  const header = /^msgid ""\s*\nmsgstr ""\s*\n((?:".*"\s*\n)+)/m.exec(source)?.[1] ?? "";
  const text = header
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .join("");
  return Object.fromEntries(text.split("\n").map((line) => line.split(/:\s*(.*)/, 2)));
}

/**
 * The texts of one language for the browser: `{English: translation}`, where a counted text is
 * `{English singular: {one: .., few: .., other: ..}}` by the categories of `Intl.PluralRules`.
 *
 * `parts` limits it to entries that are used under these folders of `widget_js/src`. A text without a translation is
 * left out, so that English shows.
 */
export async function readCatalogue(tag, parts) {
  const source = await readFile(pathOf(tag), "utf8");
  const entries = parseCatalogue(source);
  const formOf = pluralForm(headerOf(source)["Plural-Forms"] ?? "nplurals=2; plural=n != 1;");
  const texts = {};
  for (const { id, plural, texts: forms, references, fuzzy } of entries) {
    const used = references.some((path) => parts.some((part) => path.startsWith(`widget_js/src/${part}`)));
    if (fuzzy || !used || !forms[0]) continue;
    texts[id] = plural ? byCategory(tag, forms, formOf) : forms[0];
  }
  return texts;
}

/** The function n → index of the plural form that a `Plural-Forms` header describes in C. */
function pluralForm(header) {
  const expression = /plural=([^;]+)/.exec(header)?.[1] ?? "0";
  if (!/^[n\d\s()?:%=!<>&|]+$/.test(expression)) throw new Error(`not a plural rule: ${expression}`);
  return new Function("n", `return Number(${expression});`);
}

/** Which category stands for which form is found by trying numbers; one that no whole number has takes the last form. */
function byCategory(tag, forms, formOf) {
  const rules = new Intl.PluralRules(tag);
  const found = {};
  for (const n of [...Array(201).keys(), 1000, 1_000_000]) found[rules.select(n)] ??= forms[formOf(n)] ?? forms[0];
  found.other ??= forms.at(-1);
  return found;
}
