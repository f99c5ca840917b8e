import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

/** What the build does for style sheets, without minifying. */
const inlineSheets = {
  name: "inline-sheets",
  enforce: "pre",
  load(id) {
    if (!id.endsWith(".css?inline")) return null;
    return `export default ${JSON.stringify(readFileSync(id.slice(0, -"?inline".length), "utf8"))};`;
  },
};

export default defineConfig({
  plugins: [inlineSheets],
  define: { MEMBERS: "true", PART_TEXTS: "{}" },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    environment: "node",
    maxWorkers: 1,
  },
});
