/** "Find anything": every command and every conversation behind one box. */

import { CornerDownLeft, MessageCircle, Search } from "lucide";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Hit } from "../../protocol.gen";
import { possible } from "../commands";
import { nameOf } from "../model/people";
import type { Desk } from "../state/desk";
import { t } from "../texts";
import { Dialog } from "./dialog";
import { Icon } from "./icon";
import { Keys } from "./keys";

const SEARCH_MS = 200;

interface Entry {
  readonly key: string;
  readonly label: string;
  readonly aside: string;
  /** Of a command: how it is reached without the palette. */
  readonly binding: string | null;
  run(): void;
}

export function Palette({ desk }: { desk: Desk }) {
  const [text, setText] = useState("");
  const [hits, setHits] = useState<readonly Hit[]>([]);
  const [at, setAt] = useState(0);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => box.current?.focus(), []);
  // The commands are those that made sense when the palette was called: it covers what they act upon.
  const [commands] = useState(() => possible(desk));

  useEffect(() => {
    if (text.trim().length < 2) return setHits([]);
    const timer = setTimeout(() => {
      // What the server refuses here is no more than nothing found.
      desk.list.hits(text).then(setHits, () => setHits([]));
    }, SEARCH_MS);
    return () => clearTimeout(timer);
  }, [text, desk]);

  const entries = [...commandEntries(desk, commands, text), ...hitEntries(desk, hits)];
  const chosen = Math.min(at, entries.length - 1);
  useEffect(() => document.getElementById(`find-${chosen}`)?.scrollIntoView({ block: "nearest" }), [chosen]);

  const run = (entry: Entry | undefined, close: () => void): void => {
    if (!entry) return;
    // First the dialog gives the focus back, then the command takes it where it leads.
    close();
    requestAnimationFrame(entry.run);
  };
  const onKey = (event: KeyboardEvent, close: () => void): void => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) setAt((chosen + move + entries.length) % Math.max(1, entries.length));
    else if (event.key === "Enter" && !event.isComposing) run(entries[chosen], close);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog
      title={t("Find anything")}
      bare
      class="palette"
      onClose={() => {
        desk.overlay.value = null;
      }}
    >
      {(close) => (
        <>
          <div class="search">
            <Icon of={Search} size={18} />
            <input
              ref={box}
              type="text"
              role="combobox"
              aria-label={t("Find anything")}
              aria-expanded="true"
              aria-controls="find"
              aria-autocomplete="list"
              aria-activedescendant={entries.length > 0 ? `find-${chosen}` : undefined}
              placeholder={t("Find a conversation, a person, an action")}
              value={text}
              onInput={(event) => {
                setText(event.currentTarget.value);
                setAt(0);
              }}
              onKeyDown={(event) => onKey(event, close)}
            />
          </div>
          <div id="find" role="listbox" aria-label={t("Results")} class="palette-list">
            {entries.map((entry, index) => (
              <button
                type="button"
                tabIndex={-1}
                key={entry.key}
                id={`find-${index}`}
                role="option"
                aria-selected={index === chosen}
                class="palette-entry"
                onClick={() => run(entry, close)}
              >
                <Icon of={entry.binding === null ? MessageCircle : CornerDownLeft} size={16} />
                <span class="grow clip">{entry.label}</span>
                <span class="quiet clip">{entry.aside}</span>
                {entry.binding && <Keys of={entry.binding} />}
              </button>
            ))}
            {entries.length === 0 && <p class="empty quiet">{t("Nothing found")}</p>}
          </div>
        </>
      )}
    </Dialog>
  );
}

function commandEntries(desk: Desk, commands: ReturnType<typeof possible>, text: string): Entry[] {
  const wanted = text.trim().toLocaleLowerCase().split(/\s+/u);
  return commands
    .filter((command) => wanted.every((word) => `${command.label} ${command.group}`.toLocaleLowerCase().includes(word)))
    .map((command) => ({
      key: command.label,
      label: command.label,
      aside: "",
      binding: command.keys[0] ?? "",
      run: () => command.run(desk),
    }));
}

function hitEntries(desk: Desk, hits: readonly Hit[]): Entry[] {
  return hits.map((hit) => ({
    key: hit.row.channel,
    label: nameOf(hit.row.visitor),
    aside: hit.text,
    binding: null,
    run: () => desk.openConversation(hit.row.channel, hit.seq),
  }));
}
