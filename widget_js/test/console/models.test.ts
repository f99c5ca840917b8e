import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { browserStorage } from "../../src/client/storage";
import { browserName } from "../../src/console/model/browser";
import {
  type CannedReply,
  filledReply,
  insertReply,
  matchingReplies,
  slashQuery,
} from "../../src/console/model/canned";
import { Drafts } from "../../src/console/model/drafts";
import { excerpt } from "../../src/console/model/excerpt";
import { answeredMeanwhile } from "../../src/console/model/guard";
import { anotherSpan, daysFault, usualHours, withDay } from "../../src/console/model/hours";
import { drawnKeys, KeySequence, pressName, SEQUENCE_MS } from "../../src/console/model/keys";
import { asOrigin, originLines } from "../../src/console/model/origins";
import { hueOf, initialsOf, nameOf } from "../../src/console/model/people";
import { hashOf, parseRoute, type Route } from "../../src/console/model/route";
import { fromLocalField, snoozeChoices, toLocalField } from "../../src/console/model/snooze";
import { ago, dayName, rowTime, secondsAgo, timeIn } from "../../src/console/model/times";
import { memoryStorage } from "../fakes/storage";
import { ADA, GRACE, id, MAEVE, message } from "./rows";

const MINUTE = 60_000;

describe("canned replies", () => {
  const replies: CannedReply[] = [
    { id: "1", shortcut: "thanks", body: "Thank you, {name}." },
    { id: "2", shortcut: "shipping", body: "We ship within a day." },
    { id: "3", shortcut: "reship", body: "We send it again." },
  ];

  test("a slash asks at the start of a word only", () => {
    expect(slashQuery("/shi", 4)).toEqual({ start: 0, query: "shi" });
    expect(slashQuery("Hello /", 7)).toEqual({ start: 6, query: "" });
    expect(slashQuery("and/or", 6)).toBeNull();
    expect(slashQuery("https://a", 9)).toBeNull();
    expect(slashQuery("/shi ping", 9)).toBeNull();
  });

  test("shortcuts that begin with the letters come first", () => {
    expect(matchingReplies(replies, "ship").map((reply) => reply.id)).toEqual(["2", "3"]);
    expect(matchingReplies(replies, "again").map((reply) => reply.id)).toEqual(["3"]);
    expect(matchingReplies(replies, "")).toHaveLength(3);
  });

  test("a placeholder without a value leaves no hole", () => {
    const facts = { name: "Maeve", agent: "Ada", site: "Teahouse" };
    expect(filledReply("Hello {name}, {agent} here. {other}", facts)).toBe("Hello Maeve, Ada here. {other}");
    expect(filledReply("Hello {name}, welcome", { ...facts, name: " " })).toBe("Hello, welcome");
  });

  test("the reply takes the place of the question", () => {
    const slash = slashQuery("Dear, /th and more", 9);
    expect(slash && insertReply("Dear, /th and more", 9, slash, "thanks")).toEqual({
      text: "Dear, thanks and more",
      caret: 12,
    });
  });
});

describe("drafts", () => {
  test("a draft is found in the conversation and mode it was written in, nowhere else", () => {
    const writing = fc.record({
      channel: fc.integer({ min: 1, max: 4 }),
      mode: fc.constantFrom("reply" as const, "note" as const),
      text: fc.string(),
    });
    fc.assert(
      fc.property(fc.array(writing), (story) => {
        const storage = memoryStorage();
        const expected = new Map<string, string>();
        for (const { channel, mode, text } of story) {
          // A fresh object each time: a reload changes nothing.
          new Drafts(storage).write(id(channel), mode, text);
          expected.set(`${channel}${mode}`, text);
        }
        for (const channel of [1, 2, 3, 4]) {
          for (const mode of ["reply", "note"] as const) {
            expect(new Drafts(storage).read(id(channel), mode)).toBe(expected.get(`${channel}${mode}`) ?? "");
          }
        }
      }),
    );
  });

  test("storage that throws keeps the text for the page's life", () => {
    const drafts = new Drafts(
      browserStorage(() => {
        throw new Error("refused");
      }, "console:"),
    );
    drafts.write(id(1), "reply", "Hello");
    expect(drafts.read(id(1), "reply")).toBe("Hello");
  });
});

