import type { IconNode } from "lucide";

const SVG = "http://www.w3.org/2000/svg";

/** One of Lucide's icons as an element; it says nothing to a screen reader. */
export function icon(node: IconNode): SVGElement {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  for (const [name, attributes] of node) {
    const part = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, `${value}`);
    picture.append(part);
  }
  return picture;
}
