"""Everything that the store holds of people, as they are told it; ``people`` are their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, func, literal_column, select

from widget_server.store.lists import with_list
from widget_server.store.statement import Statement
from widget_server.store.tables import (
    api_token,
    audit,
    ban,
    board,
    board_mark,
    bookmark,
    channel,
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
    picture,
    poll,
    poll_vote,
    push_line,
    reaction,
    reader,
    recovery_code,
    report,
    revision,
    role_grant,
    room,
    room_invitation,
    second_factor,
    session,
    sign_in,
    silence,
    site,
    tag,
    thread,
    vote,
    watching,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, FromClause, Table

_b = bindparam
_PEOPLE: Final = "people"
_other = person.alias("other")


class Section(NamedTuple):
    """A part of the file: rows of one kind, each with these names."""

    name: str
    columns: tuple[str, ...]
    statement: Statement


def _section(
    name: str,
    owner: ColumnElement[Any],
    *columns: ColumnElement[Any],
    joined: FromClause | None = None,
    where: Sequence[ColumnElement[bool]] = (),
) -> Section:
    def build(wanted: ColumnElement[bool]) -> Any:
        rows = select(*columns).where(wanted, *where).order_by(*columns[:1])
        return rows if joined is None else rows.select_from(joined)

    return Section(name, tuple(str(column.key) for column in columns), with_list(build, owner, _PEOPLE))


def _of_post(table: Table) -> FromClause:
    """Join what hangs on messages with their places."""
    return table.join(message, message.c.no == table.c.message_no).join(channel, channel.c.id == message.c.channel_id)


def _is_watched(kind: str, key: ColumnElement[Any]) -> ColumnElement[bool]:
    return (watching.c.kind == literal_column(f"'{kind}'")) & (watching.c.object_id == key)


SECTIONS: Final = (
    _section(
        "profile",
        person.c.id,
        person.c.created_at,
        person.c.public_id.label("id"),
        person.c.kind,
        person.c.name,
        person.c.place,
        person.c.about,
        person.c.language,
        person.c.zone,
        person.c.availability,
        person.c.seen_at,
    ),
    _section(
        "pictures",
        person.c.id,
        picture.c.hash,
        picture.c.content_type,
        picture.c.body.label("base64"),
        joined=person.join(picture, picture.c.hash == person.c.picture),
    ),
    # A password, a visitor's token and what a site calls its people are no news to their owner, or open something.
    _section(
        "identities",
        identity.c.person_id,
        identity.c.created_at,
        identity.c.kind,
        identity.c.written.label("address"),
        identity.c.confirmed_at,
        identity.c.ended_at,
        site.c.key.label("site"),
        joined=identity.outerjoin(site, site.c.id == identity.c.scope),
    ),
    _section(
        "contacts",
        contact.c.person_id,
        contact.c.updated_at,
        site.c.key.label("site"),
        contact.c.name,
        contact.c.mail,
        contact.c.mail_confirmed_at,
        contact.c.subject,
        contact.c.attributes,
        contact.c.verified,
        contact.c.context,
        joined=contact.join(site, site.c.id == contact.c.site_id),
    ),
    _section(
        "sessions",
        session.c.person_id,
        session.c.created_at,
        session.c.seen_at,
        session.c.expires_at,
        session.c.ended_at,
        session.c.browser,
        session.c.network,
    ),
    _section(
        "sign_ins",
        sign_in.c.person_id,
        sign_in.c.at,
        sign_in.c.way,
        sign_in.c.outcome,
        sign_in.c.network,
        sign_in.c.browser,
    ),
    _section("second_factors", second_factor.c.person_id, second_factor.c.created_at, second_factor.c.confirmed_at),
    _section("recovery_codes", recovery_code.c.person_id, recovery_code.c.used_at),
    _section("passkeys", passkey.c.person_id, passkey.c.created_at, passkey.c.name, passkey.c.used_at),
    _section(
        "links", link.c.person_id, link.c.created_at, link.c.purpose, link.c.address, link.c.used_at, link.c.ended_at
    ),
    _section(
        "access_tokens",
        api_token.c.person_id,
        api_token.c.created_at,
        api_token.c.name,
        api_token.c.scopes,
        api_token.c.used_at,
        api_token.c.ended_at,
    ),
    _section(
        "roles",
        role_grant.c.person_id,
        role_grant.c.created_at,
        role_grant.c.role,
        site.c.key.label("site"),
        role_grant.c.ended_at,
        joined=role_grant.outerjoin(site, site.c.id == role_grant.c.site_id),
    ),
    _section("bans", ban.c.person_id, ban.c.created_at, ban.c.kind, ban.c.reason, ban.c.ends_at, ban.c.ended_at),
    _section(
        "follows",
        follow.c.follower_id,
        follow.c.created_at,
        _other.c.public_id.label("id"),
        _other.c.name,
        joined=follow.join(_other, _other.c.id == follow.c.followed_id),
    ),
    _section(
        "followed_by",
        follow.c.followed_id,
        follow.c.created_at,
        _other.c.public_id.label("id"),
        _other.c.name,
        joined=follow.join(_other, _other.c.id == follow.c.follower_id),
    ),
    _section(
        "conversations",
        conversation.c.visitor_id,
        channel.c.created_at,
        channel.c.public_id.label("id"),
        site.c.key.label("site"),
        conversation.c.status,
        conversation.c.activity_at,
        joined=conversation.join(channel, channel.c.id == conversation.c.channel_id).join(
            site, site.c.id == conversation.c.site_id
        ),
    ),
    _section(
        "memberships",
        membership.c.person_id,
        membership.c.joined_at,
        channel.c.public_id.label("channel"),
        room.c.name,
        membership.c.role,
        membership.c.level,
        membership.c.left_at,
        joined=membership.join(channel, channel.c.id == membership.c.channel_id).outerjoin(
            room, room.c.channel_id == membership.c.channel_id
        ),
    ),
    _section(
        "rooms",
        room.c.owner_id,
        room.c.created_at,
        channel.c.public_id.label("channel"),
        room.c.name,
        room.c.description,
        room.c.access,
        room.c.capacity,
        room.c.removed_at,
        joined=room.join(channel, channel.c.id == room.c.channel_id),
    ),
    _section(
        "room_invitations",
        room_invitation.c.person_id,
        room_invitation.c.created_at,
        channel.c.public_id.label("channel"),
        room.c.name,
        joined=room_invitation.join(channel, channel.c.id == room_invitation.c.channel_id).join(
            room, room.c.channel_id == room_invitation.c.channel_id
        ),
    ),
    _section(
        "asked_into_rooms",
        room_invitation.c.invited_by,
        room_invitation.c.created_at,
        channel.c.public_id.label("channel"),
        _other.c.public_id.label("id"),
        _other.c.name,
        joined=room_invitation.join(channel, channel.c.id == room_invitation.c.channel_id).join(
            _other, _other.c.id == room_invitation.c.person_id
        ),
    ),
    _section(
        "read",
        reader.c.person_id,
        channel.c.public_id.label("channel"),
        reader.c.delivered_seq,
        reader.c.seen_seq,
        joined=reader.join(channel, channel.c.id == reader.c.channel_id),
    ),
    _section(
        "files",
        file.c.owner_id,
        file.c.created_at,
        literal_column("'/files/'").op("||")(file.c.public_id).label("address"),
        file.c.name,
        file.c.content_type,
        file.c.size,
        file.c.state,
        channel.c.public_id.label("channel"),
        message.c.seq,
        joined=file.outerjoin(message, message.c.no == file.c.message_no).outerjoin(
            channel, channel.c.id == message.c.channel_id
        ),
        where=(file.c.state != literal_column("'removed'"),),
    ),
    _section(
        "earlier_texts",
        # By whose words they are: a moderator's removal keeps the text of somebody else.
        message.c.author_id,
        revision.c.created_at,
        channel.c.public_id.label("channel"),
        message.c.seq,
        revision.c.body,
        joined=revision.join(message, message.c.no == revision.c.message_no).join(
            channel, channel.c.id == message.c.channel_id
        ),
    ),
    _section(
        "boards",
        board.c.creator_id,
        board.c.created_at,
        board.c.public_id.label("id"),
        board.c.name,
        board.c.archived_at,
    ),
    _section(
        "threads",
        thread.c.author_id,
        thread.c.created_at,
        channel.c.public_id.label("channel"),
        thread.c.number,
        board.c.slug.label("board"),
        channel.c.title,
        thread.c.kind,
        thread.c.removed_at,
        poll.c.question.label("poll"),
        poll.c.options.label("poll_options"),
        joined=thread.join(channel, channel.c.id == thread.c.channel_id)
        .join(board, board.c.id == thread.c.board_id)
        .outerjoin(poll, poll.c.channel_id == thread.c.channel_id),
    ),
    _section(
        "votes",
        vote.c.person_id,
        vote.c.created_at,
        channel.c.public_id.label("channel"),
        message.c.seq,
        vote.c.value,
        joined=_of_post(vote),
    ),
    _section(
        "reactions",
        reaction.c.person_id,
        reaction.c.created_at,
        channel.c.public_id.label("channel"),
        message.c.seq,
        reaction.c.emoji,
        joined=_of_post(reaction),
    ),
    _section(
        "poll_votes",
        poll_vote.c.person_id,
        poll_vote.c.created_at,
        channel.c.public_id.label("channel"),
        poll_vote.c.option,
        joined=poll_vote.join(channel, channel.c.id == poll_vote.c.channel_id),
    ),
    _section(
        "bookmarks",
        bookmark.c.person_id,
        bookmark.c.created_at,
        channel.c.public_id.label("channel"),
        bookmark.c.seq,
        joined=bookmark.join(channel, channel.c.id == bookmark.c.channel_id),
    ),
    _section("drafts", draft.c.person_id, draft.c.updated_at, draft.c.place, draft.c.body, draft.c.details),
    _section(
        "ignored",
        ignored.c.person_id,
        ignored.c.created_at,
        _other.c.public_id.label("id"),
        _other.c.name,
        joined=ignored.join(_other, _other.c.id == ignored.c.ignored_id),
    ),
    _section("marked_read", board_mark.c.person_id, board_mark.c.read_at, board_mark.c.board_id),
    _section(
        "watching",
        watching.c.person_id,
        watching.c.created_at,
        watching.c.kind,
        watching.c.level,
        board.c.slug.label("board"),
        thread.c.number.label("thread"),
        tag.c.name.label("tag"),
        _other.c.public_id.label("member"),
        joined=watching.outerjoin(board, _is_watched("board", board.c.id))
        .outerjoin(thread, _is_watched("thread", thread.c.channel_id))
        .outerjoin(tag, _is_watched("tag", tag.c.id))
        .outerjoin(_other, _is_watched("person", _other.c.id)),
    ),
    _section(
        "notification_settings",
        notice_choice.c.person_id,
        notice_choice.c.changed_at,
        notice_choice.c.mails,
        notice_choice.c.choices,
        notice_choice.c.due_at,
    ),
    # Where a browser is woken, and the keys for it, open something.
    _section("push_lines", push_line.c.person_id, push_line.c.created_at, push_line.c.browser, push_line.c.used_at),
    # Whose deed it tells of is on the post that it leads to.
    _section(
        "notices",
        notice.c.person_id,
        notice.c.created_at,
        notice.c.kind,
        channel.c.public_id.label("channel"),
        notice.c.seq,
        notice.c.details,
        notice.c.seen_at,
        joined=notice.outerjoin(channel, channel.c.id == notice.c.channel_id),
    ),
    _section(
        "held_posts",
        held_post.c.author_id,
        held_post.c.created_at,
        held_post.c.kind,
        board.c.slug.label("board"),
        held_post.c.payload,
        held_post.c.why,
        held_post.c.decided_at,
        held_post.c.verdict,
        joined=held_post.join(board, board.c.id == held_post.c.board_id),
    ),
    _section(
        "reports",
        report.c.reporter_id,
        report.c.created_at,
        channel.c.public_id.label("channel"),
        message.c.seq,
        report.c.reason,
        report.c.details.label("words"),
        report.c.decided_at,
        joined=_of_post(report),
    ),
    _section(
        "silences",
        silence.c.person_id,
        silence.c.created_at,
        silence.c.board_id,
        silence.c.reason,
        silence.c.ends_at,
        silence.c.ended_at,
    ),
    # Only what they were told. Moderators' notes are for one another: to show them would warn whom they are about,
    # and tell them who wrote about them (docs/privacy.md).
    _section(
        "warnings",
        person_note.c.person_id,
        person_note.c.created_at,
        person_note.c.board_id,
        person_note.c.body,
        where=(person_note.c.kind == literal_column("'warning'"),),
    ),
    _section("mails", outbox.c.person_id, outbox.c.created_at, outbox.c.topic, outbox.c.payload, outbox.c.done_at),
    _section(
        "deeds", audit.c.actor_id, audit.c.at, audit.c.verb, audit.c.object_kind, audit.c.object_id, audit.c.details
    ),
)
"""Each small beside the messages."""

MESSAGE_COLUMNS: Final = ("created_at", "channel", "seq", "side", "kind", "body", "removed_at")
MESSAGES = with_list(
    lambda wanted: (
        select(
            message.c.created_at,
            channel.c.public_id,
            message.c.seq,
            message.c.side,
            message.c.kind,
            message.c.body,
            message.c.removed_at,
        )
        .select_from(message.join(channel, channel.c.id == message.c.channel_id))
        .where(wanted, message.c.no > _b("after"), message.c.no <= _b("until"))
        .order_by(message.c.no)
    ),
    message.c.author_id,
    _PEOPLE,
)
"""Those in one stretch of all messages: no index goes by author, and no reading may take long."""
LAST_MESSAGE = Statement(select(func.max(message.c.no)))