describe("the question before a second answer", () => {
  test("only another agent's answer since the text was begun counts", () => {
    const log = [message(1, MAEVE), message(2, GRACE), message(3, MAEVE), message(4, ADA)];
    expect(answeredMeanwhile(log, 1, ADA.id)?.seq).toBe(2);
    expect(answeredMeanwhile(log, 2, ADA.id)).toBeNull();
    expect(answeredMeanwhile([message(2, GRACE, { removed: true })], 1, ADA.id)).toBeNull();
  });
});

describe("keys", () => {
  const press = (key: string, part = {}) =>
    pressName({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...part });

  test("presses have the names of the table", () => {
    expect(press("k", { ctrlKey: true })).toBe("Mod+K");
    expect(press("k", { metaKey: true })).toBe("Mod+K");
    expect(press("?", { shiftKey: true })).toBe("?");
    expect(press("Shift", { shiftKey: true })).toBeNull();
    expect(press("@", { altKey: true })).toBeNull();
  });

  test("two presses in time are a sequence, late ones are not", () => {
    const sequence = new KeySequence(["g m", "j"]);
    expect(sequence.next("g", 0)).toBeNull();
    expect(sequence.next("m", 500)).toBe("g m");
    expect(sequence.next("g", 1000)).toBeNull();
    expect(sequence.next("j", 1000 + SEQUENCE_MS)).toBe("j");
  });

  test("keys are drawn for the machine", () => {
    expect(drawnKeys("Mod+K", true)).toEqual(["⌘", "K"]);
    expect(drawnKeys("Mod+K", false)).toEqual(["Ctrl", "K"]);
    expect(drawnKeys("g m", false)).toEqual(["g", "then", "m"]);
  });
});

describe("addresses inside the console", () => {
  test("every route is found again from its fragment", () => {
    const route = fc.oneof(
      fc.constantFrom<Route>(
        { page: "canned" },
        { page: "profile" },
        { page: "inbox", channel: null },
        { page: "sites", key: null },
      ),
      fc.integer({ min: 1, max: 99 }).map((number): Route => ({ page: "inbox", channel: id(number) })),
      fc.stringMatching(/^[a-z0-9_+-]{1,20}$/).map((key): Route => ({ page: "sites", key })),
    );
    fc.assert(
      fc.property(route, (one) => {
        expect(parseRoute(hashOf(one))).toEqual(one);
      }),
    );
  });

  test("anything else is the inbox", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseRoute(`#/${text}`)).not.toThrow();
      }),
    );
    expect(parseRoute("#/c/not-an-id")).toEqual({ page: "inbox", channel: null });
  });
});

describe("people", () => {
  test("a visitor without a name is told by the end of the id", () => {
    const visitor = { id: id(4711), name: null, role: "visitor" as const };
    expect(nameOf(visitor)).toBe("Visitor 4711");
    expect(initialsOf(visitor)).toBe("11");
    expect(initialsOf(ADA)).toBe("AB");
  });

  test("a person's colour is always the same", () => {
    expect(hueOf(ADA)).toBe(hueOf({ ...ADA, name: "Another name" }));
  });
});

