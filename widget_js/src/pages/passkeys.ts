/**
 * Passkeys: a form asks the server what the browser shall make or sign, has the browser do it, and sends the answer like
 * any other form. Without passkeys in the browser it stays hidden.
 */

const decoded = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

const encoded = (bytes: ArrayBuffer | null): string | undefined =>
  bytes
    ? btoa(String.fromCharCode(...new Uint8Array(bytes)))
        .replaceAll("+", "-")
        .replaceAll("/", "_")
        .replaceAll("=", "")
    : undefined;

interface Described {
  id: string;
  type: "public-key";
  transports?: AuthenticatorTransport[];
}

/** What the server sends: as the browser takes it, with bytes in base64url. */
type Options = Omit<PublicKeyCredentialCreationOptions & PublicKeyCredentialRequestOptions, "challenge" | "user"> & {
  challenge: string;
  user?: { id: string; name: string; displayName: string };
  excludeCredentials?: Described[];
  allowCredentials?: Described[];
};

const known = (described: Described[] = []) => described.map((each) => ({ ...each, id: decoded(each.id) }));

async function asked(kind: string, options: Options): Promise<PublicKeyCredential> {
  const challenge = decoded(options.challenge);
  const made =
    kind === "create" && options.user
      ? await navigator.credentials.create({
          publicKey: {
            ...options,
            challenge,
            user: { ...options.user, id: decoded(options.user.id) },
            excludeCredentials: known(options.excludeCredentials),
          },
        })
      : await navigator.credentials.get({
          publicKey: { ...options, challenge, allowCredentials: known(options.allowCredentials) },
        });
  if (!(made instanceof PublicKeyCredential)) throw new TypeError("no passkey");
  return made;
}

/** The browser's answer as the server reads it (WebAuthn §5.1, `toJSON`, which not every browser has). */
function written({ id, rawId, type, response }: PublicKeyCredential): string {
  const common = { clientDataJSON: encoded(response.clientDataJSON) };
  const told =
    response instanceof AuthenticatorAttestationResponse
      ? {
          ...common,
          attestationObject: encoded(response.attestationObject),
          transports: response.getTransports(),
        }
      : response instanceof AuthenticatorAssertionResponse
        ? {
            ...common,
            authenticatorData: encoded(response.authenticatorData),
            signature: encoded(response.signature),
            userHandle: encoded(response.userHandle),
          }
        : common;
  return JSON.stringify({ id, rawId: encoded(rawId), type, response: told });
}

async function send(form: HTMLFormElement): Promise<void> {
  const problem = form.querySelector<HTMLElement>("[data-passkey-problem]");
  const answer = form.querySelector<HTMLInputElement>("input[name=credential]");
  const button = form.querySelector<HTMLButtonElement>("button[type=submit]");
  if (!problem || !answer || !button) return;
  problem.hidden = true;
  button.disabled = true;
  try {
    const response = await fetch(form.dataset["options"] ?? "", { headers: { Accept: "application/json" } });
    if (!response.ok) throw new TypeError("no options");
    answer.value = written(await asked(form.dataset["passkey"] ?? "", (await response.json()) as Options));
    form.submit();
  } catch {
    // The person thought better of it, the device has none, or the server did not answer: it can be tried again.
    problem.textContent = form.dataset["failed"] ?? "";
    problem.hidden = false;
  } finally {
    button.disabled = false;
  }
}

/** Shows the forms that need a passkey, where the browser has them. */
export function offerPasskeys(page: Document): void {
  if (!("PublicKeyCredential" in globalThis)) return;
  for (const form of page.querySelectorAll<HTMLFormElement>("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void send(form);
    });
  }
}

offerPasskeys(document);
