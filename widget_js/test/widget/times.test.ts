import { expect, test } from "vitest";
import { regionOf, Times } from "../../src/widget/times";

test("times are written as where the visitor lives, in the language that is shown", () => {
  expect(regionOf("en", ["de-AT", "en-GB", "en-US"])).toBe("en-GB");
  expect(regionOf("de", ["en-GB", "de-AT"])).toBe("de-AT");
  expect(regionOf("pt", ["en-GB"])).toBe("pt");
  expect(regionOf("en", [])).toBe("en");
});

test("half past two is another text elsewhere", () => {
  const at = new Date(2026, 10, 21, 14, 30).getTime();
  expect(new Times("en-GB").time(at)).toBe("14:30");
  expect(new Times("en-US").time(at)).toMatch(/^2:30\sPM$/);
});
