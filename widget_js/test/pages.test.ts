// @vitest-environment happy-dom
import { beforeEach, describe, expect, test } from "vitest";
import { fillFromFragment, followFragments } from "../src/pages/fragment";
import { told, writeMoments } from "../src/pages/moments";
import { letNoticesGo } from "../src/pages/notices";
import { showCurrentTab } from "../src/pages/tabs";

const NOW = Date.UTC(2026, 10, 26, 12, 0, 0);

beforeEach(() => {
  document.documentElement.lang = "en";
  document.body.replaceChildren();
});

describe("moments", () => {
  test.each([
    [10_000, "now"],
    [5 * 60_000, "5 min. ago"],
    [3 * 3_600_000, "3 hr. ago"],
  ])("%d ms ago is told as how long ago it was", (ago, text) => {
    expect(told(NOW - ago, NOW, "en")).toBe(text);
  });

  test.each([
    [30_000, "in 30 sec."],
    [90_000, "in 2 min."],
    [3 * 3_600_000 - 1, "in 3 hr."],
  ])("%d ms ahead is never told as sooner", (ahead, text) => {
    expect(told(NOW + ahead, NOW, "en")).toBe(text);
  });

  test("beyond a day, before or after, it is a date", () => {
    expect(told(NOW - 86_400_000, NOW, "en")).toMatch(/^Nov 2[45], 2026$/);
    expect(told(NOW + 86_400_000, NOW, "en")).toMatch(/^Nov 2[78], 2026$/);
  });

  test("the exact moment stays on the page, and what is no moment is left alone", () => {
    const [good, bad] = ["2026-11-26T11:55:00.000Z", "nonsense"].map((when) => {
      const moment = document.createElement("time");
      moment.dateTime = when;
      moment.dataset["moment"] = "";
      moment.textContent = "as written";
      document.body.append(moment);
      return moment;
    });
    writeMoments(document, NOW);
    expect(good?.textContent).toBe("5 min. ago");
    expect(good?.title).toContain("2026");
    expect(good?.dateTime).toBe("2026-11-26T11:55:00.000Z");
    expect(bad?.textContent).toBe("as written");
  });
});

test("a code in the fragment goes into its field and out of the address", () => {
  const field = document.createElement("input");
  field.dataset["fromFragment"] = "";
  document.body.append(field);
  const left: string[] = [];
  const past = { replaceState: (_: unknown, __: string, address: string) => left.push(address) } as unknown as History;
  const code = "cnazuicb2feqlbqo4tbsi4wr7gl3nw3t";
  fillFromFragment(document, { hash: `#${code}`, pathname: "/confirm", search: "?next=/" } as Location, past);
  expect(field.value).toBe(code);
  expect(left).toEqual(["/confirm?next=/"]);
});

test("a link to the page that is open already fills the field as well", () => {
  const field = document.createElement("input");
  field.dataset["fromFragment"] = "";
  document.body.append(field);
  followFragments(document, window);
  expect(field.value).toBe("");
  window.location.hash = "#cnazuicb2feqlbqo4tbsi4wr7gl3nw3t";
  window.dispatchEvent(new Event("hashchange"));
  expect(field.value).toBe("cnazuicb2feqlbqo4tbsi4wr7gl3nw3t");
});

test("without a code the field stays as it is", () => {
  const field = document.createElement("input");
  field.dataset["fromFragment"] = "";
  field.value = "typed";
  document.body.append(field);
  for (const hash of ["", "#", "#main", "#%zz%zz%zz%zz%zz%zz%zz"]) {
    fillFromFragment(document, { hash, pathname: "/confirm", search: "" } as Location, history);
  }
  expect(field.value).toBe("typed");
});

test("a notice can be dismissed", () => {
  const notice = document.createElement("p");
  notice.className = "notice";
  const button = document.createElement("button");
  button.dataset["dismiss"] = "";
  button.hidden = true;
  notice.append(button);
  document.body.append(notice);
  letNoticesGo(document);
  expect(button.hidden).toBe(false);
  button.click();
  expect(document.querySelector(".notice")).toBeNull();
});

test("the current tab is brought into sight", () => {
  const row = document.createElement("nav");
  row.className = "tabs";
  const current = document.createElement("a");
  current.setAttribute("aria-current", "page");
  row.append(current);
  document.body.append(row);
  for (const [element, left, width] of [
    [row, 10, 300],
    [current, 510, 80],
  ] as const) {
    Object.defineProperty(element, "offsetLeft", { value: left });
    Object.defineProperty(element, "offsetWidth", { value: width });
    Object.defineProperty(element, "clientWidth", { value: width });
  }
  showCurrentTab(document);
  expect(row.scrollLeft).toBe(390);
});
