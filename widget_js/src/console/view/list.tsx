/** The list of conversations: which view, how many, and the rows in live order. */

import { ChevronDown, Reply, Search, X } from "lucide";
import { useEffect, useRef, useState } from "preact/hooks";
import { shownCount } from "../../core/counts";
import type { ConversationRow, Hit, ListView } from "../../protocol.gen";
import { ANCHORS, focusOn } from "../commands";
import { excerpt } from "../model/excerpt";
import { countOf, STATUSES, WHOS } from "../model/inbox";
import { STATUS_WORDS, WHO_WORDS } from "../model/names";
import { nameOf } from "../model/people";
import { hashOf } from "../model/route";
import { exact, rowTime } from "../model/times";
import type { Desk } from "../state/desk";
import { t, tn } from "../texts";
import { Avatar } from "./avatar";
import { Icon } from "./icon";
import { Menu } from "./menu";
import { Skeleton } from "./skeleton";

const SEARCH_MS = 250;
const NEAR_END_PX = 300;

export function ListPane({ desk }: { desk: Desk }) {
  const search = desk.list.search.value;
  return (
    <section class="pane pane-list" aria-label={t("All conversations")}>
      <SearchField desk={desk} />
      {search === null ? <ViewBar desk={desk} /> : <SearchBar desk={desk} />}
      {search === null ? <Rows desk={desk} /> : <Hits desk={desk} />}
    </section>
  );
}

function SearchField({ desk }: { desk: Desk }) {
  const [text, setText] = useState("");
  const search = desk.list.search.value;
  // The search can end from elsewhere: by Escape, by choosing a view.
  useEffect(() => {
    if (search === null) setText("");
  }, [search]);
  useEffect(() => {
    if (text === (desk.list.search.peek()?.text ?? "")) return;
    const timer = setTimeout(() => void desk.list.find(text), SEARCH_MS);
    return () => clearTimeout(timer);
  }, [text, desk]);
  return (
    <search class="search">
      <Icon of={Search} size={16} />
      <input
        id={ANCHORS.search}
        type="search"
        aria-label={t("Search conversations")}
        placeholder={t("Search")}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && text !== "") {
            event.stopPropagation();
            setText("");
          }
        }}
      />
      {text === "" && <kbd>/</kbd>}
      {text !== "" && (
        <button type="button" class="button-icon" aria-label={t("End the search")} onClick={() => setText("")}>
          <Icon of={X} size={16} />
        </button>
      )}
    </search>
  );
}

function ViewBar({ desk }: { desk: Desk }) {
  const inbox = desk.list.inbox.value;
  const me = desk.me.value.id;
  const { view } = inbox;
  const show = (part: Partial<ListView>): void => desk.showView({ ...view, ...part });
  return (
    <div class="views">
      <fieldset class="segments" aria-label={t("Whose conversations")}>
        {WHOS.map((who) => (
          <button type="button" key={who} class="segment" aria-pressed={view.who === who} onClick={() => show({ who })}>
            {WHO_WORDS[who]} <span class="number quiet">{countOf(inbox, { ...view, who }, me) || ""}</span>
          </button>
        ))}
      </fieldset>
      <Menu
        label={t("Status: {status}", { status: STATUS_WORDS[view.status] })}
        class="button button-quiet"
        arrow={false}
        choices={STATUSES.map((status) => ({
          label: STATUS_WORDS[status],
          aside: countOf(inbox, { ...view, status }, me)?.toString() ?? null,
          checked: status === view.status,
          run: () => show({ status }),
        }))}
      >
        {STATUS_WORDS[view.status]} <Icon of={ChevronDown} size={14} />
      </Menu>
    </div>
  );
}

function Rows({ desk }: { desk: Desk }) {
  const { inbox, rows, error } = desk.list;
  const { loaded, next } = inbox.value;
  const scroller = useRef<HTMLDivElement>(null);
  const onScroll = (): void => {
    const box = scroller.current;
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX) void desk.list.loadMore();
  };
  // A page may be shorter than the pane, which then never scrolls.
  useEffect(onScroll, [next]);

  if (error.value) {
    return (
      <div class="empty" role="alert">
        <p>{error.value}</p>
        <button type="button" class="button" onClick={() => void desk.list.reload()}>
          {t("Try again")}
        </button>
      </div>
    );
  }
  if (rows.value.length === 0)
    return loaded ? <EmptyList desk={desk} /> : <Skeleton rows={6} label={t("Loading the conversations")} />;
  return (
    <div class="rows" ref={scroller} onScroll={onScroll}>
      {/* biome-ignore lint/a11y/noRedundantRoles: a list without bullets loses its role in Safari */}
      <ul id={ANCHORS.list} role="list" aria-label={t("Conversations")} aria-busy={!loaded}>
        {rows.value.map((row) => (
          <Row key={row.channel} desk={desk} row={row} />
        ))}
      </ul>
      {next !== null && <Skeleton rows={2} label={t("Loading more")} />}
    </div>
  );
}

interface RowProps {
  readonly desk: Desk;
  readonly row: ConversationRow;
  /** Where the text stands that was looked for. */
  readonly hit?: Hit;
}

