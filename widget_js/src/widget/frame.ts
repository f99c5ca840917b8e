/** The panel inside a frame on the server's origin, which the page's own scripts cannot look into. */

import { brandTokens } from "../core/contrast";
import type { TextTable } from "../core/texts";
import type { Context } from "../protocol.gen";
import { ChatPanel } from "./chat_panel";
import { element } from "./elements";
import sheetText from "./frame.css?inline";
import type { Config, Contact, Face } from "./host";
import { adopt } from "./surface";

/** What the page tells the frame through the port that it hands over. */
export type ToFrame =
  | { readonly kind: "show"; readonly open: boolean }
  | { readonly kind: "identify"; readonly contact: Contact }
  | { readonly kind: "context"; readonly context: Context }
  | { readonly kind: "reset" }
  | { readonly kind: "destroy" };

/** What the frame tells the page. */
export type FromFrame =
  | { readonly kind: "ready" }
  | { readonly kind: "face"; readonly face: Face }
  | { readonly kind: "event"; readonly name: string; readonly detail: unknown };

interface Start {
  readonly language: string;
  readonly context: Context;
}

async function begin({ language, context: first }: Start, port: MessagePort): Promise<void> {
  const config = JSON.parse(document.getElementById("support-chat-config")?.textContent ?? "") as Config;
  const locale = config.locales[language];
  const translations = locale ? ((await import(config.base + locale)) as { default: TextTable }).default : {};
  const place = element("div");
  const root = place.attachShadow({ mode: "open" });
  const container = element("div", "framed");
  let context = first;
  adopt(root, sheetText);
  root.append(container);
  document.body.append(place);
  for (const [name, value] of Object.entries(brandTokens(config.color))) container.style.setProperty(name, value);
  const say = (message: FromFrame): void => port.postMessage(message);
  const panel = new ChatPanel({
    config,
    language,
    translations,
    root,
    container,
    emit: (name, detail) => say({ kind: "event", name, detail }),
    context: () => context,
    faced: (face) => say({ kind: "face", face }),
  });
  port.onmessage = ({ data }: MessageEvent<ToFrame>) => {
    if (data.kind === "show") panel.show(data.open);
    else if (data.kind === "identify") panel.identify(data.contact);
    else if (data.kind === "reset") panel.reset();
    else if (data.kind === "destroy") panel.destroy();
    else {
      context = data.context;
      panel.moved();
    }
  };
  say({ kind: "ready" });
}

// Who may frame this page is the server's policy to say; the first port comes from whoever does.
addEventListener("message", (event) => {
  const [port] = event.ports;
  if (event.source === parent && port) void begin(event.data as Start, port);
});
