/** How long somebody is said to type after their last sign of it. */
const TYPING_MS = 6000;

/** Says who types, until they stop or are heard of no more. */
export function typistsIn(place: HTMLElement | null, view: Window): (name: string, on: boolean) => void {
  const typists = new Map<string, number>();
  const [one = "", several = ""] = place?.dataset["says"]?.split("|") ?? [];
  return function tell(name, on) {
    view.clearTimeout(typists.get(name));
    typists.delete(name);
    if (on) typists.set(name, view.setTimeout(tell, TYPING_MS, name, false));
    if (!place) return;
    place.textContent = typists.size > 1 ? several : typists.size ? one.replace("%s", [...typists.keys()].join()) : "";
  };
}
