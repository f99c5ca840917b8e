// @vitest-environment happy-dom
import { expect, test } from "vitest";
import type { FromFrame } from "../../src/widget/frame";
import { mountFrame } from "../../src/widget/frame_host";
import type { Host, Panel } from "../../src/widget/host";

const CLOSED = { open: false, unread: 0, label: "", begun: false };

/** A mounted panel, its frame's element, and what the document in the frame says; nothing is loaded outside a page. */
async function mounted(): Promise<{ panel: Panel; frame: HTMLIFrameElement; say: (said: FromFrame) => Promise<void> }> {
  const box = document.createElement("div");
  const root = document.createElement("div").attachShadow({ mode: "open" });
  const launcher = document.createElement("button");
  const config = { key: "plum", base: "http://chat.test", name: "Plum" };
  let heard = (): void => {};
  const host = { config, options: { language: "en", framed: true }, root, box, launcher, emit: () => heard() };
  const mounting = mountFrame(host as unknown as Host);
  const frame = box.querySelector("iframe") as HTMLIFrameElement;
  let inner: MessagePort | undefined;
  const contentWindow = {
    postMessage(_start: unknown, _address: string, [port]: MessagePort[]) {
      inner = port;
    },
  };
  Object.defineProperty(frame, "contentWindow", { value: contentWindow });
  frame.onload?.(new Event("load"));
  inner?.postMessage({ kind: "ready" });
  const panel = await mounting;
  const say = async (said: FromFrame): Promise<void> => {
    inner?.postMessage(said);
    // What comes behind it says that it was heard.
    inner?.postMessage({ kind: "event", name: "open", detail: undefined });
    await new Promise<void>((resolve) => {
      heard = resolve;
    });
  };
  return { panel, frame, say };
}

test("what the frame said before it was asked to open does not hide it, which would take its focus", async () => {
  const { panel, frame, say } = await mounted();
  panel.show(true);
  await say({ kind: "face", face: CLOSED });
  expect(frame.hidden).toBe(false);
  await say({ kind: "face", face: { ...CLOSED, open: true } });
  expect(frame.hidden).toBe(false);
  await say({ kind: "face", face: CLOSED });
  expect(frame.hidden).toBe(true);
});

test("who closes before the frame has opened is not shown it", async () => {
  const { panel, frame, say } = await mounted();
  panel.show(true);
  panel.show(false);
  await say({ kind: "face", face: CLOSED });
  expect(frame.hidden).toBe(true);
});
