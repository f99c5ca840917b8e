/** The page's side of a framed panel: `data-isolation="iframe"`. The panel itself runs on the server's origin. */

import { Cover } from "./cover";
import { element } from "./elements";
import type { FromFrame, ToFrame } from "./frame";
import frameSheet from "./frame_host.css?inline";
import { type ChatEvents, type Config, type Contact, type Host, type Panel, STARTED, storagePrefix } from "./host";
import { pageContext, showFace, watchPage } from "./page";
import { adopt } from "./surface";

/** A frame that has not answered by then was blocked; browsers do not say so. */
const ANSWER_MS = 15_000;

/** Puts the framed panel into the page; rejects when the frame does not answer. */
export async function mountFrame(host: Host): Promise<Panel> {
  const { config, options, root, box, emit } = host;
  adopt(root, frameSheet);
  const frame = element("iframe", "frame");
  frame.src = `${config.base}/widget/frame/${config.key}`;
  frame.title = config.name;
  frame.hidden = true;
  box.append(frame);
  let port: MessagePort;
  try {
    port = await connect(frame, config.base, { language: options.language, context: pageContext() });
  } catch (error) {
    frame.remove();
    throw error;
  }

  const stop = new AbortController();
  const faced = showFace(host);
  const cover = new Cover(root.host, stop.signal);
  let open = false;
  /** Asked to open, and the frame has not done it yet: what it says until then was said before. */
  let opening = false;
  const say = (message: ToFrame): void => port.postMessage(message);
  port.onmessage = ({ data }: MessageEvent<FromFrame>) => {
    if (data.kind === "event") emit(data.name as keyof ChatEvents, data.detail as never);
    if (data.kind !== "face") return;
    open = data.face.open;
    opening &&= !open;
    // Hidden, it would lose the focus.
    frame.hidden = !open && !opening;
    cover.show(open);
    faced(data.face);
    if (data.face.begun) rememberConversation(config);
  };
  watchPage(() => say({ kind: "context", context: pageContext() }), stop.signal);
  return {
    isOpen: () => open,
    show(wanted) {
      // What is not drawn cannot take the focus, so it is drawn first.
      opening = wanted && !open;
      if (wanted) {
        frame.hidden = false;
        frame.focus();
      }
      say({ kind: "show", open: wanted });
    },
    identify: (contact: Contact) => say({ kind: "identify", contact }),
    reset: () => say({ kind: "reset" }),
    destroy() {
      stop.abort();
      say({ kind: "destroy" });
      faced({ open: false, unread: 0, label: "", begun: false });
      frame.remove();
    },
  };
}

/** The loader must know on the next page that a conversation exists; the frame's own storage is closed to it. */
function rememberConversation(config: Config): void {
  try {
    localStorage.setItem(storagePrefix(config) + STARTED, "framed");
  } catch {
    // Then the visitor opens the panel by hand.
  }
}

function connect(frame: HTMLIFrameElement, address: string, start: unknown): Promise<MessagePort> {
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    const late = setTimeout(() => reject(new Error("The chat's frame was blocked.")), ANSWER_MS);
    port1.onmessage = () => {
      clearTimeout(late);
      resolve(port1);
    };
    frame.onload = () => frame.contentWindow?.postMessage(start, address, [port2]);
  });
}
