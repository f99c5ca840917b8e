import {
  DELIVERY_TRANSITIONS,
  type Delivery,
  type DeliveryEvent,
  type SideMarks,
  type VisitorMarks,
} from "../protocol.gen";

export type { Delivery, DeliveryEvent };

/** The state after `event`; an event without an entry is stale news and changes nothing. The table is the server's. */
export function advance(state: Delivery, event: DeliveryEvent): Delivery {
  return DELIVERY_TRANSITIONS[state][event] ?? state;
}

/** The state of a committed message with number `seq`, given the other side's watermarks. */
export function stateOf(seq: number, others: SideMarks): Delivery {
  return seq <= others.seen ? "seen" : seq <= others.delivered ? "delivered" : "sent";
}

/** Watermarks after news of them: they only rise, and what is seen is delivered too (G07). What is seen may be kept. */
export function raised(marks: SideMarks, news: VisitorMarks): SideMarks {
  const seen = news.seen == null ? 0 : Math.max(marks.seen, news.seen);
  return { seen, delivered: Math.max(marks.delivered, news.delivered, seen) };
}
