/** The sheet of shortcuts, drawn from the table that binds them. */

import { COMMANDS, GROUPS } from "../commands";
import { Switch } from "../pages/field";
import type { Desk } from "../state/desk";
import { t } from "../texts";
import { Dialog } from "./dialog";
import { Keys } from "./keys";

export function ShortcutSheet({ desk }: { desk: Desk }) {
  return (
    <Dialog
      title={t("Shortcuts")}
      class="sheet"
      onClose={() => {
        desk.overlay.value = null;
      }}
    >
      {() => (
        <>
          <div class="sheet-groups">
            {Object.entries(GROUPS).map(([group, name]) => (
              <section key={group}>
                <h3>{name}</h3>
                <dl>
                  {COMMANDS.filter((command) => command.group === group && command.keys.length > 0).map((command) => (
                    <div class="shortcut" key={command.label}>
                      <dt>{command.label}</dt>
                      <dd>
                        <Keys of={command.keys[0] ?? ""} />
                      </dd>
                    </div>
                  ))}
                </dl>
              </section>
            ))}
          </div>
          <Switch
            label={t("Single letters as shortcuts")}
            hint={t("Turn this off if you speak to your computer.")}
            on={desk.preferences.get("letterKeys")}
            onChange={(on) => desk.preferences.set("letterKeys", on)}
          />
        </>
      )}
    </Dialog>
  );
}
