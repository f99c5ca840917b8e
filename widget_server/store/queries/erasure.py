"""What of people goes when they go, table by table; ``people`` are their keys (made by :func:`lists.listed`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, func, literal_column, or_, select, update

from widget_server.store.lists import with_list
from widget_server.store.said import SAID
from widget_server.store.statement import Statement
from widget_server.store.tables import (
    api_token,
    board_mark,
    bookmark,
    contact,
    conversation,
    draft,
    file,
    follow,
    held_post,
    identity,
    ignored,
    link,
    membership,
    message,
    notice,
    notice_choice,
    outbox,
    passkey,
    person,
    person_note,
    push_line,
    reader,
    recovery_code,
    report,
    revision,
    role_grant,
    room_invitation,
    second_factor,
    session,
    sign_in,
    site,
    watching,
    webhook_delivery,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Table

_b = bindparam
_PEOPLE: Final = "people"

NAME: Final = "Deleted account"
"""What stands under the messages that stay; pages say it in the reader's language."""


def _gone(table: Table, owner: ColumnElement[Any]) -> Statement:
    return with_list(lambda wanted: delete(table).where(wanted), owner, _PEOPLE)


FORGET_PERSON = with_list(
    lambda wanted: (
        update(person)
        .where(wanted)
        .values(
            name=NAME,
            folded_name=None,
            picture=None,
            place="",
            about="",
            language="",
            zone="",
            seen_at=None,
            availability="away",
            deleted_at=func.coalesce(person.c.deleted_at, _b("now")),
            stamp=_b("new_stamp"),
        )
    ),
    person.c.id,
    _PEOPLE,
)
"""The row stays for what refers to it, and says only that there was somebody."""

PICTURES = with_list(
    lambda wanted: select(person.c.picture).where(wanted, person.c.picture.is_not(None)), person.c.id, _PEOPLE
)

END_TOKENS = with_list(
    lambda wanted: (
        update(identity)
        .where(wanted, identity.c.kind == "visitor_token")
        .values(ended_at=func.coalesce(identity.c.ended_at, _b("now")), stamp=_b("new_stamp"))
    ),
    identity.c.person_id,
    _PEOPLE,
)
"""They stay as hashes, so that whoever still holds one is told that it has ended."""

END_SESSIONS = with_list(
    lambda wanted: (
        update(session)
        .where(wanted)
        .values(ended_at=func.coalesce(session.c.ended_at, _b("now")), browser="", network="", stamp=_b("new_stamp"))
    ),
    session.c.person_id,
    _PEOPLE,
)

END_API_TOKENS = with_list(
    lambda wanted: (
        update(api_token).where(wanted).values(ended_at=func.coalesce(api_token.c.ended_at, _b("now")), name="")
    ),
    api_token.c.person_id,
    _PEOPLE,
)

END_GRANTS = with_list(
    lambda wanted: (
        update(role_grant)
        .where(wanted, role_grant.c.ended_at.is_(None))
        .values(ended_at=_b("now"), stamp=_b("new_stamp"))
    ),
    role_grant.c.person_id,
    _PEOPLE,
)

LEAVE = with_list(
    lambda wanted: (
        update(membership)
        .where(wanted, membership.c.left_at.is_(None))
        .values(left_at=_b("now"), stamp=_b("new_stamp"))
    ),
    membership.c.person_id,
    _PEOPLE,
)

UNASSIGN = with_list(
    lambda wanted: (
        update(conversation)
        .where(
            wanted,
            # By site and status, which an index knows: those that are resolved are the many, and stay as they are.
            conversation.c.site_id.in_(select(site.c.id)),
            conversation.c.status.in_([literal_column(f"'{status}'") for status in ("open", "pending", "snoozed")]),
        )
        .values(assignee_id=None, stamp=_b("new_stamp"))
    ),
    conversation.c.assignee_id,
    _PEOPLE,
)

SHOW_ANEW = with_list(
    lambda wanted: update(conversation).where(wanted).values(stamp=_b("new_stamp")), conversation.c.visitor_id, _PEOPLE
)
"""Lists of conversations read the visitor's name again."""

