/**
 * The script that a page includes. It shows the launcher and nothing else: no storage is written, no socket opened, no
 * other request made until the visitor shows intent or a conversation exists from before.
 */

import { MessageCircle } from "lucide";
import { inkOn } from "./core/contrast";
import { bestLanguage } from "./core/texts";
import type { ChatEvents, Config, Contact, Host, Mount, Panel } from "./widget/host";
import { STARTED, storagePrefix } from "./widget/host";
import { icon } from "./widget/icon";
import sheetText from "./widget/loader.css?inline";

/** "Open chat" by language, put in by the build. */
declare const LAUNCHER_TEXTS: Readonly<Record<string, string>>;

type Listener = (detail: unknown) => void;
type Api = ((verb: string, ...values: never[]) => void) & Record<string, unknown>;

const NAME = "SupportChat";
const TAG = "support-chat";

// The server replaces this text by the site's appearance.
const config = "__SUPPORT_CHAT_CONFIG__" as unknown as Config;
const scope = window as unknown as Record<string, unknown>;

function start(): void {
  const before = scope[NAME] as { live?: boolean; q?: ArrayLike<ArrayLike<unknown>> } | undefined;
  // The tag stands twice, or a framework has put it in anew: the first one goes on.
  if (before?.live) return;

  const tag =
    document.currentScript ?? document.querySelector(`script[src*="/widget/${config.key}.js"]`) ?? document.body;
  const data = { ...(tag as HTMLElement).dataset };
  const listeners = new Map<Listener, EventListener>();
  let contact: Contact = {};
  let panel: Panel | undefined;
  let loading: Promise<void> | undefined;
  let attempts = 0;
  let gone = false;

  const emit = <Name extends keyof ChatEvents>(name: Name, detail: ChatEvents[Name]): void => {
    document.dispatchEvent(new CustomEvent(`${TAG}:${name}`, { detail }));
  };

  const language = bestLanguage(data["language"] || document.documentElement.lang || navigator.language, [
    "en",
    ...Object.keys(config.locales),
  ]);

  // --- the element -----------------------------------------------------------------------------------------------

  const element = document.createElement(TAG) as HTMLElement & { placed?: () => void; removed?: () => void };
  const root = element.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(sheetText);
  root.adoptedStyleSheets = [sheet];
  const box = document.createElement("div");
  const launcher = document.createElement("button");
  const [x, y] = (data["offset"] ?? "20").split(",");
  box.className = `box ${data["position"] || config.position}`;
  box.popover = "manual";
  box.hidden = data["consent"] === "wait";
  const properties = { brand: config.color, "brand-ink": inkOn(config.color), x: `${x}px`, y: `${y ?? x}px` };
  for (const [name, value] of Object.entries(properties)) box.style.setProperty(`--${name}`, value);
  launcher.className = "launcher";
  launcher.lang = language;
  launcher.ariaLabel = LAUNCHER_TEXTS[language] ?? "Open chat";
  launcher.ariaHasPopup = "dialog";
  launcher.ariaExpanded = "false";
  launcher.append(icon(MessageCircle));
  box.append(launcher);
  root.append(box);

  const place = (): void => {
    if (gone || element.isConnected) return;
    document.body.append(element);
  };
  element.placed = () => {
    if (!box.hidden) box.showPopover?.();
  };
  // Frameworks replace bodies: what was taken out comes back once they are done.
  element.removed = () => setTimeout(place);
  if (!customElements.get(TAG)) {
    customElements.define(
      TAG,
      class extends HTMLElement {
        declare placed?: () => void;
        declare removed?: () => void;
        connectedCallback(): void {
          this.placed?.();
        }
        disconnectedCallback(): void {
          this.removed?.();
        }
      },
    );
  }

  const show = (visible: boolean): void => {
    box.hidden = !visible;
    if (visible && element.isConnected) box.showPopover?.();
  };

  // --- the panel -------------------------------------------------------------------------------------------------

  const load = (): Promise<void> => {
    loading ??= fetchPanel().catch((error: unknown) => {
      // The browser remembers a module that failed under its address.
      attempts++;
      loading = undefined;
      emit("error", { message: String(error) });
    });
    return loading;
  };

  const fetchPanel = async (): Promise<void> => {
    const { default: mount } = (await import(`${config.base}${config.panel}?${attempts}`)) as { default: Mount };
    const options = { language, framed: data["isolation"] === "iframe" };
    panel = await mount({ config, options, root, box, launcher, emit } satisfies Host);
    panel.identify(contact);
    emit("ready", undefined);
    if (gone) panel.destroy();
  };

  const setOpen = async (open: boolean): Promise<void> => {
    if (open) {
      show(true);
      await load();
    }
    panel?.show(open);
  };

  const hasConversation = (): boolean => {
    try {
      return localStorage.getItem(storagePrefix(config) + STARTED) !== null;
    } catch {
      return false;
    }
  };

  launcher.onclick = () => void setOpen(!panel?.isOpen());
  launcher.onpointerenter = launcher.onfocus = () => {
    const connection = (navigator as { connection?: { saveData?: boolean } }).connection;
    if (!connection?.saveData) void load();
  };

  // --- the page's side -------------------------------------------------------------------------------------------

  const verbs: Record<string, (...values: never[]) => void> = {
    open: () => void setOpen(true),
    close: () => void setOpen(false),
    show() {
      show(true);
      if (hasConversation()) void load();
    },
    hide() {
      panel?.show(false);
      show(false);
    },
    identify(facts: Contact) {
      contact = { ...contact, ...facts };
      panel?.identify(contact);
    },
    setAttributes(attributes: NonNullable<Contact["attributes"]>) {
      verbs["identify"]?.({ attributes: { ...contact.attributes, ...attributes } } as never);
    },
    reset() {
      contact = {};
      if (panel || hasConversation()) void load().then(() => panel?.reset());
    },
    destroy() {
      gone = true;
      panel?.destroy();
      element.remove();
      delete scope[NAME];
    },
    on(name: string, listener: Listener) {
      const heard: EventListener = (event) => listener((event as CustomEvent).detail);
      listeners.set(listener, heard);
      document.addEventListener(`${TAG}:${name}`, heard);
    },
    off(name: string, listener: Listener) {
      document.removeEventListener(`${TAG}:${name}`, listeners.get(listener) as EventListener);
    },
  };

  const api = ((verb: string, ...values: never[]): void => {
    try {
      verbs[verb]?.(...values);
    } catch (error) {
      emit("error", { message: String(error) });
    }
  }) as Api;
  api["live"] = true;
  for (const verb of Object.keys(verbs)) api[verb] = (...values: never[]) => api(verb, ...values);
  scope[NAME] = api;

  if (document.body) place();
  else document.addEventListener("DOMContentLoaded", place);
  const queue = before?.q ?? [];
  for (let index = 0; index < queue.length; index++) api(...([...(queue[index] as unknown[])] as [string]));
  if (!box.hidden && hasConversation()) void load();
}

try {
  start();
} catch {
  // A page must not notice that its chat could not start.
}
