/** A shortcut as keys to press. */

import { drawnKeys } from "../model/keys";
import { t } from "../texts";

const APPLE = /Mac|iPhone|iPad/u.test(navigator.platform);

export function Keys({ of: binding }: { of: string }) {
  return (
    <span class="keys">
      {drawnKeys(binding, APPLE).map((key, index) =>
        key === "then" ? (
          <span key={index} class="quiet">
            {" "}
            {t("then")}{" "}
          </span>
        ) : (
          <kbd key={index}>{key}</kbd>
        ),
      )}
    </span>
  );
}
