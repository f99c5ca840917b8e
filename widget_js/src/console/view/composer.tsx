/** Where a reply or a note is written. */

import { MessageSquareReply, SendHorizontal, StickyNote, X } from "lucide";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { acceptFiles, chooser } from "../../files/attach";
import type { Attachments } from "../../files/attachments";
import { ANCHORS } from "../commands";
import {
  type CannedReply,
  filledReply,
  insertReply,
  matchingReplies,
  type SlashQuery,
  slashQuery,
} from "../model/canned";
import type { Mode } from "../model/drafts";
import { nameOf } from "../model/people";
import { hashOf } from "../model/route";
import { secondsAgo } from "../model/times";
import type { Desk } from "../state/desk";
import type { OpenConversation } from "../state/opened";
import { t } from "../texts";
import { Icon } from "./icon";
import { isChangeable } from "./log_row";

const APPLE = /Mac|iPhone|iPad/u.test(navigator.platform);
const MODIFIER = APPLE ? "⌘" : "Ctrl";

interface ComposerProps {
  readonly desk: Desk;
  readonly opened: OpenConversation;
}

export function Composer({ desk, opened }: ComposerProps) {
  const box = useRef<HTMLTextAreaElement>(null);
  const mode = opened.mode.value;
  const editing = opened.editing.value;
  const canned = useCanned(desk, opened, box);
  const enterSends = desk.preferences.get("enterSends");

  useEffect(() => {
    if (editing) box.current?.focus();
  }, [editing]);
  useGrowing(box, opened.text.value);
  const attached = desk.attached.of(opened.channel);
  const tray = useRef<HTMLDivElement>(null);
  const takesFiles = (desk.attached.limits.value.files ?? 0) > 0 && !editing;
  // Read so that a file that becomes ready is seen.
  const empty = desk.attached.changes.value >= 0 && opened.text.value.trim() === "" && attached.ready.length === 0;
  useAttaching(tray, attached, () => takesFiles);

  const send = (anyway = false): void => {
    if (!opened.editing.value && attached.hold(() => send(anyway))) return;
    void opened.send(anyway);
    box.current?.focus();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.isComposing || canned.onKey(event)) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      if (editing) opened.cancelEdit();
      else box.current?.blur();
    } else if (event.key === "Enter" && sends(event, enterSends)) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && opened.text.value === "" && editLast(desk, opened)) {
      event.preventDefault();
    }
  };

  return (
    <form
      class={`composer composer-${mode}`}
      aria-label={t("Write")}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {editing ? <EditBar opened={opened} /> : <ModeTabs opened={opened} focus={() => box.current?.focus()} />}
      <Overtaken desk={desk} opened={opened} sendAnyway={() => send(true)} keepWriting={() => box.current?.focus()} />
      <div ref={tray} hidden={editing !== null} />
      <div class="composer-box">
        {canned.open && <CannedList {...canned} />}
        <textarea
          id={ANCHORS.reply}
          ref={box}
          rows={1}
          dir="auto"
          aria-label={mode === "note" ? t("Note") : t("Reply")}
          aria-describedby="composer-hint"
          aria-autocomplete="list"
          aria-controls={canned.open ? "canned" : undefined}
          aria-activedescendant={canned.open ? `canned-${canned.at}` : undefined}
          placeholder={
            mode === "note"
              ? t("A note for your colleagues. The visitor never sees it.")
              : t("Write a reply, or / for a canned one")
          }
          value={opened.text.value}
          onInput={(event) => {
            opened.write(event.currentTarget.value);
            attached.forget();
            canned.look();
          }}
          onKeyDown={onKey}
          onClick={canned.look}
          onBlur={canned.close}
        />
        <AttachButton shown={takesFiles} add={(files) => attached.add(files)} />
        <button type="submit" class={`button button-primary send-${mode}`} aria-disabled={empty}>
          <Icon of={SendHorizontal} size={16} />
          <span>{sendWord(mode, editing !== null)}</span>
        </button>
      </div>
      {opened.error.value && (
        <p class="error" role="alert">
          {opened.error.value}
        </p>
      )}
      <p id="composer-hint" class="composer-hint quiet">
        <label>
          <input
            type="checkbox"
            checked={enterSends}
            onChange={(event) => desk.preferences.set("enterSends", event.currentTarget.checked)}
          />{" "}
          {t("Enter sends")}
        </label>
        <span>{enterSends ? t("Shift Enter breaks the line") : t("{key} Enter sends", { key: MODIFIER })}</span>
      </p>
    </form>
  );
}

function sends(event: KeyboardEvent, enterSends: boolean): boolean {
  if (event.ctrlKey || event.metaKey) return true;
  return enterSends && !event.shiftKey && !event.altKey;
}

function sendWord(mode: Mode, editing: boolean): string {
  if (editing) return t("Save");
  return mode === "note" ? t("Add note") : t("Send");
}

function editLast(desk: Desk, opened: OpenConversation): boolean {
  const facts = { now: desk.time(), editMs: desk.editMs.value };
  return !opened.editing.value && opened.editLast((item) => isChangeable(item, facts));
}

/** The box grows with its text, from one line to the height that the sheet allows. */
function useGrowing(box: { current: HTMLTextAreaElement | null }, text: string): void {
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text, box]);
}

