/** Listens for the keys of the commands: letters only where nothing is being written, combinations everywhere. */

import { COMMANDS, type Command } from "./commands";
import { KeySequence, pressName } from "./model/keys";
import type { Desk } from "./state/desk";

/** Runs commands for key presses on the page from now on. */
export function listenForKeys(desk: Desk): void {
  const bound = new Map<string, Command>();
  for (const command of COMMANDS) for (const key of command.keys) bound.set(key, command);
  const sequence = new KeySequence(bound.keys());

  document.addEventListener("keydown", (event) => {
    const press = pressName(event);
    if (press === null || event.defaultPrevented || event.isComposing || desk.overlay.value !== null) return;
    const isLetter = press.length === 1;
    if (isLetter && (isWriting(event.target) || !desk.preferences.get("letterKeys"))) return;
    const command = bound.get(sequence.next(press, desk.world.now()) ?? "");
    if (!command || !(command.when?.(desk) ?? true)) return;
    event.preventDefault();
    command.run(desk);
  });
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const isTextField =
    target instanceof HTMLInputElement && !["checkbox", "radio", "button", "color"].includes(target.type);
  return (
    isTextField ||
    target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  );
}
