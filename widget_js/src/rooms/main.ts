/** The page of a room with a script: live, with the widget's own log and composer. It works without. */

import { Texts, type TextTable } from "../core/texts";
import { hearNotices } from "../pages/live/notices";
import { goBackToClose } from "./drawers";
import { People } from "./people";
import { Room } from "./room";
import { SideList } from "./side";

const { roomsTexts } = globalThis as typeof globalThis & { roomsTexts?: TextTable };

function begin(page: Document): void {
  const section = page.querySelector<HTMLElement>("[data-line][data-room]");
  const side = page.querySelector<HTMLElement>("#room-side");
  const members = page.querySelector<HTMLElement>("#room-people");
  const place = section?.querySelector<HTMLElement>("[data-log]");
  if (!section || !side || !members || !place) return;
  const texts = new Texts(page.documentElement.lang, roomsTexts ?? {});
  const list = new SideList(side, side.dataset["list"] ?? "");
  const people = new People(members, section, texts);
  goBackToClose(page, window);
  new Room({
    texts,
    section,
    place,
    changed({ state, isListStale, isRoomStale }) {
      people.show(state.here);
      if (isRoomStale) people.stale();
      if (isListStale || isRoomStale) list.stale();
    },
    hear: (frame) => hearNotices(page, frame),
    leave: () => location.assign(side.dataset["all"] ?? "/"),
  });
}

begin(document);
