/**
 * Builds what the server hands to browsers into `widget_server/static/`.
 *
 * `node build.mjs` writes every file with a hash in its name (the loader alone keeps its own: the server puts a site's
 * appearance into it), the same compressed with brotli and gzip beside it, and `manifest.json`, from which the server
 * learns the names. `node build.mjs --check-sizes` weighs what was built against the budgets.
 */

import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { catalogueTags, readCatalogue } from "./catalogue.mjs";

const root = import.meta.dirname;
const outputs = join(root, "../widget_server/static");

/** (name in the manifest, source); each becomes one file. */
const modules = [
  ["panel", "src/widget/panel.ts"],
  ["frame", "src/widget/frame.ts"],
  ["console", "src/console/main.tsx"],
  ["guest", "src/pages/guest.ts"],
  ["members", "src/pages/members.ts"],
  ["rooms", "src/rooms/main.ts"],
  ["passkeys", "src/pages/passkeys.ts"],
  ["codes", "src/pages/codes.ts"],
  ["push", "src/pages/push.ts"],
  ["push_worker", "src/pages/push_worker.ts"],
];
/**
 * Parts of the panel that are fetched when they are first needed, by their source's path. Each is whole in itself, so
 * that none brings a second request along before it is wanted; what little they share is in each. One that fetches
 * another stands behind it.
 */
const lazyModules = {
  account: "src/account/account.ts",
  ask: "src/account/ask.ts",
  files: "src/files/files.ts",
  form: "src/files/form.ts",
  conversation: "src/widget/conversation.ts",
  frame_host: "src/widget/frame_host.ts",
  fallback: "src/transport/fallback.ts",
  sound: "src/widget/sound.ts",
};
/** The parts that bring their texts along, and whose texts those are. */
const ownTexts = {
  account: ["account/account", "account/address"],
  ask: ["account/address", "account/ask"],
  conversation: ["files/attach"],
  rooms: ["files/attach"],
  files: ["files/"],
  form: ["files/"],
};
const sheets = [
  ["tokens.css", "src/tokens.css"],
  ["console.css", "src/console/console.css"],
  ["pages.css", "src/pages/pages.css"],
];

/** Modules whose texts come as a script of their own before them, and the folders and files in which they are said. */
const spoken = {
  console: ["console/", "files/"],
  rooms: ["rooms/", "widget/composer", "widget/log", "widget/own_messages", "widget/words"],
};

const LAUNCHER_TEXT = "Open chat";

/** gzip bytes, or brotli's where it says so; the texts say which files are summed. */
const budgets = [
  ["loader", ["loader"], 2500],
  ["loader + panel + one language", ["loader", "panel", "locale/de"], 18000],
  ["console", ["console", "console.css"], 90000],
  ["guests' script", ["guest"], 2000, "br"],
  ["members' script", ["members"], 10000],
  ["a room's script", ["rooms"], 21000],
];

const shared = {
  bundle: true,
  minify: true,
  target: "es2022",
  legalComments: "none",
  charset: "utf8",
  logLevel: "warning",
  jsx: "automatic",
  jsxImportSource: "preact",
};

/** The names of the custom properties that the widget's own sheets and sources use. */
async function usedProperties() {
  const folder = join(root, "src/widget");
  const names = new Set();
  for (const file of await readdir(folder)) {
    for (const [name] of (await readFile(join(folder, file), "utf8")).matchAll(/--[a-z\d-]+/g)) names.add(name);
  }
  return names;
}

/** The shared tokens that nothing in the widget asks for need not travel to every visitor. */
function withoutUnused(sheet, used) {
  return sheet.replace(/(--[a-z\d-]+):[^;{}]*;?/g, (declaration, name) => (used.has(name) ? declaration : ""));
}

/** What the minifier leaves: blanks before a custom property's value, behind a comma and around a slash. */
function withoutBlanks(sheet) {
  return sheet.replace(/(?<=--[a-z\d-]+:) | ?([,/]) /g, "$1");
}

/** `import text from "x.css?inline"`: a sheet with all it imports, minified, as a string. */
const inlineSheets = {
  name: "inline-sheets",
  setup(bundler) {
    bundler.onResolve({ filter: /\.css\?inline$/ }, (found) => ({
      path: join(found.resolveDir, found.path.slice(0, -"?inline".length)),
      namespace: "inline-sheet",
    }));
    bundler.onLoad({ filter: /.*/, namespace: "inline-sheet" }, async (found) => {
      const built = await build({ ...shared, entryPoints: [found.path], write: false });
      const sheet = withoutBlanks(withoutUnused(built.outputFiles[0].text.trim(), await usedProperties()));
      return { contents: sheet, loader: "text", watchFiles: [found.path] };
    });
  },
};

/** Lets `import("./part")` of a lazy module name the file that was built of it. */
const lazyImports = (names) => ({
  name: "lazy-imports",
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\.?\// }, ({ kind, path }) => {
      const name = kind === "dynamic-import" ? names[basename(path)] : undefined;
      return name ? { path: `./${name}`, external: true } : undefined;
    });
  },
});

