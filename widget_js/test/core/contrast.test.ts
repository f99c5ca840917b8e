import fc from "fast-check";
import { expect, test } from "vitest";
import { brandTokens, inkOn, luminance, ratio, readableOn } from "../../src/core/contrast";

const color = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, "0")}`);

test("text on any brand colour is readable", () => {
  fc.assert(
    fc.property(color, (brand) => {
      expect(ratio(luminance(brand), luminance(inkOn(brand)))).toBeGreaterThanOrEqual(4.5);
    }),
    { numRuns: 500 },
  );
});

test("any brand colour becomes readable on light and on dark paper", () => {
  // The least favourable papers of the tokens: oklch(0.945 ..) and oklch(0.3 ..).
  const papers = { light: luminance("#eceef1"), dark: luminance("#2b2e34") };
  fc.assert(
    fc.property(color, (brand) => {
      expect(ratio(luminance(readableOn(brand, false)), papers.light)).toBeGreaterThanOrEqual(4.5);
      expect(ratio(luminance(readableOn(brand, true)), papers.dark)).toBeGreaterThanOrEqual(4.5);
    }),
    { numRuns: 500 },
  );
});

test("a colour that can be read already stays as it is", () => {
  expect(readableOn("#123456", false)).toBe("#123456");
  expect(brandTokens("#123456")).toMatchObject({ "--brand": "#123456", "--brand-ink": "#ffffff" });
});
