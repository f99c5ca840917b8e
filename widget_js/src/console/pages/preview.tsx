/** How the widget will look with the values of the form, drawn while they are typed. It is a picture, not the widget. */

import { MessageCircle, X } from "lucide";
import { brandTokens } from "../../core/contrast";
import { Icon } from "../view/icon";
import type { SiteDraft } from "./site_form";

const REPLY_TIMES = {
  minutes: "Usually replies within minutes",
  hours: "Usually replies within a few hours",
  day: "Usually replies within a day",
} as const;

export function WidgetPreview({ site }: { site: SiteDraft }) {
  return (
    <figure class={`preview preview-${site.position}`}>
      <figcaption class="hint">Preview</figcaption>
      <div class="preview-page" style={brandTokens(site.color)} aria-hidden="true">
        <div class="preview-panel">
          <div class="preview-head">
            <div class="grow">
              <strong>{site.name || "Your site"}</strong>
              <span>{REPLY_TIMES[site.reply_time]}</span>
            </div>
            <Icon of={X} size={16} />
          </div>
          <div class="preview-log">
            {site.greeting && <p class="preview-theirs">{site.greeting}</p>}
            <p class="preview-own">Hello, do you ship to Ireland?</p>
            {site.draft_preview && <small>The team sees what you type before you send it.</small>}
          </div>
          <div class="preview-box">Write a message</div>
        </div>
        <div class="preview-launcher">
          <Icon of={MessageCircle} size={24} />
        </div>
      </div>
    </figure>
  );
}
