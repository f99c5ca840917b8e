const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

/** "12 kB", "1.5 MB": as the language writes it, and as `web/sizes.py` says it in the server's pages. */
export function saidSize(bytes: number, language: string): string {
  let value = bytes;
  let unit = 0;
  // What would be rounded to a thousand is one of the next unit.
  for (; Math.round(value) >= 1000 && unit < UNITS.length - 1; unit++) value /= 1000;
  const format = { style: "unit", unit: UNITS[unit] ?? "byte", unitDisplay: unit ? "short" : "narrow" } as const;
  return new Intl.NumberFormat(language, { ...format, maximumFractionDigits: unit > 1 && value < 10 ? 1 : 0 }).format(
    value,
  );
}
