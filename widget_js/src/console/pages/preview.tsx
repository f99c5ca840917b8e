/** How the widget will look with the values of the form, drawn while they are typed. It is a picture, not the widget. */

import { MessageCircle, X } from "lucide";
import { brandTokens } from "../../core/contrast";
import { t } from "../texts";
import { Icon } from "../view/icon";
import type { SiteDraft } from "./site_form";

const REPLY_TIMES = {
  minutes: t("Usually replies within minutes"),
  hours: t("Usually replies within a few hours"),
  day: t("Usually replies within a day"),
} as const;

export function WidgetPreview({ site }: { site: SiteDraft }) {
  return (
    <figure class={`preview preview-${site.position}`}>
      <figcaption class="hint">{t("Preview")}</figcaption>
      <div class="preview-page" style={brandTokens(site.color)} aria-hidden="true">
        <div class="preview-panel">
          <div class="preview-head">
            <div class="grow">
              <strong>{site.name || t("Your site")}</strong>
              <span>{REPLY_TIMES[site.reply_time]}</span>
            </div>
            <Icon of={X} size={16} />
          </div>
          <div class="preview-log">
            {site.greeting && <p class="preview-theirs">{site.greeting}</p>}
            <p class="preview-own">{t("Hello, do you ship to Ireland?")}</p>
            {site.draft_preview && <small>{t("The team sees what you type before you send it.")}</small>}
          </div>
          <div class="preview-box">{t("Write a message")}</div>
        </div>
        <div class="preview-launcher">
          <Icon of={MessageCircle} size={24} />
        </div>
      </div>
    </figure>
  );
}
