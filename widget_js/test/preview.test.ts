// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { showPreviews } from "../src/pages/preview";

let posted: [string, string][];
let answer: () => Promise<Response>;
const send = ((address: string, init: RequestInit) => {
  posted.push([address, `${init.body}`]);
  return answer();
}) as typeof fetch;

function type(text: string): HTMLElement {
  const field = document.querySelector("textarea") as HTMLTextAreaElement;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  return document.querySelector(".preview") as HTMLElement;
}

// It follows the whole page, and so once.
showPreviews(document, send);

beforeEach(() => {
  vi.useFakeTimers();
  posted = [];
  answer = async () => new Response("<p><em>a</em></p>");
  document.body.innerHTML =
    '<form><input name="csrf" value="t"><div data-preview="/preview"><textarea></textarea>' +
    '<section class="preview" hidden><div class="text"></div></section></div></form>';
});
afterEach(() => vi.useRealTimers());

test("a pause in writing shows what the server makes of the text, asked for once", async () => {
  type("*");
  await vi.advanceTimersByTimeAsync(200);
  const shown = type("*a*");
  await vi.advanceTimersByTimeAsync(300);
  expect(posted).toEqual([["/preview", "csrf=t&body=*a*"]]);
  expect(shown.hidden).toBe(false);
  expect(shown.querySelector(".text")?.innerHTML).toBe("<p><em>a</em></p>");
});

test("an empty text has no preview, and a refusal leaves the one that is there", async () => {
  const shown = type("*a*");
  await vi.advanceTimersByTimeAsync(300);
  answer = async () => new Response("too often", { status: 429 });
  type("*ab*");
  await vi.advanceTimersByTimeAsync(300);
  expect(shown.textContent).toBe("a");
  type(" ");
  await vi.advanceTimersByTimeAsync(300);
  expect(shown.hidden).toBe(true);
  expect(posted).toHaveLength(2);
});
