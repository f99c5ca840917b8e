import { encode } from "../core/json";
import { BROKEN, type Connector, decode, retryHint } from "./transport";

/** How long a handshake may take before the line counts as broken. */
const OPENING_MS = 8000;

/** Connects to `url` (ws: or wss:) by WebSocket. */
export function webSocketConnector(url: string): Connector {
  return (hello, events) => {
    let socket: WebSocket | undefined;
    let over = false;
    const close = (): void => {
      over = true;
      clearTimeout(opening);
      socket?.close();
    };
    const end = (code: number, reason: string): void => {
      if (over) return;
      close();
      events.closed(code, retryHint(reason));
    };
    const opening = setTimeout(() => end(BROKEN, ""), OPENING_MS);
    try {
      socket = new WebSocket(url);
      socket.onopen = () => {
        if (over) return;
        clearTimeout(opening);
        socket?.send(encode(hello()));
        events.opened();
      };
      socket.onmessage = (message) => {
        if (!over) events.frames(decode(message.data));
      };
      socket.onclose = (closed) => end(closed.code, closed.reason);
    } catch {
      // A page's own policy may forbid sockets outright; the owner expects to hear of it later, not within this call.
      setTimeout(end, 0, BROKEN, "");
    }
    return {
      send(frame) {
        if (socket?.readyState === 1) socket.send(encode(frame));
      },
      close,
    };
  };
}
