import type { IconNode } from "lucide";
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

/** A button that says what it does: by its text, or by an icon with a name. */
export function button(className: string, name: string, run: () => void, picture?: IconNode): HTMLButtonElement {
  const made = element("button", className, picture ? icon(picture) : name);
  made.type = "button";
  made.onclick = run;
  if (picture) made.title = made.ariaLabel = name;
  return made;
}
