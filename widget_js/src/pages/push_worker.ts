/**
 * The service worker: shows what the server sends while no page of ours is being looked at, and opens what it is about.
 * It keeps nothing and answers no request of the page.
 */

/** What the server seals (`workers/push.py`). */
interface Told {
  title: string;
  body: string;
  path: string;
  tag: string;
  lang: string;
  dir: NotificationDirection;
}

interface Window {
  focused: boolean;
  url: string;
  focus(): Promise<unknown>;
  navigate(url: string): Promise<unknown>;
}

/** As much of a worker's world as is used here: the DOM's types know another one. */
interface Worker {
  registration: ServiceWorkerRegistration;
  clients: {
    matchAll(wanted: { type: "window"; includeUncontrolled: boolean }): Promise<Window[]>;
    openWindow(url: string): Promise<unknown>;
  };
  addEventListener(
    name: "push",
    hear: (event: { data: { json(): Told } | null; waitUntil(work: Promise<unknown>): void }) => void,
  ): void;
  addEventListener(
    name: "notificationclick",
    hear: (event: { notification: Notification; waitUntil(work: Promise<unknown>): void }) => void,
  ): void;
}

const worker = globalThis as unknown as Worker;

const windows = () => worker.clients.matchAll({ type: "window", includeUncontrolled: true });

/** Whoever looks at a page of ours is told there: the mark in its bar has changed already. */
async function show({ title, body, path, tag, lang, dir }: Told): Promise<void> {
  if ((await windows()).some((window) => window.focused)) return;
  await worker.registration.showNotification(title, { body, tag, lang, dir, data: path });
}

async function go(path: string): Promise<void> {
  const url = new URL(path, worker.registration.scope).href;
  for (const window of await windows()) {
    if (window.url === url) {
      await window.focus();
      return;
    }
  }
  await worker.clients.openWindow(url);
}

worker.addEventListener("push", (event) => {
  if (event.data) event.waitUntil(show(event.data.json()));
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(go(String(event.notification.data)));
});
