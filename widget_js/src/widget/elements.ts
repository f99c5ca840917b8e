import type { IconNode } from "lucide";
import type { Author } from "../protocol.gen";
import { icon } from "./icon";

/** Makes an element with a class and children; texts become text nodes, never markup. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className = "",
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** What stands for somebody: the first letter of their name. */
export function face({ name }: Author): HTMLElement {
  const made = element("span", "face", (name ?? "").slice(0, 1));
  made.ariaHidden = "true";
  return made;
}

/** A button that says what it does: by its text, or by an icon with a name. */
export function button(className: string, name: string, run: () => void, picture?: IconNode): HTMLButtonElement {
  const made = element("button", className, picture ? icon(picture) : name);
  made.type = "button";
  made.onclick = run;
  if (picture) made.title = made.ariaLabel = name;
  return made;
}
