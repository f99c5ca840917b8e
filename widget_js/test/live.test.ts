// @vitest-environment happy-dom
import { beforeEach, describe, expect, test, vi } from "vitest";
import { keepDrafts } from "../src/pages/live/drafts";
import { merge } from "../src/pages/live/merge";
import { hearNotices } from "../src/pages/live/notices";
import { says } from "../src/pages/live/says";
import { typistsIn } from "../src/pages/live/typists";

const post = (seq: number, text: string, replies = ""): string =>
  `<article id="post-${seq}" class="post"><div class="text">${text}</div>${
    replies && `<details class="replies" open><summary>Replies</summary>${replies}</details>`
  }</article>`;
const answers = (...posts: string[]): string => `<section class="answers">${posts.join("")}</section>`;
const sent = (html: string): Document => new DOMParser().parseFromString(html, "text/html");
const order = (): string[] => [...document.querySelectorAll("article")].map((each) => each.id);

beforeEach(() => {
  document.body.replaceChildren();
});

describe("what the server sends is put into the page", () => {
  test("a changed post keeps its replies, its open answer and what is typed into it", () => {
    document.body.innerHTML = answers(
      post(2, "old", post(3, "under")).replace("<details", '<form class="reply"><textarea></textarea></form><details'),
    );
    const field = document.querySelector("textarea") as HTMLTextAreaElement;
    field.value = "half a";
    merge(sent(answers(post(2, "new"))), false);
    expect(document.querySelector("#post-2 > .text")?.textContent).toBe("new");
    expect(document.querySelector("#post-2 textarea")).toBe(field);
    expect(field.value).toBe("half a");
    expect(document.querySelector("#post-2 #post-3")).not.toBeNull();
  });

  test("new posts stand where the server has them, and only where they are wanted", () => {
    document.body.innerHTML = answers(post(2, "a", post(4, "c")), post(5, "d"));
    const fresh = answers(
      post(2, "a", post(3, "b") + post(4, "c", post(7, "f"))),
      post(5, "d", post(6, "e")),
      post(8, "g"),
    );
    merge(sent(fresh), false);
    expect(order()).toEqual(["post-2", "post-4", "post-5"]);
    expect(merge(sent(fresh), true)?.id).toBe("post-3");
    expect(order()).toEqual([2, 3, 4, 7, 5, 6, 8].map((seq) => `post-${seq}`));
    expect(document.querySelector("#post-4 > details.replies > #post-7")).not.toBeNull();
    expect(document.querySelectorAll("#post-5 > details.replies > summary")).toHaveLength(1);
  });

  test("a part in which somebody has chosen something is left alone", () => {
    const poll = (count: number): string => `<div data-part="poll"><input type="checkbox"><b>${count}</b></div>`;
    document.body.innerHTML = poll(1);
    merge(sent(poll(2)), false);
    expect(document.querySelector("b")?.textContent).toBe("2");
    (document.querySelector("input") as HTMLInputElement).checked = true;
    merge(sent(poll(3)), false);
    expect(document.querySelector("b")?.textContent).toBe("2");
  });
});

test("a number is told by the server's texts, and the last one is for all that are more", () => {
  const place = document.createElement("p");
  place.dataset["says"] = "one|two|many";
  const told = [0, 1, 2, 3, 99].map((count) => {
    says(place, count);
    return place.hidden ? "" : place.textContent;
  });
  expect(told).toEqual(["", "one", "two", "many", "many"]);
});

test("somebody who types is forgotten when nothing more is heard of them", () => {
  vi.useFakeTimers();
  const place = document.createElement("p");
  place.dataset["says"] = "%s types|several type";
  const tell = typistsIn(place, window);
  tell("Ada", true);
  expect(place.textContent).toBe("Ada types");
  tell("Grace", true);
  expect(place.textContent).toBe("several type");
  tell("Ada", false);
  expect(place.textContent).toBe("Grace types");
  vi.advanceTimersByTime(6000);
  expect(place.textContent).toBe("");
  vi.useRealTimers();
});

test("the menu counts unseen notices, and none where there are none", () => {
  document.body.innerHTML = '<a data-notices>Notices <span class="badge">7</span></a>';
  hearNotices(document, { t: "notices", unseen: 2 });
  expect(document.body.textContent).toContain("2");
  hearNotices(document, { t: "notices", unseen: 100 });
  expect(document.querySelector("[data-notices] .badge")?.textContent).toBe("99+");
  hearNotices(document, { t: "notices", unseen: 0 });
  expect(document.querySelector(".badge")).toBeNull();
});

test("a draft is kept after a pause, said to be kept, and not kept any more once it was sent", async () => {
  vi.useFakeTimers();
  document.body.innerHTML =
    '<form data-draft="/drafts/reply:1"><textarea name="body"></textarea><i data-draft-state data-says="kept|lost"></i></form>';
  const [form, field, state] = ["form", "textarea", "i"].map((name) => document.querySelector(name)) as [
    HTMLFormElement,
    HTMLTextAreaElement,
    HTMLElement,
  ];
  const bodies: string[] = [];
  let works = false;
  const drafts = keepDrafts(document, window, ((_: string, init: RequestInit) => {
    bodies.push(`${init.body}`);
    return works ? Promise.resolve(new Response(null, { status: 204 })) : Promise.reject(new TypeError());
  }) as typeof fetch);
  const type = async (text: string): Promise<void> => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await vi.advanceTimersByTimeAsync(2000);
  };
  await type("a");
  expect(state.textContent).toBe("lost");
  works = true;
  await type("ab");
  expect(state.textContent).toBe("kept");
  drafts.sent(form);
  window.dispatchEvent(new Event("pagehide"));
  await vi.advanceTimersByTimeAsync(5000);
  expect(bodies).toEqual(["body=a", "body=ab"]);
  vi.useRealTimers();
});
