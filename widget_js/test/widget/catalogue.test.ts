/// <reference types="node" />

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { catalogueTags, parseCatalogue, readCatalogue } from "../../catalogue.mjs";

const sources = join(import.meta.dirname, "../../src");
const catalogue = (tag: string): string =>
  readFileSync(join(sources, `../../widget_server/locale/${tag}/LC_MESSAGES/messages.po`), "utf8");

/** Every text that the widget says, as its sources spell it: `text("…")`, `count(n, "…", "…")`. */
function spokenTexts(): string[] {
  const files = readdirSync(join(sources, "widget")).map((name) => join(sources, "widget", name));
  const texts = files
    .filter((file) => statSync(file).isFile() && file.endsWith(".ts"))
    .flatMap((file) => [...readFileSync(file, "utf8").matchAll(/\b(?:text\(|count\([^,"]+,)\s*"([^"]+)"/g)])
    .map(([, text = ""]) => text);
  return [...new Set(texts)].sort();
}

const placeholders = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();
const tags = await catalogueTags();

test("the widget speaks English and at least seven other languages, one of them from right to left", () => {
  expect(tags.length).toBeGreaterThanOrEqual(7);
  expect(tags).toContain("ar");
});

test("the sources are read", () => {
  expect(spokenTexts()).toEqual(expect.arrayContaining(["Open chat", "Sending", "{n} unread message"]));
});

describe.each(tags)("%s", (tag) => {
  test("no text is missing, and none is left over", async () => {
    const texts = await readCatalogue(tag, ["widget/", "loader"]);
    expect(Object.keys(texts).sort()).toEqual(spokenTexts());
  });

  test("placeholders are those of the English text", () => {
    for (const { id, plural, texts, references } of parseCatalogue(catalogue(tag))) {
      if (!references.some((place) => place.startsWith("widget_js/"))) continue;
      for (const text of texts) {
        // A form that stands for one number may leave it out.
        const wanted = plural ? placeholders(text).filter((name) => name !== "{n}") : placeholders(text);
        const given = plural ? placeholders(id).filter((name) => name !== "{n}") : placeholders(id);
        expect(wanted, text).toEqual(given);
      }
    }
  });

  test("counted texts have a form for every category of the language", async () => {
    const texts = await readCatalogue(tag, ["widget/"]);
    const categories = new Intl.PluralRules(tag).resolvedOptions().pluralCategories;
    const counted = texts["{n} unread message"];
    for (const category of ["other", ...categories.filter((name) => name !== "many" || tag === "pl" || tag === "ar")])
      expect(counted, category).toHaveProperty(category);
  });
});
