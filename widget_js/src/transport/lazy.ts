import { BROKEN, type Connector, type Transport } from "./transport";

/** A connector whose code is fetched when it is first needed. */
export function lazyConnector(load: () => Promise<Connector>): Connector {
  return (hello, events) => {
    let inner: Transport | undefined;
    let over = false;
    load().then(
      (connect) => {
        if (!over) inner = connect(hello, events);
      },
      () => {
        if (!over) events.closed(BROKEN, 0);
      },
    );
    return {
      send: (frame) => inner?.send(frame),
      reopen: () => inner?.reopen?.(),
      close() {
        over = true;
        inner?.close();
      },
    };
  };
}
