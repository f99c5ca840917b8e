/** The icons of the console, drawn from one set. They are decoration: the control that carries one has a name of its own. */

import type { IconNode } from "lucide";
import { h } from "preact";

interface IconProps {
  readonly of: IconNode;
  readonly size?: number;
}

/** An icon in the colour of the text around it; `size` in CSS pixels. */
export function Icon({ of: nodes, size = 18 }: IconProps) {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {nodes.map(([tag, attributes]) => h(tag as "path", attributes))}
    </svg>
  );
}