/** The row of files above the text, and the ways into it beside the button. */
function useAttaching(tray: { current: HTMLElement | null }, attached: Attachments, allowed: () => boolean): void {
  const isAllowed = useRef(allowed);
  isAllowed.current = allowed;
  useEffect(() => {
    const place = tray.current;
    const box = place?.closest("form");
    const zone = place?.closest<HTMLElement>(".pane");
    if (!place || !box || !zone) return;
    place.replaceChildren(attached.node);
    const ended = new AbortController();
    acceptFiles({
      text: t,
      zone,
      box,
      allowed: () => isAllowed.current(),
      taken: (files) => attached.add(files),
      signal: ended.signal,
    });
    return () => ended.abort();
  }, [attached, tray]);
}

function AttachButton({ shown, add }: { shown: boolean; add: (files: readonly File[]) => void }) {
  const place = useRef<HTMLSpanElement>(null);
  const taken = useRef(add);
  taken.current = add;
  useEffect(() => {
    place.current?.replaceChildren(chooser(t, "button-icon", (files) => taken.current(files)));
  }, []);
  return <span ref={place} hidden={!shown} />;
}

function ModeTabs({ opened, focus }: { opened: OpenConversation; focus: () => void }) {
  const choose = (mode: Mode): void => {
    opened.setMode(mode);
    focus();
  };
  const mode = opened.mode.value;
  return (
    <fieldset class="modes" aria-label={t("What to write")}>
      <button type="button" class="mode" aria-pressed={mode === "reply"} onClick={() => choose("reply")}>
        <Icon of={MessageSquareReply} size={15} /> {t("To the visitor")}
      </button>
      <button type="button" class="mode mode-note" aria-pressed={mode === "note"} onClick={() => choose("note")}>
        <Icon of={StickyNote} size={15} /> {t("Note")}
      </button>
    </fieldset>
  );
}

function EditBar({ opened }: { opened: OpenConversation }) {
  return (
    <div class="edit-bar">
      <span class="grow">{opened.mode.value === "note" ? t("Editing your note") : t("Editing your message")}</span>
      <button type="button" class="button-icon" aria-label={t("Stop editing")} onClick={() => opened.cancelEdit()}>
        <Icon of={X} size={16} />
      </button>
    </div>
  );
}

interface OvertakenProps extends ComposerProps {
  sendAnyway(): void;
  keepWriting(): void;
}

/**
 * Two who answer at once contradict each other before the visitor: the second one decides knowingly. The focus stays in the
 * box, so that a second Enter is no answer to a question that was not read.
 */
function Overtaken({ desk, opened, sendAnyway, keepWriting }: OvertakenProps) {
  const answer = opened.overtaken.value;
  if (!answer) return null;
  return (
    <div class="overtaken" role="alert">
      <p>
        {t("Answered {when} by {name}. Send yours anyway?", {
          when: secondsAgo(Date.parse(answer.at), desk.time()),
          name: nameOf(answer.author),
        })}
      </p>
      <button type="button" class="button button-primary" onClick={sendAnyway}>
        {t("Send anyway")}
      </button>
      <button
        type="button"
        class="button"
        onClick={() => {
          opened.keepWriting();
          keepWriting();
        }}
      >
        {t("Keep writing")}
      </button>
    </div>
  );
}

interface Canned {
  readonly open: boolean;
  readonly replies: readonly CannedReply[];
  readonly at: number;
  /** Looks whether the text before the caret asks for canned replies. */
  look(): void;
  choose(reply: CannedReply): void;
  /** Takes a key that belongs to the list; returns whether it did. */
  onKey(event: KeyboardEvent): boolean;
  close(): void;
}

function useCanned(desk: Desk, opened: OpenConversation, box: { current: HTMLTextAreaElement | null }): Canned {
  const [slash, setSlash] = useState<SlashQuery | null>(null);
  const [at, setAt] = useState(0);
  const replies = slash ? matchingReplies(desk.canned.value, slash.query) : [];
  const open = slash !== null && (replies.length > 0 || slash.query === "");
  const close = (): void => setSlash(null);

  const look = (): void => {
    const element = box.current;
    setSlash(element ? slashQuery(element.value, element.selectionStart) : null);
    setAt(0);
  };
  const choose = (reply: CannedReply): void => {
    const element = box.current;
    if (!element || !slash) return;
    const { text, caret } = insertReply(
      element.value,
      element.selectionStart,
      slash,
      filledReply(reply.body, desk.facts()),
    );
    opened.write(text);
    close();
    requestAnimationFrame(() => {
      element.focus();
      element.setSelectionRange(caret, caret);
    });
  };
  const onKey = (event: KeyboardEvent): boolean => {
    if (!open) return false;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") close();
    else if (move && replies.length > 0) setAt((at + move + replies.length) % replies.length);
    else if ((event.key === "Enter" || event.key === "Tab") && replies[at]) choose(replies[at]);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return { open, replies, at, look, choose, onKey, close };
}

function CannedList({ replies, at, choose }: Canned) {
  return (
    <div class="canned">
      <div id="canned" role="listbox" aria-label={t("Canned replies")}>
        {replies.map((reply, index) => (
          <button
            type="button"
            tabIndex={-1}
            key={reply.id}
            id={`canned-${index}`}
            role="option"
            aria-selected={index === at}
            class="canned-option"
            // A press must not take the focus out of the text box.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(reply)}
          >
            <code>/{reply.shortcut}</code>
            <span class="clip quiet">{reply.body}</span>
          </button>
        ))}
      </div>
      <p class="canned-foot quiet">
        {replies.length === 0 && <span>{t("No canned replies yet.")} </span>}
        <a href={hashOf({ page: "canned" })} onPointerDown={(event) => event.preventDefault()}>
          {t("Manage canned replies")}
        </a>
      </p>
    </div>
  );
}
