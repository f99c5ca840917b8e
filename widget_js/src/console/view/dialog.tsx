/** A modal dialog: the browser's own, which keeps the focus inside, closes on Escape and gives the focus back. */

import { X } from "lucide";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../texts";
import { Icon } from "./icon";

interface DialogProps {
  readonly title: string;
  /** Whether the title is shown; it names the dialog either way. */
  readonly bare?: boolean;
  readonly class?: string;
  /** What it contains; what it is called with closes it. */
  readonly children: (close: () => void) => ComponentChildren;
  onClose(): void;
}

export function Dialog({ title, bare = false, children, onClose, ...rest }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  // The browser tells of a dialog's end some time after it; by then another one may be open already.
  const ended = useRef(false);
  const titleId = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      ended.current = true;
    };
  }, []);
  const end = (): void => {
    if (ended.current) return;
    ended.current = true;
    // Closing gives the focus back, which a dialog that is merely taken away does not.
    dialog.current?.close();
    onClose();
  };
  return (
    <dialog
      ref={dialog}
      class={`dialog ${rest.class ?? ""}`}
      aria-labelledby={bare ? undefined : titleId}
      aria-label={bare ? title : undefined}
      onCancel={end}
      onClose={end}
      onKeyDown={(event) => event.stopPropagation()}
      onClick={(event) => {
        if (event.target === dialog.current) end();
      }}
    >
      {!bare && (
        <header class="dialog-head">
          <h2 id={titleId}>{title}</h2>
          <button type="button" class="button-icon" aria-label={t("Close")} onClick={end}>
            <Icon of={X} />
          </button>
        </header>
      )}
      {children(end)}
    </dialog>
  );
}
