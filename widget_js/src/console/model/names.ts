/** The words that the interface uses for the protocol's names: one place, so that the same thing has the same name. */

import type { Delivery } from "../../core/delivery";
import type { StatusName } from "../../protocol.gen";
import { t } from "../texts";
import type { Who } from "./inbox";

export const DELIVERY_WORDS: Readonly<Record<Delivery, string>> = {
  pending: t("Sending"),
  sent: t("Sent"),
  delivered: t("Delivered"),
  seen: t("Seen"),
  failed: t("Not sent"),
};

export const STATUS_WORDS: Readonly<Record<StatusName, string>> = {
  open: t("Open"),
  pending: t("Pending"),
  snoozed: t("Snoozed"),
  resolved: t("Resolved"),
  spam: t("Spam"),
};

export const WHO_WORDS: Readonly<Record<Who, string>> = {
  mine: t("Mine"),
  unassigned: t("Unassigned"),
  all: t("All"),
};
