/** The question before sending when another agent has answered since this one began to write. */

import type { Message } from "../../protocol.gen";

/**
 * The latest answer of another agent with a number above `since` (the last one that stood there when the text was begun),
 * or null when nobody has answered meanwhile.
 */
export function answeredMeanwhile(messages: readonly Message[], since: number, me: string): Message | null {
  return (
    messages.findLast(
      (message) =>
        message.seq > since && message.author.role === "agent" && message.author.id !== me && !message.removed,
    ) ?? null
  );
}