HIDE_FILES = with_list(
    lambda wanted: (
        update(message)
        .where(message.c.no.in_(select(file.c.message_no).where(wanted, file.c.message_no.is_not(None))))
        .values(files=None)
    ),
    file.c.owner_id,
    _PEOPLE,
)
LET_GO_OF_FILES = with_list(
    lambda wanted: update(file).where(wanted).values(state="removed", message_no=None, name=""),
    file.c.owner_id,
    _PEOPLE,
)
"""The messages stay, what they carried goes: a worker removes the bytes, then the rows."""

FORGET_REPORTS = with_list(
    lambda wanted: update(report).where(wanted, report.c.details != literal_column("''")).values(details=""),
    report.c.reporter_id,
    _PEOPLE,
)
"""That a post was reported, and for which reason, stays for who looks at it; in what words goes."""

DELETED: Final = (
    with_list(
        lambda wanted: delete(identity).where(wanted, or_(identity.c.kind == "mail", identity.c.kind == "external")),
        identity.c.person_id,
        _PEOPLE,
    ),
    with_list(
        lambda wanted: delete(webhook_delivery).where(
            webhook_delivery.c.outbox_id.in_(select(outbox.c.id).where(wanted))
        ),
        outbox.c.person_id,
        _PEOPLE,
    ),
    _gone(outbox, outbox.c.person_id),
    _gone(sign_in, sign_in.c.person_id),
    _gone(second_factor, second_factor.c.person_id),
    _gone(recovery_code, recovery_code.c.person_id),
    _gone(passkey, passkey.c.person_id),
    _gone(link, link.c.person_id),
    _gone(contact, contact.c.person_id),
    _gone(reader, reader.c.person_id),
    _gone(room_invitation, room_invitation.c.person_id),
    _gone(room_invitation, room_invitation.c.invited_by),
    # Whose words they are, whoever took the message away.
    with_list(
        lambda wanted: delete(revision).where(
            select(message.c.no).where(message.c.no == revision.c.message_no, wanted).exists()
        ),
        message.c.author_id,
        _PEOPLE,
    ),
    _gone(follow, follow.c.follower_id),
    _gone(follow, follow.c.followed_id),
    _gone(bookmark, bookmark.c.person_id),
    _gone(draft, draft.c.person_id),
    _gone(ignored, ignored.c.person_id),
    _gone(ignored, ignored.c.ignored_id),
    _gone(board_mark, board_mark.c.person_id),
    _gone(notice, notice.c.person_id),
    _gone(watching, watching.c.person_id),
    with_list(
        lambda wanted: delete(watching).where(watching.c.kind == literal_column("'person'"), wanted),
        watching.c.object_id,
        _PEOPLE,
    ),
    _gone(notice_choice, notice_choice.c.person_id),
    _gone(push_line, push_line.c.person_id),
    _gone(held_post, held_post.c.author_id),
    _gone(person_note, person_note.c.person_id),
)

POSTS = with_list(
    lambda wanted: (
        select(message.c.channel_id, message.c.seq)
        # The last one first: a thread's opening comes when its answers are counted without theirs.
        .where(wanted, message.c.branch.is_not(None), literal_column("''") != SAID)
        .order_by(message.c.no.desc())
        .limit(_b("most"))
    ),
    message.c.author_id,
    _PEOPLE,
)
"""Those in which something is still written."""
FORGET_REVISIONS = Statement(delete(revision).where(revision.c.message_no == _b("no")))

BY_PUBLIC_IDS = with_list(
    lambda wanted: select(person.c.id).where(wanted, person.c.deleted_at.is_(None)), person.c.public_id, "public_ids"
)
ERASED_BY_PUBLIC_IDS = with_list(
    lambda wanted: select(person.c.id).where(wanted, person.c.deleted_at.is_not(None)),
    person.c.public_id,
    "public_ids",
)
PUBLIC_IDS = with_list(lambda wanted: select(person.c.public_id).where(wanted), person.c.id, _PEOPLE)
ERASED = Statement(select(person.c.public_id, person.c.deleted_at).where(person.c.deleted_at.is_not(None)))
