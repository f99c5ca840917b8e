/**
 * The settings of notifications: asks the browser for a line to its push service, and sends it like any other form.
 * Where the browser has none, or its owner said no, the page says so.
 */

const decoded = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

const part = (form: HTMLFormElement, name: string) => form.querySelector<HTMLElement>(`[data-push-${name}]`);

function fill(form: HTMLFormElement, line: PushSubscription): void {
  const { endpoint, keys } = line.toJSON();
  for (const [name, value] of Object.entries({ endpoint, p256dh: keys?.["p256dh"], auth: keys?.["auth"] })) {
    const field = form.querySelector<HTMLInputElement>(`input[name=${name}]`);
    if (!field || !value) throw new TypeError("no line");
    field.value = value;
  }
}

/** A line that was opened for another key is of no use: the server's has changed since. */
async function lineOf(registration: ServiceWorkerRegistration, key: string): Promise<PushSubscription> {
  const wanted = { userVisibleOnly: true, applicationServerKey: decoded(key) };
  try {
    return await registration.pushManager.subscribe(wanted);
  } catch (error) {
    const before = await registration.pushManager.getSubscription();
    if (!before) throw error;
    await before.unsubscribe();
    return registration.pushManager.subscribe(wanted);
  }
}

async function open(form: HTMLFormElement): Promise<void> {
  const { worker = "", key = "", scope = "/" } = form.dataset;
  const button = form.querySelector("button");
  const says = (name: string) => {
    for (const each of ["denied", "failed"]) part(form, each)?.toggleAttribute("hidden", each !== name);
  };
  says("");
  button?.toggleAttribute("disabled", true);
  try {
    if ((await Notification.requestPermission()) !== "granted") {
      says("denied");
      return;
    }
    await navigator.serviceWorker.register(worker, { scope });
    fill(form, await lineOf(await navigator.serviceWorker.ready, key));
    form.submit();
  } catch {
    says("failed");
  } finally {
    button?.toggleAttribute("disabled", false);
  }
}

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-push]")) {
  const can = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  form.hidden = !can;
  document.querySelector("[data-push-missing]")?.toggleAttribute("hidden", can);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void open(form);
  });
}
