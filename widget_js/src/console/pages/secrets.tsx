/** Signed identity: the keys with which a site signs who is signed in there. */

import { useEffect, useState } from "preact/hooks";
import type { Api, ApiError, SiteSecret } from "../api";
import { exact } from "../model/times";
import { t } from "../texts";

// One replaces another; `actions/site_secrets.py` has the same number.
const SECRETS_MAX = 2;

export function Secrets({ api, site }: { api: Api; site: string }) {
  const [secrets, setSecrets] = useState<readonly SiteSecret[]>([]);
  const [fresh, setFresh] = useState<SiteSecret | null>(null);
  const [error, setError] = useState<string | null>(null);

  const run = async (work: () => Promise<void>): Promise<void> => {
    setError(null);
    try {
      await work();
      setSecrets(await api.secrets(site));
    } catch (refused) {
      setError((refused as ApiError).message);
    }
  };
  useEffect(() => void run(async () => {}), [api, site]);

  const make = (): Promise<void> => run(async () => setFresh(await api.makeSecret(site)));
  const end = (keyId: string): Promise<void> =>
    run(async () => {
      await api.endSecret(site, keyId);
      if (fresh?.key_id === keyId) setFresh(null);
    });

  return (
    <fieldset class="group">
      <legend>{t("Signed identity")}</legend>
      <p class="hint">
        {t(
          "Your own server signs who is signed in on your pages. What is signed is shown as verified, on every device.",
        )}
      </p>
      {secrets.length > 0 && (
        <ul class="secrets">
          {secrets.map(({ key_id, created_at }) => (
            <li key={key_id}>
              <code class="grow clip">{key_id}</code>
              <span class="quiet">{exact(Date.parse(created_at ?? ""))}</span>
              <button
                type="button"
                class="button"
                aria-label={t("End the secret {id}", { id: key_id })}
                onClick={() => end(key_id)}
              >
                {t("End")}
              </button>
            </li>
          ))}
        </ul>
      )}
      {fresh && (
        <div role="status">
          <p class="hint">{t("Keep this secret on your server now. It is not shown again.")}</p>
          <input
            type="text"
            readOnly
            aria-label={t("Secret")}
            value={fresh.secret}
            onFocus={(event) => event.currentTarget.select()}
          />
        </div>
      )}
      {secrets.length === SECRETS_MAX && (
        <p class="hint">{t("Both hold. End the old one once your server signs with the new one.")}</p>
      )}
      <button type="button" class="button" disabled={secrets.length >= SECRETS_MAX} onClick={make}>
        {t("Make a secret")}
      </button>
      {error && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}
