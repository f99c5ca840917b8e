/** What is known of the visitor: where they are, what they told, when they were here. Only staff see it. */

import { X } from "lucide";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Contact, ConversationRow } from "../../protocol.gen";
import { browserName } from "../model/browser";
import { STATUS_WORDS } from "../model/names";
import { nameOf } from "../model/people";
import { hashOf } from "../model/route";
import { ago, exact, rowTime, timeIn } from "../model/times";
import type { Desk } from "../state/desk";
import type { OpenConversation } from "../state/opened";
import { language, t } from "../texts";
import { Avatar } from "./avatar";
import { BanPart } from "./ban";
import { Icon } from "./icon";

export function VisitorPane({ desk }: { desk: Desk }) {
  const opened = desk.opened.value;
  if (!opened || opened.gone.value) return null;
  const row = desk.list.row(opened.channel);
  const head = opened.staffHead.value;
  const visitor = head?.visitor ?? row?.visitor;
  return (
    <section
      class={`pane pane-visitor ${desk.visitorShown.value ? "pane-visitor-shown" : ""}`}
      aria-label={t("Visitor")}
    >
      {visitor && (
        <header class="visitor-head">
          <Avatar person={visitor} size="large" />
          <div class="grow">
            <h2 class="clip">{nameOf(visitor)}</h2>
            <p class="quiet">{opened.visitorOnline.value ? t("On the site now") : t("Not on the site")}</p>
          </div>
          <button
            type="button"
            class="button-icon only-without-visitor"
            aria-label={t("Close the details")}
            onClick={() => {
              desk.visitorShown.value = false;
            }}
          >
            <Icon of={X} />
          </button>
        </header>
      )}
      {head && <VerifiedPart contact={head.contact} />}
      {head && <ContactPart contact={head.contact} />}
      {head && <WherePart desk={desk} contact={head.contact} />}
      <WhenPart desk={desk} opened={opened} row={row} />
      {row && <EarlierPart key={opened.channel} desk={desk} channel={opened.channel} visitor={row.visitor.id} />}
      {head && <BanPart key={opened.channel} desk={desk} channel={opened.channel} />}
    </section>
  );
}

interface PartProps {
  readonly title: string;
  /** A word on all that follows, and what it means. */
  readonly aside?: string;
  readonly explained?: string;
  readonly children: ComponentChildren;
}

function Part({ title, aside = "", explained, children }: PartProps) {
  return (
    <section class="facts">
      <h3>
        {title}
        {aside && (
          <span class="facts-aside" title={explained}>
            {" "}
            {aside}
          </span>
        )}
      </h3>
      {children}
    </section>
  );
}

interface FactProps {
  readonly name: string;
  readonly children: ComponentChildren;
}

function Fact({ name, children }: FactProps) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What the site signed of its own signed-in person, and the account that has claimed the chats. */
function VerifiedPart({ contact }: { contact: Contact }) {
  const { subject, member } = contact;
  const { name, mail, attributes } = (contact.verified ?? {}) as Pick<Contact, "name" | "mail" | "attributes">;
  if (!subject && !member) return null;
  return (
    <Part
      title={t("Who they are")}
      aside={subject ? t("verified") : ""}
      explained={t("The site's own server signed it.")}
    >
      <dl>
        {member && <Fact name={t("Account")}>{member}</Fact>}
        {subject && <Fact name={t("Known as")}>{subject}</Fact>}
        {name && <Fact name={t("Name")}>{name}</Fact>}
        {mail && (
          <Fact name={t("Mail")}>
            <a href={`mailto:${encodeURIComponent(mail)}`}>{mail}</a>
          </Fact>
        )}
        {Object.entries(attributes ?? {}).map(([key, value]) => (
          <Fact key={key} name={key}>
            {String(value)}
          </Fact>
        ))}
      </dl>
    </Part>
  );
}

function ContactPart({ contact }: { contact: Contact }) {
  const attributes = Object.entries(contact.attributes ?? {});
  const told = contact.name || contact.mail || attributes.length > 0;
  return (
    <Part
      title={t("Contact")}
      aside={told ? t("unverified") : ""}
      explained={t("The page or the visitor said so. Nobody has checked it.")}
    >
      {told ? (
        <dl>
          {contact.name && <Fact name={t("Name")}>{contact.name}</Fact>}
          {contact.mail && (
            <Fact name={t("Mail")}>
              <a href={`mailto:${encodeURIComponent(contact.mail)}`}>{contact.mail}</a>
              {contact.mail_confirmed && (
                <span class="facts-aside" title={t("They opened a link that was mailed there.")}>
                  {" "}
                  {t("confirmed")}
                </span>
              )}
            </Fact>
          )}
          {attributes.map(([name, value]) => (
            <Fact key={name} name={name}>
              {String(value)}
            </Fact>
          ))}
        </dl>
      ) : (
        <p class="hint">{t("Nothing told yet.")}</p>
      )}
    </Part>
  );
}

