/** Starts the console in the page that the server made. */

import { render } from "preact";
import { ChatClient } from "../client/client";
import { browserStorage, type Storage } from "../client/storage";
import { browserWorld } from "../core/world";
import { TransportChooser } from "../transport/chooser";
import { fallbackConnector } from "../transport/fallback";
import { webSocketConnector } from "../transport/websocket";
import { Api, type ApiError } from "./api";
import { listenForKeys } from "./keyboard";
import { Drafts } from "./model/drafts";
import { Desk } from "./state/desk";
import { Preferences } from "./state/preferences";
import { Frame } from "./view/frame";
import { StartError } from "./view/start_error";

function signIn(base: string): void {
  const back = `${location.pathname}${location.hash}`;
  location.assign(`${base}/sign-in?next=${encodeURIComponent(back)}`);
}

/** One client for the page. Its `hello` is asked for only when it connects, when the desk exists. */
function makeClient(base: string, desk: () => Desk, storage: Storage): ChatClient {
  const socket = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${base}/ws/console`;
  const chooser = new TransportChooser(
    webSocketConnector(socket),
    fallbackConnector({ stream: `${base}/stream/console`, frames: `${base}/frames/console` }),
  );
  addEventListener("online", () => chooser.forget());
  return new ChatClient({
    connector: chooser.connect,
    world: browserWorld,
    storage,
    hello: () => desk().list.position(),
  });
}

async function start(root: HTMLElement): Promise<void> {
  // The path under which the server lies; empty where the host is its own.
  const base = root.dataset["base"] ?? "";
  const api = new Api(fetch.bind(window), base);
  try {
    const me = await api.me();
    // What one agent has not sent must never leave under the name of the next who signs in here.
    const own = browserStorage(() => localStorage, `console${base}:${me.id}:`);
    const client = makeClient(base, () => desk, own);
    const desk: Desk = new Desk({
      api,
      client,
      world: browserWorld,
      me,
      drafts: new Drafts(own),
      preferences: new Preferences(browserStorage(() => localStorage, `console${base}:`)),
      signIn: () => signIn(base),
    });
    desk.start();
    listenForKeys(desk);
    root.replaceChildren();
    render(<Frame desk={desk} />, root);
  } catch (refused) {
    const error = refused as ApiError;
    if (error.signedOut) return signIn(base);
    render(<StartError message={error.message} retry={() => void start(root)} />, root);
  }
}

const root = document.getElementById("app");
if (root) void start(root);
