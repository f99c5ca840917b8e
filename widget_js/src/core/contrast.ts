/** Makes any brand colour readable (WCAG 2.2: text at least 4.5:1). Pure; colours are `#rrggbb`. */

type Rgb = readonly [number, number, number];

/** The paper of the tokens' light and dark scheme, at its less favourable end. */
const LIGHT_PAPER = 0.84;
const DARK_PAPER = 0.03;
const TEXT_RATIO = 4.5;
/** The luminance up to which white reaches that ratio. */
const WHITE_UP_TO = 1.05 / TEXT_RATIO - 0.05;

/** Relative luminance (WCAG 2.2) of `#rrggbb`, 0 to 1. */
export function luminance(color: string): number {
  return luminanceOf(parse(color));
}

/** Contrast ratio of two luminances, 1 to 21. */
export function ratio(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}

/** White or black, whichever can be read on `color`; white where both can. */
export function inkOn(color: string): string {
  return luminance(color) <= WHITE_UP_TO ? "#ffffff" : "#000000";
}

/** `color` moved towards black (light paper) or white (dark paper) just so far that it can be read on that paper. */
export function readableOn(color: string, dark: boolean): string {
  const paper = dark ? DARK_PAPER : LIGHT_PAPER;
  const goal = dark ? 255 : 0;
  const rgb = parse(color);
  for (let share = 0; ; share += 0.04) {
    const mixed = rgb.map((part) => Math.round(part + (goal - part) * Math.min(1, share))) as unknown as Rgb;
    if (share >= 1 || ratio(luminanceOf(mixed), paper) >= TEXT_RATIO) return format(mixed);
  }
}

/** The custom properties that a site's colour sets in the tokens' sheet. */
export function brandTokens(color: string): Record<string, string> {
  return {
    "--brand": color,
    "--brand-ink": inkOn(color),
    "--brand-text": `light-dark(${readableOn(color, false)}, ${readableOn(color, true)})`,
  };
}

function luminanceOf(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function parse(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16) || 0;
  return [16, 8, 0].map((shift) => (value >> shift) & 255) as unknown as Rgb;
}

function format(rgb: Rgb): string {
  return `#${rgb.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