/** Bundles one source under a hashed name, which is the answer. */
async function bundle(name, source, into, lazyNames = {}) {
  const built = await build({
    ...shared,
    define: { PART_TEXTS: await partTexts(ownTexts[name] ?? []), MEMBERS: String(name === "members") },
    ...(source.endsWith(".css") ? {} : { format: "esm" }),
    absWorkingDir: root,
    entryPoints: [{ in: source, out: name.replace(/\.css$/, "") }],
    outdir: into,
    entryNames: "[name].[hash]",
    metafile: true,
    plugins: [inlineSheets, lazyImports(lazyNames)],
  });
  return basename(Object.keys(built.metafile.outputs)[0]);
}

/** The launcher's name by language; it is shown before any translation is fetched. */
async function launcherTexts() {
  const texts = {};
  for (const tag of await catalogueTags()) {
    const { [LAUNCHER_TEXT]: text } = await readCatalogue(tag, ["loader"]);
    if (text) texts[tag] = text;
  }
  return JSON.stringify(texts);
}

/** The texts of a part that is seldom asked for, in all languages: a language's file goes to every visitor. */
async function partTexts(sources) {
  const texts = {};
  if (sources.length) for (const tag of await catalogueTags()) texts[tag] = await readCatalogue(tag, sources);
  return JSON.stringify(texts);
}

async function buildAll() {
  const fresh = `${outputs}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  const manifest = {};

  await build({
    ...shared,
    define: { LAUNCHER_TEXTS: await launcherTexts() },
    entryPoints: [join(root, "src/loader.ts")],
    format: "iife",
    outfile: join(fresh, "loader.js"),
    plugins: [inlineSheets],
  });
  manifest.loader = "loader.js";
  const lazyNames = {};
  for (const [name, source] of Object.entries(lazyModules))
    lazyNames[name] = await bundle(name, source, fresh, lazyNames);
  for (const [name, source] of modules) manifest[name] = await bundle(name, source, fresh, lazyNames);
  for (const [name, source] of sheets) manifest[name] = await bundle(name, source, fresh);
  for (const tag of await catalogueTags()) {
    const texts = await readCatalogue(tag, ["widget/", "loader"]);
    const source = `export default ${JSON.stringify(texts)};`;
    const built = await build({
      ...shared,
      stdin: { contents: source, resolveDir: root, sourcefile: `locale.${tag}.js` },
      format: "esm",
      outdir: fresh,
      entryNames: `locale.${tag}.[hash]`,
      metafile: true,
    });
    manifest[`locale/${tag}`] = basename(Object.keys(built.metafile.outputs)[0]);
  }
  for (const tag of await catalogueTags()) {
    for (const [name, parts] of Object.entries(spoken)) {
      // Before the own module of the console, or of a room: its texts are looked up from the first line on.
      const source = `globalThis.${name}Texts=${JSON.stringify(await readCatalogue(tag, parts))};`;
      const built = await build({
        ...shared,
        stdin: { contents: source, resolveDir: root, sourcefile: `${name}.${tag}.js` },
        format: "esm",
        outdir: fresh,
        entryNames: `${name}.${tag}.[hash]`,
        metafile: true,
      });
      manifest[`${name}-texts/${tag}`] = basename(Object.keys(built.metafile.outputs)[0]);
    }
  }
  await writeFile(join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  await compress(fresh);
  await rm(outputs, { recursive: true, force: true });
  await rename(fresh, outputs);
}

async function compress(folder) {
  for (const name of await readdir(folder)) {
    if (name === "manifest.json") continue;
    const bytes = await readFile(join(folder, name));
    const quality = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    await writeFile(join(folder, `${name}.br`), brotliCompressSync(bytes, { params: quality }));
    await writeFile(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  }
}

async function checkSizes() {
  const manifest = JSON.parse(await readFile(join(outputs, "manifest.json"), "utf8"));
  const packed = async (file, how) => (await readFile(join(outputs, `${file}.${how}`))).length;
  const print = (line) => process.stdout.write(`${line}\n`);
  for (const file of (await readdir(outputs)).filter((name) => /\.(js|css)$/.test(name))) {
    print(`${String(await packed(file, "gz")).padStart(7)} B gzip  ${file}`);
  }
  let fits = true;
  for (const [text, parts, limit, how = "gz"] of budgets) {
    const files = parts.map((part) => manifest[part]).filter(Boolean);
    let sum = 0;
    for (const file of files) sum += await packed(file, how);
    const verdict = sum <= limit ? "fits" : "TOO LARGE";
    if (sum > limit) fits = false;
    print(`${String(sum).padStart(7)} of ${limit} B: ${text}: ${verdict}`);
  }
  if (!fits) process.exitCode = 1;
}

await (process.argv.includes("--check-sizes") ? checkSizes() : buildAll());
