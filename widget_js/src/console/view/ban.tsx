/** Whether the visitor may write. A ban is made without a question, and can be taken back for ten seconds and later. */

import { useEffect, useState } from "preact/hooks";
import type { Ban } from "../api";
import { exact } from "../model/times";
import type { Desk } from "../state/desk";
import { t } from "../texts";

interface BanProps {
  readonly desk: Desk;
  readonly channel: string;
}

export function BanPart({ desk, channel }: BanProps) {
  // Undefined until the server has said it: a button that changes its meaning under the pointer would be pressed wrongly.
  const [ban, setBan] = useState<Ban | null | undefined>();
  const warn = (refused: unknown): void => desk.notices.warn((refused as Error).message);
  useEffect(() => {
    let isShown = true;
    desk.api.visitorBan(channel).then((found) => isShown && setBan(found), warn);
    return () => {
      isShown = false;
    };
  }, [channel]);
  const lift = async (id: number): Promise<void> => {
    try {
      await desk.api.liftBan(id);
      setBan(null);
    } catch (refused) {
      warn(refused);
    }
  };
  const make = async (): Promise<void> => {
    try {
      const made = await desk.api.banVisitor(channel);
      setBan(made);
      if (made) desk.notices.say(t("Visitor banned"), () => void lift(made.id));
    } catch (refused) {
      warn(refused);
    }
  };
  return (
    <section class="facts" aria-busy={ban === undefined}>
      {ban ? (
        <>
          <p>
            {ban.until
              ? t("May not write here until {time}.", { time: exact(Date.parse(ban.until)) })
              : t("May not write here.")}
            {ban.reason && ` ${ban.reason}`}
          </p>
          <button type="button" class="button start" onClick={() => void lift(ban.id)}>
            {t("Lift the ban")}
          </button>
        </>
      ) : (
        <button
          type="button"
          class="button start"
          aria-disabled={ban === undefined}
          onClick={() => ban === null && void make()}
        >
          {t("Ban this visitor")}
        </button>
      )}
    </section>
  );
}
