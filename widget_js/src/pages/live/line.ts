import { Backoff } from "../../core/backoff";
import { type ClientFrame, RECONNECT_BELOW, type ServerFrame, STANDARD_FINAL } from "../../protocol.gen";

/** Somebody who looks again after this long may have a line that died unheard. */
const AWAY_MS = 60_000;

/** Sends a frame if the line stands; what is lost is said again by `greet`. */
export type Say = (frame: ClientFrame) => void;

/**
 * A page's line to its server. It connects again by itself, until the server says that it shall not.
 * `greet` is what is said first on every new line, `hear` is told every frame.
 */
export function openLine(
  view: Window,
  place: HTMLElement,
  greet: () => ClientFrame[],
  hear: (frame: ServerFrame) => void,
): Say {
  const backoff = new Backoff(Math.random);
  const address = new URL(place.dataset["line"] ?? "", view.location.href).href.replace("http", "ws");
  let socket: WebSocket | undefined;
  let waiting = 0;
  const say: Say = (frame) => {
    if (socket?.readyState === 1) socket.send(JSON.stringify(frame));
  };
  const connect = (): void => {
    clearTimeout(waiting);
    socket?.close();
    const line = new WebSocket(address);
    socket = line;
    line.onopen = () => greet().forEach(say);
    line.onmessage = ({ data }) => {
      backoff.reset();
      if (socket === line) [JSON.parse(data)].flat().forEach(hear);
    };
    line.onclose = ({ code }) => {
      // The others of the standard's own are for what a guest's page never says.
      if (socket === line && code < RECONNECT_BELOW && !(MEMBERS && STANDARD_FINAL.includes(code)))
        waiting = view.setTimeout(connect, backoff.next());
    };
  };
  view.addEventListener("online", connect);
  if (MEMBERS) {
    let leftAt = 0;
    view.document.addEventListener("visibilitychange", () => {
      if (view.document.hidden) leftAt = Date.now();
      else if (Date.now() - leftAt > AWAY_MS) connect();
    });
  }
  connect();
  return say;
}
