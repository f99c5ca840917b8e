/** The notices at the foot of the page, announced politely. */

import { X } from "lucide";
import type { Notices } from "../state/notices";
import { t } from "../texts";
import { Icon } from "./icon";

export function NoticesView({ notices }: { notices: Notices }) {
  return (
    <div class="notices" role="status" aria-label={t("Notices")}>
      {notices.shown.value.map((notice) => (
        <div key={notice.id} class={`notice notice-${notice.tone}`}>
          <span class="grow">{notice.text}</span>
          {notice.undo && (
            <button
              type="button"
              class="notice-undo"
              onClick={() => {
                notices.dismiss(notice.id);
                notice.undo?.();
              }}
            >
              {t("Undo")}
            </button>
          )}
          <button
            type="button"
            class="button-icon"
            aria-label={t("Dismiss")}
            onClick={() => notices.dismiss(notice.id)}
          >
            <Icon of={X} size={16} />
          </button>
        </div>
      ))}
    </div>
  );
}
