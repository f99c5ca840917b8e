/** The sites of this installation: which there are, and one of them to change. */

import { Globe, Plus } from "lucide";
import { useEffect, useState } from "preact/hooks";
import type { ApiError, Site, SiteChange } from "../api";
import { originLines } from "../model/origins";
import { hashOf } from "../model/route";
import type { Desk } from "../state/desk";
import { t } from "../texts";
import { Icon } from "../view/icon";
import { Field } from "./field";
import { Page } from "./page";
import { Secrets } from "./secrets";
import { SiteForm } from "./site_form";

/** The name in the route under which a site is made; no key is that short. */
const NEW = "+";

export function SitesPage({ desk, chosen }: { desk: Desk; chosen: string | null }) {
  const [sites, setSites] = useState<readonly Site[] | null>(null);
  const [error, setError] = useState<string | null>(null);

  const load = (): void => {
    setError(null);
    desk.api.sites().then(setSites, (refused: ApiError) => setError(refused.message));
  };
  useEffect(load, [desk]);

  const site = sites?.find((one) => one.key === chosen) ?? (chosen === null ? sites?.[0] : undefined);
  const save = async (change: SiteChange): Promise<void> => {
    if (!site) return;
    const saved = await desk.api.changeSite(site.key, change);
    setSites((held) => (held ?? []).map((one) => (one.key === saved.key ? saved : one)));
    void desk.reloadMe();
  };
  const created = (fresh: Site): void => {
    setSites((held) => [...(held ?? []), fresh]);
    desk.go({ page: "sites", key: fresh.key });
    void desk.reloadMe();
  };

  return (
    <Page title={t("Sites")} desk={desk}>
      {error && (
        <p class="error" role="alert">
          {error}{" "}
          <button type="button" class="link" onClick={load}>
            {t("Try again")}
          </button>
        </p>
      )}
      {sites && (
        <div class="sites">
          <nav class="site-list" aria-label={t("Sites")}>
            {sites.map((one) => (
              <a
                key={one.key}
                class="site-link"
                href={hashOf({ page: "sites", key: one.key })}
                aria-current={one === site && chosen !== NEW ? "page" : undefined}
              >
                <Icon of={Globe} size={16} />
                <span class="grow clip">{one.name}</span>
              </a>
            ))}
            <a
              class="site-link"
              href={hashOf({ page: "sites", key: NEW })}
              aria-current={chosen === NEW ? "page" : undefined}
            >
              <Icon of={Plus} size={16} />
              <span>{t("New site")}</span>
            </a>
          </nav>
          {chosen === NEW || !site ? (
            <NewSite desk={desk} first={sites.length === 0} onCreated={created} />
          ) : (
            <SiteForm key={site.key} site={site} onSave={save}>
              <Secrets api={desk.api} site={site.key} />
            </SiteForm>
          )}
        </div>
      )}
    </Page>
  );
}

interface NewSiteProps {
  readonly desk: Desk;
  readonly first: boolean;
  onCreated(site: Site): void;
}

function NewSite({ desk, first, onCreated }: NewSiteProps) {
  const [name, setName] = useState("");
  const [origins, setOrigins] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    setError(null);
    try {
      onCreated(await desk.api.createSite(name, originLines(origins)));
    } catch (refused) {
      setError(refused as ApiError);
    }
  };
  return (
    <form class="site-form narrow" onSubmit={create} noValidate>
      <h2>{first ? t("Add your first site") : t("New site")}</h2>
      <p class="hint">{t("A site is one website that shows the chat. You get one line to paste into its pages.")}</p>
      <Field label={t("Name")} hint={t("Visitors see it at the top of the chat.")}>
        {(ties) => (
          <input
            {...ties}
            type="text"
            value={name}
            maxLength={80}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label={t("Allowed origins")} hint={t("One per line, such as https://www.example.com.")}>
        {(ties) => (
          <textarea
            {...ties}
            rows={2}
            value={origins}
            spellcheck={false}
            onInput={(event) => setOrigins(event.currentTarget.value)}
          />
        )}
      </Field>
      <footer class="form-foot">
        <button type="submit" class="button button-primary">
          {t("Create site")}
        </button>
        {error && (
          <span class="error" role="alert">
            {error.message}
          </span>
        )}
      </footer>
    </form>
  );
}
