import { expect, test } from "vitest";
import { pictureAddress } from "../../src/client/picture";

test("pictures lie in a folder beside that of the bundles", () => {
  const address = new URL(pictureAddress("0123"));
  expect(address.pathname.endsWith("/src/pictures/0123")).toBe(true);
});
