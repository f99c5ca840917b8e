import type { TextTable } from "./src/core/texts";

export interface CatalogueEntry {
  readonly context?: string;
  readonly id: string;
  readonly plural?: string;
  readonly texts: readonly string[];
  readonly references: readonly string[];
  readonly fuzzy: boolean;
}
export function catalogueTags(): Promise<string[]>;
export function parseCatalogue(source: string): CatalogueEntry[];
export function readCatalogue(tag: string, parts: readonly string[]): Promise<TextTable>;
