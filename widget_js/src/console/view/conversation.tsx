/** The open conversation: who it is, what can be done with it, the messages, and the box to answer in. */

import {
  AlarmClock,
  ArrowDown,
  ArrowLeft,
  Ban,
  CircleCheck,
  Hourglass,
  MessagesSquare,
  PanelRight,
  RotateCcw,
  UserRound,
} from "lucide";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Shown } from "../../files/shown";
import { cookieSource } from "../../files/sources";
import { view } from "../../files/viewer";
import type { Author, StatusName } from "../../protocol.gen";
import { ANCHORS, assignTo, setStatus, standing } from "../commands";
import { STATUS_WORDS } from "../model/names";
import { nameOf } from "../model/people";
import { hashOf } from "../model/route";
import { fromLocalField, snoozeChoices, toLocalField } from "../model/snooze";
import { ahead } from "../model/times";
import type { Desk } from "../state/desk";
import type { OpenConversation } from "../state/opened";
import { language, t, texts } from "../texts";
import { Avatar } from "./avatar";
import { Composer } from "./composer";
import { Icon } from "./icon";
import { LogView } from "./log";
import { Menu, type MenuChoice } from "./menu";
import { Skeleton } from "./skeleton";

export function ConversationPane({ desk }: { desk: Desk }) {
  const opened = desk.opened.value;
  if (!opened) return <NothingOpen desk={desk} />;
  if (opened.gone.value) return <Gone />;
  return (
    <section class="pane pane-conversation" aria-label={t("Open conversation")} key={opened.channel}>
      <Head desk={desk} opened={opened} />
      <LogPane desk={desk} opened={opened} />
      <Composer desk={desk} opened={opened} />
    </section>
  );
}

function NothingOpen({ desk }: { desk: Desk }) {
  const waiting = desk.list.rows.value.length;
  return (
    <section class="pane pane-conversation pane-nothing" aria-label={t("Open conversation")}>
      <div class="empty">
        <Icon of={MessagesSquare} size={32} />
        <h2>{waiting > 0 ? t("Choose a conversation") : t("Nothing to answer")}</h2>
        <p>
          {t("Press")} <kbd>j</kbd> {t("for the next one,")} <kbd>?</kbd> {t("for all shortcuts.")}
        </p>
      </div>
    </section>
  );
}

function Gone() {
  return (
    <section class="pane pane-conversation pane-nothing" aria-label={t("Open conversation")}>
      <div class="empty">
        <h2>{t("This conversation cannot be read")}</h2>
        <p>{t("It was removed, or it belongs to a site that you do not answer for.")}</p>
        <a class="button" href={hashOf({ page: "inbox", channel: null })}>
          {t("Back to the conversations")}
        </a>
      </div>
    </section>
  );
}

interface PaneProps {
  readonly desk: Desk;
  readonly opened: OpenConversation;
}

function Head({ desk, opened }: PaneProps) {
  const row = desk.list.row(opened.channel);
  const head = opened.staffHead.value;
  const visitor = head?.visitor ?? row?.visitor;
  return (
    <header class="conversation-head">
      <a
        class="button-icon only-narrow"
        href={hashOf({ page: "inbox", channel: null })}
        aria-label={t("Back to the conversations")}
      >
        <Icon of={ArrowLeft} />
      </a>
      <div class="conversation-who grow">
        <h2 class="clip">{visitor ? nameOf(visitor) : t("Conversation")}</h2>
        <StatusLine desk={desk} opened={opened} />
      </div>
      <Viewers viewers={opened.viewers.value} />
      <Deeds desk={desk} />
      <button
        type="button"
        class="button-icon only-without-visitor"
        aria-label={t("Visitor's details")}
        title={t("Visitor's details")}
        aria-expanded={desk.visitorShown.value}
        onClick={() => {
          desk.visitorShown.value = !desk.visitorShown.value;
        }}
      >
        <Icon of={PanelRight} />
      </button>
    </header>
  );
}

function StatusLine({ desk, opened }: PaneProps) {
  const now = standing(desk);
  if (!now) return <p class="quiet">&nbsp;</p>;
  const until = now.snoozedUntil ? ahead(Date.parse(now.snoozedUntil), desk.now.value) : "";
  return (
    <p class="status-line quiet clip">
      <span class={`status status-${now.status}`}>
        {now.status === "snoozed" && until ? t("Snoozed until {when}", { when: until }) : STATUS_WORDS[now.status]}
      </span>
      <span class={`presence ${opened.visitorOnline.value ? "presence-on" : ""}`}>
        {opened.visitorOnline.value ? t("On the site now") : t("Not on the site")}
      </span>
    </p>
  );
}

