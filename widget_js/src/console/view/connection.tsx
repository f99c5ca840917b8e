/** The state of the connection in plain words; nothing while all is well. */

import { WifiOff } from "lucide";
import type { ClientStatus } from "../../client/client";
import type { Desk } from "../state/desk";
import { t } from "../texts";
import { Icon } from "./icon";

export function ConnectionBar({ desk }: { desk: Desk }) {
  const words = wordsFor(desk.status.value, desk.networked.value);
  return (
    <div class="connection" role="status">
      {words && (
        <div class="connection-bar">
          <Icon of={WifiOff} size={16} />
          <span class="grow">{words}</span>
          {desk.status.value === "waiting" && (
            <button type="button" class="link" onClick={() => desk.reconnect()}>
              {t("Try now")}
            </button>
          )}
          {desk.status.value === "ended" && (
            <button type="button" class="link" onClick={() => location.reload()}>
              {t("Reload")}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function wordsFor(status: ClientStatus, networked: boolean): string | null {
  if (status === "ended") return t("This page was disconnected. What you have written is kept; reload to go on.");
  if (status !== "online" && !networked) return t("You are offline. What you send is kept and sent when you are back.");
  if (status === "waiting") return t("Reconnecting. What you send is kept and sent then.");
  return null;
}