function Row({ desk, row, hit }: RowProps) {
  const now = desk.now.value;
  const at = Date.parse(row.activity_at);
  const chosen = desk.opened.value?.channel === row.channel;
  const element = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (chosen) element.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const onlySite = desk.me.value.sites.length < 2;
  return (
    <li ref={element}>
      <a
        class="list-row"
        href={hashOf({ page: "inbox", channel: row.channel })}
        aria-current={chosen ? "true" : undefined}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          desk.openConversation(row.channel, hit?.seq);
          // Whoever points wants to write next; whoever uses keys wants them to go on working; a phone would show its keys.
          if (event instanceof PointerEvent && event.pointerType === "mouse") focusOn(ANCHORS.reply);
        }}
      >
        <Avatar person={row.visitor} />
        <span class="list-name clip">{nameOf(row.visitor)}</span>
        <time class="list-time number quiet" dateTime={row.activity_at} title={exact(at)}>
          {rowTime(at, now)}
        </time>
        <span class="list-text clip">
          {!hit && row.preview_role === "agent" && (
            <>
              <Icon of={Reply} size={14} />
              <span class="sr">{t("Answered:")}</span>{" "}
            </>
          )}
          {hit ? <Found text={hit.text} wanted={desk.list.search.value?.text ?? ""} /> : row.preview}
        </span>
        <span class="list-end">
          {row.unread > 0 && (
            <span class="badge number">
              {shownCount(row.unread)}
              <span class="sr"> {tn(row.unread, "unread message", "unread messages")}</span>
            </span>
          )}
          {row.assignee && <Avatar person={row.assignee} size="tiny" named />}
        </span>
        {(hit || !onlySite) && (
          <span class="list-more quiet clip">
            {[hit && STATUS_WORDS[row.status], !onlySite && desk.siteName(row.site)].filter(Boolean).join(" · ")}
          </span>
        )}
      </a>
    </li>
  );
}

function Found({ text, wanted }: { text: string; wanted: string }) {
  const { before, match, after } = excerpt(text, wanted);
  return (
    <>
      {before}
      {match && <mark>{match}</mark>}
      {after}
    </>
  );
}

function EmptyList({ desk }: { desk: Desk }) {
  const { view } = desk.list.inbox.value;
  const [title, next] = emptyWords(desk, view);
  return (
    <div class="empty">
      {/* The list is there, only without rows: whoever looks for it by its name finds it. */}
      <ul id={ANCHORS.list} aria-label={t("Conversations")} />
      <h2>{title}</h2>
      <p>{next}</p>
      {desk.me.value.sites.length === 0 && (
        <a class="button button-primary" href={hashOf({ page: "sites", key: null })}>
          {t("Add a site")}
        </a>
      )}
      {view.who !== "all" && (
        <button type="button" class="button" onClick={() => desk.showView({ ...view, who: "all" })}>
          {t("Show all")}
        </button>
      )}
    </div>
  );
}

function emptyWords(desk: Desk, view: ListView): [title: string, next: string] {
  if (desk.me.value.sites.length === 0) {
    return [t("No site yet"), t("Add your website, paste one line into its pages, and its visitors can write to you.")];
  }
  if (view.who === "mine")
    return [t("Nothing of yours here"), t("Take a conversation with “Assign to me”, or press a while it is open.")];
  switch (view.status) {
    case "open":
      return [t("All answered"), t("New messages of visitors appear here by themselves.")];
    case "pending":
      return [t("Nothing pending"), t("Set a conversation to pending while you wait for the visitor.")];
    case "snoozed":
      return [
        t("Nothing snoozed"),
        t("A snoozed conversation comes back at the time you choose, or when the visitor writes."),
      ];
    case "resolved":
      return [t("Nothing resolved yet"), t("Resolve a conversation when it is finished. A new message reopens it.")];
    case "spam":
      return [t("No spam"), t("What you mark as spam stays out of the way here.")];
  }
}

function SearchBar({ desk }: { desk: Desk }) {
  const hits = desk.list.search.value?.hits;
  return (
    <p class="views quiet" role="status">
      {hits ? tn(hits.length, "{n} conversation found", "{n} conversations found") : t("Searching")}
    </p>
  );
}

function Hits({ desk }: { desk: Desk }) {
  const search = desk.list.search.value;
  if (!search?.hits) return <Skeleton rows={4} label={t("Searching")} />;
  if (search.error) {
    return (
      <p class="empty error" role="alert">
        {search.error}
      </p>
    );
  }
  if (search.hits.length === 0) {
    return (
      <div class="empty">
        <h2>{t("Nothing found")}</h2>
        <p>{t("Search looks for the exact text in all messages. Try a shorter part of a word.")}</p>
      </div>
    );
  }
  return (
    <div class="rows">
      {/* biome-ignore lint/a11y/noRedundantRoles: a list without bullets loses its role in Safari */}
      <ul id={ANCHORS.list} role="list" aria-label={t("Conversations")}>
        {search.hits.map((hit) => (
          <Row
            key={hit.row.channel}
            desk={desk}
            row={desk.list.inbox.value.rows.get(hit.row.channel) ?? hit.row}
            hit={hit}
          />
        ))}
      </ul>
    </div>
  );
}
