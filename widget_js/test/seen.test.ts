// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";
import { tellSeen } from "../src/pages/seen";

let posted: [string, string][];
const send = ((address: string, init: RequestInit) => {
  posted.push([address, `${init.body}`]);
  return Promise.resolve(new Response());
}) as typeof fetch;

function page(visible: boolean): HTMLFormElement {
  document.body.innerHTML =
    '<form data-seen action="/account/conversations/c/seen"><input name="csrf" value="t"><input name="upto" value="7"></form>';
  Object.defineProperty(document, "visibilityState", { value: visible ? "visible" : "hidden", configurable: true });
  document.hasFocus = () => visible;
  return document.querySelector("form") as HTMLFormElement;
}

beforeEach(() => {
  posted = [];
});

test("a page that is looked at tells what was seen, once, and its button goes", () => {
  const form = page(true);
  tellSeen(document, send);
  window.dispatchEvent(new Event("focus"));
  expect(posted).toEqual([[form.action, "csrf=t&upto=7"]]);
  expect(form.hidden).toBe(true);
});

test("a page in the background tells it when somebody comes to look", () => {
  page(false);
  tellSeen(document, send);
  expect(posted).toEqual([]);
  Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
  document.hasFocus = () => true;
  window.dispatchEvent(new Event("focus"));
  expect(posted).toHaveLength(1);
});

test("where nothing is unread nothing is told", () => {
  document.body.innerHTML = "";
  tellSeen(document, send);
  expect(posted).toEqual([]);
});
