/** The words that the interface uses for the protocol's names: one place, so that the same thing has the same name. */

import type { Delivery } from "../../core/delivery";
import type { StatusName } from "../../protocol.gen";
import type { Who } from "./inbox";

export const DELIVERY_WORDS: Readonly<Record<Delivery, string>> = {
  pending: "Sending",
  sent: "Sent",
  delivered: "Delivered",
  seen: "Seen",
  failed: "Not sent",
};

export const STATUS_WORDS: Readonly<Record<StatusName, string>> = {
  open: "Open",
  pending: "Pending",
  snoozed: "Snoozed",
  resolved: "Resolved",
  spam: "Spam",
};

export const WHO_WORDS: Readonly<Record<Who, string>> = {
  mine: "Mine",
  unassigned: "Unassigned",
  all: "All",
};