/** Who else is here is always visible: two agents then talk to each other instead of twice to the visitor. */
function Viewers({ viewers }: { viewers: readonly Author[] }) {
  if (viewers.length === 0) return null;
  return (
    <ul class="viewers" aria-label={t("Also looking")}>
      {viewers.slice(0, 3).map((agent) => (
        <li key={agent.id}>
          <Avatar person={agent} size="small" named />
        </li>
      ))}
      {viewers.length > 3 && <li class="quiet">+{viewers.length - 3}</li>}
    </ul>
  );
}

function Deeds({ desk }: { desk: Desk }) {
  const now = standing(desk);
  if (!now) return null;
  return (
    <div class="deeds">
      <AssignMenu desk={desk} assignee={now.assignee} />
      <SnoozeMenu desk={desk} status={now.status} />
      {now.status === "open" ? (
        <button type="button" class="button" title={t("Resolve (e)")} onClick={() => setStatus(desk, "resolved")}>
          <Icon of={CircleCheck} size={16} /> <span class="deed-word">{t("Resolve")}</span>
        </button>
      ) : (
        <button type="button" class="button" title={t("Reopen (o)")} onClick={() => setStatus(desk, "open")}>
          <Icon of={RotateCcw} size={16} /> <span class="deed-word">{t("Reopen")}</span>
        </button>
      )}
    </div>
  );
}

function AssignMenu({ desk, assignee }: { desk: Desk; assignee: Author | null }) {
  const me = desk.me.value;
  const others = me.agents.filter((agent) => agent.id !== me.id);
  const choices: (MenuChoice | "line")[] = [
    { label: t("Me"), aside: "a", checked: assignee?.id === me.id, run: () => assignTo(desk, desk.author.value) },
    ...others.map(
      (agent): MenuChoice => ({
        label: agent.name,
        checked: assignee?.id === agent.id,
        run: () => assignTo(desk, { ...agent, role: "agent" }),
      }),
    ),
    "line",
    { label: t("Nobody"), aside: "u", checked: assignee === null, run: () => assignTo(desk, null) },
  ];
  const whom = assignee === null ? t("nobody") : assignee.id === me.id ? t("you") : nameOf(assignee);
  return (
    <Menu id={ANCHORS.assign} label={t("Assign ({name})", { name: whom })} choices={choices}>
      {assignee ? <Avatar person={assignee} size="tiny" /> : <Icon of={UserRound} size={16} />}
      <span class="deed-word clip">
        {assignee === null ? t("Assign") : assignee.id === me.id ? t("You") : nameOf(assignee)}
      </span>
    </Menu>
  );
}

function SnoozeMenu({ desk, status }: { desk: Desk; status: StatusName }) {
  const now = desk.now.value;
  const choices: (MenuChoice | "line")[] = [
    ...snoozeChoices(now).map(
      ({ label, until }): MenuChoice => ({
        label,
        aside: ahead(until, now),
        icon: AlarmClock,
        run: () => setStatus(desk, "snoozed", new Date(until).toISOString()),
      }),
    ),
    "line",
  ];
  if (status !== "pending") {
    choices.push({
      label: t("Pending: wait for the visitor"),
      aside: "p",
      icon: Hourglass,
      run: () => setStatus(desk, "pending"),
    });
  }
  if (status === "open") choices.push({ label: t("Spam"), aside: "!", icon: Ban, run: () => setStatus(desk, "spam") });
  else choices.push({ label: t("Resolve"), aside: "e", icon: CircleCheck, run: () => setStatus(desk, "resolved") });
  return (
    <Menu
      id={ANCHORS.snooze}
      label={t("Snooze and more")}
      choices={choices}
      footer={(close) => <SnoozeDate desk={desk} close={close} />}
    >
      <Icon of={AlarmClock} size={16} />
      <span class="deed-word">{t("Snooze")}</span>
    </Menu>
  );
}

