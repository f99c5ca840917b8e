import fc from "fast-check";
import { expect, test } from "vitest";
import { Backoff } from "../../src/core/backoff";
import { shownCount } from "../../src/core/counts";
import { advance, type Delivery, type DeliveryEvent, raised, stateOf } from "../../src/core/delivery";
import { IdSource } from "../../src/core/ids";
import { encode } from "../../src/core/json";
import { linkPieces } from "../../src/core/links";
import { bestLanguage, Texts } from "../../src/core/texts";
import { FakeWorld } from "../fakes/world";

const states: Delivery[] = ["pending", "sent", "delivered", "seen", "failed"];
const events: DeliveryEvent[] = ["acked", "reached", "viewed", "refused", "retried"];
const RANK: Record<Delivery, number> = { failed: 0, pending: 0, sent: 1, delivered: 2, seen: 3 };

test("no event takes a message back behind where it was, once it is sent", () => {
  fc.assert(
    fc.property(fc.constantFrom(...states), fc.array(fc.constantFrom(...events)), (start, happened) => {
      let state = start;
      for (const event of happened) {
        const next = advance(state, event);
        expect(RANK[next]).toBeGreaterThanOrEqual(RANK[state]);
        state = next;
      }
    }),
  );
});

test("watermarks rise in whatever order receipts come", () => {
  const marks = fc.record({ delivered: fc.nat(50), seen: fc.nat(50) });
  fc.assert(
    fc.property(fc.array(marks), (receipts) => {
      const forwards = receipts.reduce(raised, { delivered: 0, seen: 0 });
      const backwards = [...receipts].reverse().reduce(raised, { delivered: 0, seen: 0 });
      expect(forwards).toEqual(backwards);
      expect(forwards.delivered).toBeGreaterThanOrEqual(forwards.seen);
    }),
  );
});

test("the state of a message follows from the other side's marks", () => {
  const marks = { delivered: 5, seen: 3 };
  expect([3, 4, 5, 6].map((seq) => stateOf(seq, marks))).toEqual(["seen", "delivered", "delivered", "sent"]);
});

test("ids sort in the order in which they were made, also when the clock steps back", () => {
  const world = new FakeWorld();
  const ids = new IdSource(world);
  const made: string[] = [];
  for (let index = 0; index < 10_000; index++) {
    if (index === 5000) world.time -= 60_000;
    if (index % 1000 === 0) world.time++;
    made.push(ids.next());
  }
  expect(made).toEqual([...made].sort());
  expect(new Set(made).size).toBe(made.length);
  for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("attempts wait up to twice as long each time, 30 s at most, and less after a reset", () => {
  const backoff = new Backoff(() => 0.999_999);
  const waits = Array.from({ length: 9 }, () => backoff.next());
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  backoff.reset();
  expect(backoff.next()).toBe(1000);
  expect(backoff.next(7000)).toBe(7000);
});

test("links are found, and nothing but web and mail addresses become links", () => {
  const hrefs = (text: string): string[] =>
    linkPieces(text).flatMap((piece) => (typeof piece === "string" ? [] : [piece.href]));
  expect(hrefs("see https://example.com/a_(b), or (http://example.org/x).")).toEqual([
    "https://example.com/a_(b)",
    "http://example.org/x",
  ]);
  expect(hrefs("write to ada@example.com or go to www.example.com!")).toEqual([
    "mailto:ada@example.com",
    "https://www.example.com",
  ]);
  expect(hrefs("javascript:alert(1) data:text/html,x file:///etc/passwd vbscript:x")).toEqual([]);
});

test("cutting a text at its links loses nothing of it", () => {
  const words = fc.constantFrom(
    "https://a.example/x",
    "www.b.example",
    "c@d.example",
    "plain",
    " ",
    ".",
    ")",
    "(",
    "\n",
  );
  fc.assert(
    fc.property(fc.array(words), (parts) => {
      const text = parts.join("");
      const pieces = linkPieces(text).map((piece) => (typeof piece === "string" ? piece : piece.text));
      expect(pieces.join("")).toBe(text);
    }),
  );
});

test("a text made to be cut slowly is cut at once", () => {
  // In quadratic or cubic time these take minutes and the test's own deadline ends it.
  const signs = linkPieces(`https://${"!".repeat(4000)}a${")".repeat(4000)}`);
  expect(signs.map((piece) => (typeof piece === "string" ? piece : piece.text)).join("")).toHaveLength(8009);
  expect(linkPieces(`http://a.example/${")!".repeat(4000)}`)[0]).toEqual({
    text: "http://a.example/",
    href: "http://a.example/",
  });
  expect(linkPieces("a".repeat(200_000))).toHaveLength(1);
});

test("JSON is written as ever, whatever a page has done to arrays", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      expect(JSON.parse(encode(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  const patched = Array.prototype as { toJSON?: () => string };
  patched.toJSON = () => "patched";
  try {
    expect(encode({ list: [1, [2]], none: undefined })).toBe('{"list":[1,[2]]}');
  } finally {
    delete patched.toJSON;
  }
});

test("texts fill in values and count by the rules of the language", () => {
  const polish = new Texts("pl", {
    "Hello {name}": "Cześć {name}",
    "{n} day": { one: "{n} dzień", few: "{n} dni", many: "{n} dni", other: "{n} dnia" },
  });
  expect(polish.text("Hello {name}", { name: "Ola" })).toBe("Cześć Ola");
  expect(polish.text("Not translated")).toBe("Not translated");
  expect([1, 2, 5, 1.5].map((n) => polish.count(n, "{n} day", "{n} days"))).toEqual([
    "1 dzień",
    "2 dni",
    "5 dni",
    "1.5 dnia",
  ]);
  expect(new Texts("en", {}).count(2, "{n} day", "{n} days")).toBe("2 days");
});

test("the language is the nearest one that there is", () => {
  expect(bestLanguage("de-AT", ["de", "pt"])).toBe("de");
  expect(bestLanguage("PT-br", ["de", "pt-BR", "pt"])).toBe("pt-BR");
  expect(bestLanguage("tlh", ["de"])).toBe("en");
  expect(bestLanguage("", ["de"])).toBe("en");
});

test("beyond 99 a plus stands for the rest", () => {
  expect([0, 1, 99, 100, 5000].map(shownCount)).toEqual(["0", "1", "99", "99+", "99+"]);
});
