/** The whole page: the bar with what is always there, the panes or a page beside them, and what floats above. */

import { CircleHelp, Globe, Inbox, LogOut, MessageSquareText, Search, UserRound } from "lucide";
import { hashOf, type Route } from "../model/route";
import { CannedPage } from "../pages/canned";
import { ProfilePage } from "../pages/profile";
import { SitesPage } from "../pages/sites";
import type { Desk } from "../state/desk";
import { t } from "../texts";
import { Avatar } from "./avatar";
import { ConnectionBar } from "./connection";
import { ConversationPane } from "./conversation";
import { Icon } from "./icon";
import { ListPane } from "./list";
import { Menu, type MenuChoice } from "./menu";
import { NoticesView } from "./notices";
import { Palette } from "./palette";
import { ShortcutSheet } from "./shortcuts";
import { VisitorPane } from "./visitor";

export function Frame({ desk }: { desk: Desk }) {
  const route = desk.route.value;
  return (
    <div class="frame">
      <TopBar desk={desk} />
      <ConnectionBar desk={desk} />
      <Place desk={desk} route={route} />
      <NoticesView notices={desk.notices} />
      {desk.overlay.value === "palette" && <Palette desk={desk} />}
      {desk.overlay.value === "shortcuts" && <ShortcutSheet desk={desk} />}
    </div>
  );
}

function Place({ desk, route }: { desk: Desk; route: Route }) {
  switch (route.page) {
    case "sites":
      return <SitesPage desk={desk} chosen={route.key} />;
    case "canned":
      return <CannedPage desk={desk} />;
    case "profile":
      return <ProfilePage desk={desk} />;
    case "inbox":
      return (
        <main class={`panes ${route.channel === null ? "panes-list" : "panes-conversation"}`}>
          <h1 class="sr">{t("Conversations")}</h1>
          <ListPane desk={desk} />
          <ConversationPane desk={desk} />
          <VisitorPane desk={desk} />
        </main>
      );
  }
}

function TopBar({ desk }: { desk: Desk }) {
  const { page } = desk.route.value;
  const inbox: Route = { page: "inbox", channel: desk.opened.value?.channel ?? null };
  return (
    <header class="top">
      <nav class="places" aria-label={t("Console")}>
        <PlaceLink to={inbox} here={page === "inbox"} icon={Inbox} label={t("Inbox")} />
        <PlaceLink
          to={{ page: "canned" }}
          here={page === "canned"}
          icon={MessageSquareText}
          label={t("Canned replies")}
        />
        <PlaceLink to={{ page: "sites", key: null }} here={page === "sites"} icon={Globe} label={t("Sites")} />
      </nav>
      <button
        type="button"
        class="find"
        aria-label={t("Find anything")}
        onClick={() => {
          desk.overlay.value = "palette";
        }}
      >
        <Icon of={Search} size={16} />
        <span class="find-word">{t("Find anything")}</span>
      </button>
      <AvailabilitySwitch desk={desk} />
      <AccountMenu desk={desk} />
    </header>
  );
}

interface PlaceLinkProps {
  readonly to: Route;
  readonly here: boolean;
  readonly icon: typeof Inbox;
  readonly label: string;
}

function PlaceLink({ to, here, icon, label }: PlaceLinkProps) {
  return (
    <a class="place" href={hashOf(to)} aria-current={here ? "page" : undefined} title={label}>
      <Icon of={icon} />
      <span class="place-word">{label}</span>
    </a>
  );
}

function AvailabilitySwitch({ desk }: { desk: Desk }) {
  const online = desk.availability.value === "online";
  return (
    <button
      type="button"
      role="switch"
      class={`availability ${online ? "availability-on" : ""}`}
      aria-checked={online}
      aria-label={t("Online")}
      title={
        online
          ? t("Visitors are told that you are there")
          : t("Visitors are told that nobody is there, unless colleagues are")
      }
      onClick={() => void desk.setAvailability(online ? "away" : "online")}
    >
      <span class="availability-knob" aria-hidden="true" />
      <span>{online ? t("Online") : t("Away")}</span>
    </button>
  );
}

function AccountMenu({ desk }: { desk: Desk }) {
  const choices: (MenuChoice | "line")[] = [
    { label: t("You and this browser"), icon: UserRound, run: () => desk.go({ page: "profile" }) },
    {
      label: t("Shortcuts"),
      aside: "?",
      icon: CircleHelp,
      run: () => {
        desk.overlay.value = "shortcuts";
      },
    },
    "line",
    { label: t("Sign out"), icon: LogOut, run: () => void desk.signOut() },
  ];
  return (
    <Menu
      label={t("Signed in as {name}", { name: desk.me.value.name })}
      class="button-bare"
      arrow={false}
      choices={choices}
    >
      <Avatar person={desk.author.value} size="medium" />
    </Menu>
  );
}
