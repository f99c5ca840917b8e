/** How the page tells of news while nobody looks: the count in its title, a notification, a short tone. */

import { shownCount } from "../../core/counts";
import type { World } from "../../core/world";
import type { ConversationRow } from "../../protocol.gen";
import { nameOf } from "../model/people";
import { t } from "../texts";
import type { Preferences } from "./preferences";

const TITLE = t("Conversations");
/** At the start of a shift everything comes at once: one tone is enough. */
const QUIET_MS = 3000;

export class Alerts {
  readonly #preferences: Preferences;
  readonly #world: World;
  readonly #open: (channel: string) => void;
  #audio: AudioContext | null = null;
  #soundedAt = 0;

  /** `open` shows a conversation when its notification is pressed. */
  constructor(preferences: Preferences, world: World, open: (channel: string) => void) {
    this.#preferences = preferences;
    this.#world = world;
    this.#open = open;
  }

  /** Switches notifications. Must be called from a press, for the browser then asks. Returns whether it is as wanted. */
  async setDesktop(on: boolean): Promise<boolean> {
    const allowed =
      !on || (typeof Notification !== "undefined" && (await Notification.requestPermission()) === "granted");
    this.#preferences.set("desktop", on && allowed);
    return allowed;
  }

  /** Switches the tone, and plays it once so that one knows it. Must be called from a press. */
  setSound(on: boolean): void {
    this.#preferences.set("sound", on);
    if (on) this.#tone();
  }

  /** Shows in the page's title how many conversations wait. */
  setCount(waiting: number): void {
    document.title = waiting > 0 ? `(${shownCount(waiting)}) ${TITLE}` : TITLE;
  }

  /** Tells of a visitor's new message, unless its conversation is in front of the agent. */
  message(row: ConversationRow, inFront: boolean): void {
    if (inFront) return;
    if (this.#preferences.get("sound")) this.#tone();
    if (!this.#preferences.get("desktop") || document.hasFocus()) return;
    if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
    // The tag makes a second message of a conversation take the place of the first notification.
    const notification = new Notification(nameOf(row.visitor), { body: row.preview, tag: row.channel });
    notification.onclick = () => {
      window.focus();
      this.#open(row.channel);
      notification.close();
    };
  }

  #tone(): void {
    const now = this.#world.now();
    if (now - this.#soundedAt < QUIET_MS) return;
    this.#soundedAt = now;
    this.#audio ??= new AudioContext();
    const audio = this.#audio;
    // A page that was reloaded may make a sound only after the first press on it.
    if (audio.state === "suspended") void audio.resume();
    const gain = audio.createGain();
    gain.connect(audio.destination);
    gain.gain.setValueAtTime(0.0001, audio.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.12, audio.currentTime + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.35);
    for (const [pitch, delay] of [
      [660, 0],
      [880, 0.09],
    ] as const) {
      const tone = audio.createOscillator();
      tone.frequency.value = pitch;
      tone.connect(gain);
      tone.start(audio.currentTime + delay);
      tone.stop(audio.currentTime + 0.36);
    }
  }
}
