// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import { type FileSource, filesNode, fitted, type Shown } from "../../src/files/shown";
import { saidSize } from "../../src/files/size";
import { cookieSource } from "../../src/files/sources";
import type { File as SentFile } from "../../src/protocol.gen";

const PICTURE: SentFile = {
  id: "p1",
  name: "plum.png",
  kind: "picture",
  type: "image/png",
  size: 12_000,
  width: 480,
  height: 240,
};
const OTHER: SentFile = { id: "o1", name: "<b>terms</b>.pdf", kind: "other", type: "application/pdf", size: 1_500_000 };

let opened: string[];
const shown = (source: FileSource): Shown => ({ source, language: "en", open: ({ id }) => opened.push(id) });

beforeEach(() => {
  opened = [];
});

describe("files of a message", () => {
  test("a picture has its size before it comes, is named, and opens large", () => {
    const link = filesNode([PICTURE], shown(cookieSource("/base"))).querySelector("a");
    expect([link?.style.inlineSize, link?.style.aspectRatio]).toEqual(["240px", "240 / 120"]);
    expect(link?.ariaLabel).toBe("plum.png, 12 kB");
    expect(link?.getAttribute("href")).toBe("/base/files/p1");
    expect(link?.querySelector("img")?.getAttribute("src")).toBe("/base/files/p1/small");
    link?.click();
    expect(opened).toEqual(["p1"]);
  });

  test("a picture without a smaller copy shows itself", () => {
    const image = filesNode([PICTURE], shown(cookieSource(""))).querySelector("img");
    image?.dispatchEvent(new Event("error"));
    expect(image?.getAttribute("src")).toBe("/files/p1");
  });

  test("another is a link with name and size, and its name is text", () => {
    const node = filesNode([OTHER], shown(cookieSource("")));
    const link = node.querySelector("a");
    expect(link?.download).toBe("<b>terms</b>.pdf");
    expect(link?.textContent).toBe("<b>terms</b>.pdf1.5 MB");
    expect(node.querySelector("b")).toBeNull();
  });

  test("where there is no address a button hands the bytes over", () => {
    const saved: string[] = [];
    const source: FileSource = { address: () => undefined, show: () => {}, save: ({ id }) => saved.push(id) };
    const node = filesNode([OTHER, PICTURE], shown(source));
    for (const button of node.querySelectorAll("button")) button.click();
    expect([saved, opened]).toEqual([["o1"], ["p1"]]);
  });
});

test.each([
  [480, 240, [240, 120]],
  [100, 1000, [48, 200]],
  [64, 64, [64, 64]],
  [10_000, 10, [240, 48]],
])("a picture of %d × %d stands as %j", (width, height, size) => {
  expect(fitted(width, height)).toEqual(size);
});

test.each([
  ["en", 12, "12B"],
  ["en", 12_400, "12 kB"],
  ["en", 1_500_000, "1.5 MB"],
  ["de", 1_500_000, "1,5 MB"],
  ["fr", 1_500_000, "1,5\u202fMo"],
  ["fr", 999_600, "1\u202fMo"],
])("in %s %d bytes are %s", (language, bytes, text) => {
  expect(saidSize(bytes, language)).toBe(text);
});
