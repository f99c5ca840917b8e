/** A shortcut as keys to press. */

import { drawnKeys } from "../model/keys";

const APPLE = /Mac|iPhone|iPad/u.test(navigator.platform);

export function Keys({ of: binding }: { of: string }) {
  return (
    <span class="keys">
      {drawnKeys(binding, APPLE).map((key, index) =>
        key === "then" ? (
          <span key={index} class="quiet">
            {" "}
            {key}{" "}
          </span>
        ) : (
          <kbd key={index}>{key}</kbd>
        ),
      )}
    </span>
  );
}