describe("times", () => {
  const now = new Date(2026, 2, 4, 15, 0).getTime();

  test("a row tells minutes, hours, then the date", () => {
    expect(rowTime(now - 1000, now)).toBe("now");
    expect(rowTime(now - 5 * MINUTE, now)).toBe("5 min");
    expect(rowTime(now - 180 * MINUTE, now)).toBe("3 h");
    expect(rowTime(now - 60 * 24 * 60 * MINUTE, now)).not.toMatch(/h|min/);
  });

  test("sentences say how long ago", () => {
    expect(ago(now - 5 * MINUTE, now)).toBe("5 min ago");
    expect(secondsAgo(now - 3000, now)).toBe("3 s ago");
    expect(secondsAgo(now + 500, now)).toBe("1 s ago");
  });

  test("days near have names", () => {
    expect(dayName(now, now)).toBe("Today");
    expect(dayName(now - 24 * 60 * MINUTE, now)).toBe("Yesterday");
  });

  test("the time in another zone says how far it is, an unknown zone says nothing", () => {
    expect(timeIn(Intl.DateTimeFormat().resolvedOptions().timeZone, now)).not.toMatch(/ahead|behind/);
    expect(timeIn("Pacific/Kiritimati", now)).toMatch(/ahead/);
    expect(timeIn("Nowhere/At_all", now)).toBeNull();
  });
});

describe("snoozing", () => {
  test("every choice lies ahead and none is offered twice", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(2024, 0), max: new Date(2030, 0), noInvalidDate: true }), (date) => {
        const choices = snoozeChoices(date.getTime()).map((choice) => choice.until);
        expect(Math.min(...choices)).toBeGreaterThan(date.getTime());
        expect(new Set(choices).size).toBe(choices.length);
      }),
    );
  });

  test("a field's value is read back, and the past refused", () => {
    const moment = new Date(2026, 2, 4, 15, 30).getTime();
    expect(fromLocalField(toLocalField(moment), moment - MINUTE)).toBe(moment);
    expect(fromLocalField(toLocalField(moment), moment)).toBeNull();
    expect(fromLocalField("", 0)).toBeNull();
  });
});

describe("sites", () => {
  test("origins are taken one per line, each once", () => {
    expect(originLines(" https://a.example \n\nhttps://b.example, https://a.example")).toEqual([
      "https://a.example",
      "https://b.example",
    ]);
  });

  test("an address is understood as the origin it belongs to", () => {
    expect(asOrigin("https://shop.example/contact?x=1")).toBe("https://shop.example");
    expect(asOrigin("shop.example")).toBe("https://shop.example");
    expect(asOrigin("http://127.0.0.1:8081")).toBe("http://127.0.0.1:8081");
    expect(asOrigin("https://me:secret@shop.example")).toBeNull();
    expect(asOrigin("::")).toBeNull();
  });

  test("hours must be in order and apart", () => {
    const hours = usualHours("UTC");
    expect(daysFault(hours)).toBeNull();
    expect(daysFault(withDay(hours, "2", [["17:00", "09:00"]]))?.day).toBe("2");
    expect(
      daysFault(
        withDay(hours, "3", [
          ["09:00", "12:00"],
          ["11:00", "15:00"],
        ]),
      )?.day,
    ).toBe("3");
    expect(daysFault(withDay(hours, "4", anotherSpan(hours.days["4"])))).toBeNull();
  });
});

describe("excerpts", () => {
  test("what was looked for stands near the beginning", () => {
    const long = `${"word ".repeat(50)}My Order 4711 is broken`;
    const { before, match, after } = excerpt(long, "order 4711 ");
    expect(before).toMatch(/^….{0,24}My $/);
    expect([match, after]).toEqual(["Order 4711", " is broken"]);
  });

  test("a text that says it otherwise is shown from its beginning", () => {
    expect(excerpt("Straße", "strasse")).toEqual({ before: "Straße", match: "", after: "" });
  });
});

describe("browsers", () => {
  test.each([
    [
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
      "Edge 140 on Windows",
    ],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0", "Firefox 153 on Linux"],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
      "Safari 18 on iPhone",
    ],
    ["A robot", "A robot"],
  ])("%s", (line, name) => {
    expect(browserName(line)).toBe(name);
  });
});