function SnoozeDate({ desk, close }: { desk: Desk; close: () => void }) {
  const [value, setValue] = useState("");
  const until = fromLocalField(value, desk.now.value);
  return (
    <form
      class="snooze-date"
      onSubmit={(event) => {
        event.preventDefault();
        if (until === null) return;
        setStatus(desk, "snoozed", new Date(until).toISOString());
        close();
      }}
    >
      <label for="snooze-at">{t("Until")}</label>
      <input
        id="snooze-at"
        type="datetime-local"
        min={toLocalField(desk.now.value)}
        value={value}
        onInput={(event) => setValue(event.currentTarget.value)}
      />
      <button type="submit" class="button" aria-disabled={until === null}>
        {t("Snooze")}
      </button>
    </form>
  );
}

function LogPane({ desk, opened }: PaneProps) {
  const log = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const drawn = useRef<LogView | null>(null);
  const viewed = useRef(0);
  const [missed, setMissed] = useState(0);
  const items = opened.items.value;
  const newest = opened.lastSeq;
  const atEndSeq = useRef(newest);
  const files = useMemo((): Shown => {
    const source = cookieSource(desk.api.uploads.base);
    return { source, language, open: (file) => view(file, source, texts, document.body) };
  }, [desk]);

  const report = (): void => {
    if (viewed.current > 0 && document.visibilityState === "visible" && document.hasFocus())
      opened.seen(viewed.current);
  };

  useEffect(() => {
    if (!log.current || !list.current) return;
    const made = new LogView(log.current, list.current, {
      edit: (item) => opened.startEdit(item),
      remove: (item) => {
        const undo = opened.remove(item);
        desk.notices.say(t("Message removed"), undo);
      },
      retry: (item) => opened.retry(item),
      takeBack: (item) => opened.takeBack(item),
      olderWanted: () => void opened.loadOlder(),
      viewed: (seq) => {
        viewed.current = Math.max(viewed.current, seq);
        report();
      },
      atEndChanged: (atEnd) => {
        if (!atEnd) return;
        atEndSeq.current = opened.lastSeq;
        setMissed(0);
      },
    });
    drawn.current = made;
    addEventListener("focus", report);
    document.addEventListener("visibilitychange", report);
    return () => {
      made.destroy();
      removeEventListener("focus", report);
      document.removeEventListener("visibilitychange", report);
    };
  }, [opened, desk]);

  useEffect(() => {
    const shown = drawn.current;
    if (!shown) return;
    shown.show(items, { now: desk.now.value, me: desk.author.value, editMs: desk.editMs.value, shown: files });
    if (shown.atEnd) atEndSeq.current = newest;
    setMissed(Math.max(0, newest - atEndSeq.current));
    const wanted = opened.wanted.value;
    if (wanted !== null && shown.reveal(wanted)) opened.wanted.value = null;
  }, [items, desk.now.value, desk.editMs.value, opened.wanted.value]);

  return (
    <div class="log-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <div class="log" role="log" aria-label={t("Conversation")} tabIndex={0} ref={log}>
        {opened.loadingOlder.value && <p class="log-loading quiet">{t("Loading older messages")}</p>}
        {!opened.ready.value && items.length === 0 && (
          <Skeleton rows={5} shape="bubble" label={t("Loading the conversation")} />
        )}
        <ul ref={list} />
        <TypingLine opened={opened} />
      </div>
      {missed > 0 && (
        <button type="button" class="pill" onClick={() => drawn.current?.toEnd()}>
          <Icon of={ArrowDown} size={14} /> {t("{n} new", { n: missed })}
        </button>
      )}
    </div>
  );
}

/** Who is typing, in the place where their message will appear; with it the visitor's words, where the site shows them. */
function TypingLine({ opened }: { opened: OpenConversation }) {
  const typists = opened.typists.value;
  return (
    <div class="typing" role="status">
      {typists.map(({ person, draft }) => (
        <div key={person.id} class="typing-one">
          <Avatar person={person} size="small" />
          {draft ? (
            <div class="bubble bubble-draft" dir="auto">
              <small>{t("{name} is writing, not sent yet", { name: nameOf(person) })}</small>
              {draft}
            </div>
          ) : (
            <div class="bubble bubble-dots">
              <span class="sr">{t("{name} is typing", { name: nameOf(person) })}</span>
              <i aria-hidden="true" />
              <i aria-hidden="true" />
              <i aria-hidden="true" />
            </div>
          )}
        </div>
      ))}
    </div>
  );
}
