/** The frame of a page beside the conversations: a title and the way back. */

import { ArrowLeft } from "lucide";
import type { ComponentChildren } from "preact";
import { hashOf } from "../model/route";
import type { Desk } from "../state/desk";
import { t } from "../texts";
import { Icon } from "../view/icon";

interface PageProps {
  readonly title: string;
  readonly desk: Desk;
  readonly children: ComponentChildren;
}

export function Page({ title, desk, children }: PageProps) {
  const back = hashOf({ page: "inbox", channel: desk.opened.value?.channel ?? null });
  return (
    <main class="page">
      <header class="page-head">
        <a
          class="button-icon"
          href={back}
          aria-label={t("Back to the conversations")}
          title={t("Back to the conversations")}
        >
          <Icon of={ArrowLeft} />
        </a>
        <h1>{title}</h1>
      </header>
      <div class="page-body">{children}</div>
    </main>
  );
}
