/** What stands on the page when the console could not start. */

import { t } from "../texts";

interface StartErrorProps {
  readonly message: string;
  retry(): void;
}

export function StartError({ message, retry }: StartErrorProps) {
  return (
    <main class="empty">
      <h1>{t("The console could not start")}</h1>
      <p role="alert">{message}</p>
      <button type="button" class="button button-primary" onClick={retry}>
        {t("Try again")}
      </button>
    </main>
  );
}
