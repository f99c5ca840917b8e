/** The panel in a page: the loader fetches this module when the visitor shows intent. */

import { brandTokens } from "../core/contrast";
import type { TextTable } from "../core/texts";
import { ChatPanel } from "./chat_panel";
import type { Mount } from "./host";
import { pageContext, showFace, watchPage } from "./page";
import sheetText from "./panel.css?inline";
import { adopt, followKeyboard, keepKeysInside } from "./surface";

const mount: Mount = async (host) => {
  const { config, options, root, box, emit } = host;
  const { language } = options;
  if (options.framed) return (await import("./frame_host")).mountFrame(host);
  const locale = config.locales[language];
  const translations = locale ? ((await import(config.base + locale)) as { default: TextTable }).default : {};
  adopt(root, sheetText);
  for (const [name, value] of Object.entries(brandTokens(config.color))) box.style.setProperty(name, value);
  const faced = showFace(host);
  const panel = new ChatPanel({
    config,
    language,
    translations,
    root,
    container: box,
    emit,
    context: pageContext,
    faced,
  });
  const stop = new AbortController();
  keepKeysInside(box, stop.signal);
  followKeyboard(box, stop.signal);
  watchPage(() => panel.moved(), stop.signal);
  stop.signal.addEventListener("abort", () => faced({ open: false, unread: 0, label: "", begun: false }));
  return {
    show: (open) => panel.show(open),
    isOpen: () => panel.isOpen(),
    identify: (contact) => panel.identify(contact),
    reset: () => panel.reset(),
    destroy() {
      panel.destroy();
      stop.abort();
    },
  };
};

export default mount;