function WherePart({ desk, contact }: { desk: Desk; contact: Contact }) {
  const time = contact.zone ? timeIn(contact.zone, desk.now.value) : null;
  return (
    <Part title={t("Where")}>
      <dl>
        {contact.page && (
          <Fact name={t("Page")}>
            {contact.title && <span class="fact-title">{contact.title}</span>}
            <Address address={contact.page} />
          </Fact>
        )}
        {contact.referrer && (
          <Fact name={t("Came from")}>
            <Address address={contact.referrer} />
          </Fact>
        )}
        {time && (
          <Fact name={t("Local time")}>
            <span class="number">{time}</span>
          </Fact>
        )}
        {contact.zone && <Fact name={t("Time zone")}>{contact.zone.replaceAll("_", " ")}</Fact>}
        {contact.language && <Fact name={t("Language")}>{languageName(contact.language)}</Fact>}
        {contact.browser && (
          <Fact name={t("Browser")}>
            <span title={contact.browser}>{browserName(contact.browser)}</span>
          </Fact>
        )}
      </dl>
    </Part>
  );
}

/** An address that a visitor's page named: a link where it is one, text where it could be anything else. */
function Address({ address }: { address: string }) {
  const shown = address.replace(/^https?:\/\//u, "");
  return /^https?:\/\//u.test(address) ? (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow ugc" title={address}>
      {shown}
    </a>
  ) : (
    <span>{shown}</span>
  );
}

interface WhenProps {
  readonly desk: Desk;
  readonly opened: OpenConversation;
  readonly row: ConversationRow | undefined;
}

function WhenPart({ desk, opened, row }: WhenProps) {
  const now = desk.now.value;
  const last = opened.items.value.findLast(
    (item) => item.kind === "message" && item.message?.author.role === "visitor",
  );
  if (!row && !last) return null;
  return (
    <Part title={t("When")}>
      <dl>
        {row && <MomentFact name={t("First wrote")} at={Date.parse(row.created_at)} now={now} />}
        {last && <MomentFact name={t("Last wrote")} at={last.at} now={now} />}
        {row && <Fact name={t("Site")}>{desk.siteName(row.site)}</Fact>}
      </dl>
    </Part>
  );
}

function MomentFact({ name, at, now }: { name: string; at: number; now: number }) {
  return (
    <Fact name={name}>
      <time dateTime={new Date(at).toISOString()} title={exact(at)}>
        {ago(at, now)}
      </time>
    </Fact>
  );
}

interface EarlierProps {
  readonly desk: Desk;
  readonly channel: string;
  readonly visitor: string;
}

/** Every other conversation of the same visitor with this site, by whichever way and on whichever device. */
function EarlierPart({ desk, channel, visitor }: EarlierProps) {
  const [others, setOthers] = useState<readonly ConversationRow[]>([]);
  const begun = desk.list.rows.value.filter((each) => each.visitor.id === visitor && each.channel !== channel).length;
  // A conversation that the visitor begins meanwhile comes as a row of the list, and asks for the others again.
  useEffect(() => {
    let here = true;
    desk.api.otherConversations(channel).then(
      (found) => {
        if (here) setOthers(found);
      },
      () => {
        // What cannot be listed now is listed when the conversation is opened again.
      },
    );
    return () => {
      here = false;
    };
  }, [desk, channel, begun]);
  if (others.length === 0) return null;
  return (
    <Part title={t("Other conversations")}>
      <ul class="earlier">
        {others
          .map((found) => desk.list.row(found.channel) ?? found)
          .map((row) => (
            <li key={row.channel}>
              <a href={hashOf({ page: "inbox", channel: row.channel })}>
                <span class="clip">{row.preview}</span>
                <span class="quiet number">
                  {STATUS_WORDS[row.status]} · {rowTime(Date.parse(row.activity_at), desk.now.value)}
                </span>
              </a>
            </li>
          ))}
      </ul>
    </Part>
  );
}

function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames(language, { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
