/**
 * JSON text of plain values. Unlike `JSON.stringify` it asks no object for a `toJSON`: pages exist whose scripts have
 * given arrays one of their own.
 */
export function encode(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(encode).join()}]`;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${encode(field)}`).join()}}`;
}
