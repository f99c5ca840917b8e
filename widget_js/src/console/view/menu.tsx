/**
 * A button that opens a menu, by the pattern that assistive technology knows: arrows move, Enter chooses, Escape closes and
 * gives the focus back, a press outside closes.
 */

import type { IconNode } from "lucide";
import { Check, ChevronDown } from "lucide";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon } from "./icon";

export interface MenuChoice {
  readonly label: string;
  /** A second, quieter word at the end of the line: a key, a number. */
  readonly aside?: string | null;
  readonly icon?: IconNode;
  /** For choices of which one holds: whether it is this one. */
  readonly checked?: boolean;
  run(): void;
}

interface MenuProps {
  /** The button's accessible name. */
  readonly label: string;
  readonly children: ComponentChildren;
  readonly choices: readonly (MenuChoice | "line")[];
  /** What stands below the choices, such as a field for a date; it closes the menu by calling what it is given. */
  readonly footer?: (close: () => void) => ComponentChildren;
  readonly id?: string;
  readonly class?: string;
  /** On which side of the button the menu is flush with it. */
  readonly side?: "start" | "end";
  readonly up?: boolean;
  readonly arrow?: boolean;
}

export function Menu({
  label,
  children,
  choices,
  footer,
  id,
  side = "end",
  up = false,
  arrow = true,
  ...rest
}: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const menuId = useId();

  const close = (giveFocusBack = true): void => {
    setOpen(false);
    if (giveFocusBack) button.current?.focus();
  };

  useEffect(() => {
    if (!open) return;
    items(root.current)[0]?.focus();
    const onPress = (event: Event): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", onPress);
    return () => document.removeEventListener("pointerdown", onPress);
  }, [open]);

  const onKey = (event: KeyboardEvent): void => {
    if (!open) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      event.preventDefault();
      close();
    } else if (event.key === "Tab") {
      setOpen(false);
    } else if (moves(event, items(root.current))) {
      event.preventDefault();
    }
    // Letters belong to the open menu, not to the page's shortcuts.
    event.stopPropagation();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: listens for keys of the controls inside
    <div class="menu" ref={root} onKeyDown={onKey}>
      <button
        type="button"
        ref={button}
        id={id}
        class={rest.class ?? "button"}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? menuId : undefined}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!open)}
      >
        {children}
        {arrow && <Icon of={ChevronDown} size={14} />}
      </button>
      {open && (
        <div class={`menu-popup menu-${side}${up ? " menu-up" : ""}`}>
          <div id={menuId} role="menu" aria-label={label} class="menu-choices">
            {choices.map((choice, index) =>
              choice === "line" ? (
                <hr key={`line ${index}`} />
              ) : (
                <Choice key={choice.label} choice={choice} close={close} />
              ),
            )}
          </div>
          {footer?.(() => close())}
        </div>
      )}
    </div>
  );
}

function Choice({ choice, close }: { choice: MenuChoice; close: () => void }) {
  return (
    <button
      type="button"
      class="menu-choice"
      tabIndex={-1}
      {...(choice.checked === undefined
        ? { role: "menuitem" as const }
        : { role: "menuitemradio" as const, "aria-checked": choice.checked })}
      onClick={() => {
        close();
        choice.run();
      }}
    >
      {choice.icon && <Icon of={choice.icon} size={16} />}
      <span class="grow">{choice.label}</span>
      {choice.aside && <span class="quiet number">{choice.aside}</span>}
      {choice.checked && <Icon of={Check} size={16} />}
    </button>
  );
}

function items(root: HTMLElement | null): HTMLElement[] {
  return [...(root?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
}

/** Moves the focus among `choices` as the key says; returns whether it was a key that does. */
function moves(event: KeyboardEvent, choices: readonly HTMLElement[]): boolean {
  const at = choices.indexOf(document.activeElement as HTMLElement);
  if (at < 0) return false;
  const last = choices.length - 1;
  const target = {
    ArrowDown: at === last ? 0 : at + 1,
    ArrowUp: at <= 0 ? last : at - 1,
    Home: 0,
    End: last,
  }[event.key];
  if (target !== undefined) {
    choices[target]?.focus();
    return true;
  }
  if (event.key.length !== 1 || event.key === " ") return false;
  const letter = event.key.toLocaleLowerCase();
  const following = [...choices.slice(at + 1), ...choices.slice(0, at + 1)];
  following.find((choice) => choice.textContent?.trim().toLocaleLowerCase().startsWith(letter))?.focus();
  return true;
}
