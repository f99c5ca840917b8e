/** A browser's long line about itself as what an agent wants to know: "Chrome 140 on Windows". */

/** Order matters: most browsers also name those that they want to be taken for. */
const BROWSERS: readonly (readonly [name: string, mark: RegExp])[] = [
  ["Edge", /Edg(?:e|A|iOS)?\/(\d+)/],
  ["Opera", /OPR\/(\d+)/],
  ["Samsung Internet", /SamsungBrowser\/(\d+)/],
  ["Firefox", /(?:Firefox|FxiOS)\/(\d+)/],
  ["Chrome", /(?:Chrome|CriOS|Chromium)\/(\d+)/],
  ["Safari", /Version\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari/],
];

const SYSTEMS: readonly (readonly [name: string, mark: RegExp])[] = [
  ["iPhone", /iPhone/],
  ["iPad", /iPad/],
  ["Android", /Android/],
  ["Windows", /Windows/],
  ["macOS", /Mac OS X|Macintosh/],
  ["ChromeOS", /CrOS/],
  ["Linux", /Linux/],
];

/** The short name of a `User-Agent`; the line itself where it is of no known kind. */
export function browserName(line: string): string {
  for (const [name, mark] of BROWSERS) {
    const version = mark.exec(line)?.[1];
    if (version === undefined) continue;
    const system = SYSTEMS.find(([, kind]) => kind.test(line))?.[0];
    return system ? `${name} ${version} on ${system}` : `${name} ${version}`;
  }
  return line;
}
