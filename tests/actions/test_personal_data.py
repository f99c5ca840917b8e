"""Everything of one person: in the file that they take along, and gone when they go."""

from __future__ import annotations

import io
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import ANY

import orjson
import pytest
from PIL import Image
from sqlalchemy import Integer, Text, func, insert, select, update

from tests.actions.crowd import NOW, PASSWORD, make_administrator, make_member
from tests.actions.works import at_work
from widget_server.actions.accounts import access_account, check_sign_in
from widget_server.actions.members import do_follow
from widget_server.actions.personal_data import do_delete_account, do_erase_again, list_erased, read_everything
from widget_server.actions.pictures import Pictures
from widget_server.actions.profiles import ProfileText, access_profile, do_edit_profile, do_set_picture
from widget_server.actions.retention import do_forget_community
from widget_server.actions.sessions import access_session, do_begin_session
from widget_server.core.errors import Refused
from widget_server.core.ids import token, uuid7
from widget_server.store.queries import personal
from widget_server.store.statement import Statement
from widget_server.store.tables import (
    api_token,
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
    metadata,
    notice,
    notice_choice,
    outbox,
    passkey,
    person,
    person_note,
    poll,
    poll_vote,
    push_line,
    reaction,
    reader,
    recovery_code,
    report,
    revision,
    room,
    room_invitation,
    second_factor,
    session,
    sign_in,
    silence,
    site,
    thread,
    vote,
    watching,
)

if TYPE_CHECKING:
    from sqlalchemy import Column, Table

    from tests.actions.works import Works
    from widget_server.actions.accounts import Account
    from widget_server.actions.passwords import Passwords
    from widget_server.store.database import Database, Row, Transaction

MARK: Final = "quokka"
"""Stands in everything that is personal, and nowhere else."""
BODY: Final = "What I wrote."

NOT_TOLD: Final = {
    "message": "told apart, in stretches",
    "channel.creator_id": "the conversations name it",
    "conversation.assignee_id": "other people's conversations",
    "link.made_by": "an invitation is the invited one's; the deed is told",
    "webhook.made_by": "the deed is told",
    "site_secret.made_by": "the deed is told",
    "api_token.made_by": "a site's token; the deed is told",
    "ban.made_by": "the deed is told",
    "ban.ended_by": "the deed is told",
    "person.merged_into": "what makes the set",
    "revision.person_id": "whoever made the change; the file has the earlier texts of what one wrote",
    "thread.last_author_id": "one's posts are told",
    "thread.removed_by": "the deed is told",
    "ignored.ignored_id": "who ignores somebody is nobody else's business",
    "notice.actor_id": "what others were told; the posts that it tells of are in the file",
    "held_post.decided_by": "the deed is told",
    "report.decided_by": "the deed is told",
    "room.removed_by": "the rooms that one had are told, and when they went",
    "silence.made_by": "the deed is told",
    "silence.ended_by": "the deed is told",
    "person_note.author_id": "what a moderator wrote about somebody else; the deed is told",
}


async def everything(database: Database, person_id: int) -> dict[str, Any]:
    pieces = [piece async for piece in read_everything(database, person_id, now_ms=NOW)]
    told: dict[str, Any] = orjson.loads(b"".join(pieces))
    return told


async def put(tx: Transaction, table: Table, **values: Any) -> None:
    await tx.run(Statement(insert(table).inline().values(**values)))


async def live_through(works: Works, passwords: Passwords) -> Account:
    """Make a member who has left something everywhere, in a chat that they have claimed too."""
    database = works.engine.database
    ada = await make_member(database, passwords, f"Ada {MARK}", f"{MARK}@example.com")
    bob = await make_member(database, passwords, "Bob")
    text = ProfileText(ada.name, f"{MARK} town", f"I am {MARK}.", "de", "Europe/Berlin")
    await do_edit_profile(database, ada.actor, ada.public_id, text, now_ms=NOW)
    written = io.BytesIO()
    Image.new("RGB", (20, 20), "teal").save(written, "PNG")
    picture = await Pictures().reencode(written.getvalue())
    await do_set_picture(database, ada.actor, ada.public_id, picture, now_ms=NOW)
    await do_follow(database, ada.actor, bob.public_id, now_ms=NOW)
    await do_follow(database, bob.actor, ada.public_id, now_ms=NOW)
    await database.write(lambda tx: _leave_rows(tx, ada.person_id))
    await database.write(lambda tx: take_part(tx, ada.person_id, bob.person_id))
    return ada


async def _leave_rows(tx: Transaction, owner: int) -> None:
    stamp = await tx.stamp()
    await put(
        tx, person, id=900, public_id="visitor", kind="visitor", name=f"Visitor {MARK}", created_at=NOW,
        merged_into=owner, stamp=stamp,
    )  # fmt: skip
    for key, values in (
        ("visitor_token", {"scope": 1, "value": "hash of a token"}),
        ("external", {"scope": 1, "value": f"{MARK}-7"}),
    ):
        await put(tx, identity, person_id=900, kind=key, created_at=NOW, **values)
    if await tx.one(Statement(select(site.c.id).where(site.c.id == 1))) is None:
        await put(tx, site, id=1, key="shop", name="Shop", created_at=NOW, stamp=stamp)
    await put(
        tx, contact, site_id=1, person_id=900, name=MARK, mail=f"{MARK}@example.com",
        attributes=f'{{"plan":"{MARK}"}}', context=f'{{"page":"https://{MARK}.example"}}', updated_at=NOW,
        subject=f"{MARK}-7",
    )  # fmt: skip
    for number, kind in ((900, "conversation"), (901, "staff")):
        await put(
            tx, channel, id=number, public_id=f"channel-{number}", kind=kind, site_id=1, creator_id=900,
            client_id=f"c-{number}", created_at=NOW, stamp=stamp,
        )  # fmt: skip
    await put(
        tx, conversation, channel_id=900, staff_id=901, site_id=1, visitor_id=900, activity_at=NOW, stamp=stamp,
        assignee_id=owner,
    )  # fmt: skip
    for number, author in ((1, 900), (2, owner)):
        await put(
            tx, message, no=number, channel_id=900, seq=number, author_id=author, side="visitor", kind="text",
            body=BODY, client_id=f"m-{number}", digest="d", first_version=number, version=number, created_at=NOW,
        )  # fmt: skip
    await put(tx, revision, message_no=1, revision=0, body=f"{MARK} before", person_id=900, created_at=NOW)
    await put(tx, membership, channel_id=900, person_id=900, joined_at=NOW, stamp=stamp)
    await put(tx, reader, channel_id=900, person_id=owner, seen_seq=1)
    for number, (name, no) in enumerate(((f"{MARK}.webp", 2), (f"{MARK} again.webp", None))):
        await put(
            tx, file, public_id=f"file-{number}", owner_id=owner, client_id=f"f-{number}", message_no=no, name=name,
            content_type="image/webp", size=7, state="ready", created_at=NOW, changed_at=NOW,
        )  # fmt: skip
    await tx.run(Statement(update(message).where(message.c.no == 2).values(files=f'[{{"name":"{MARK}.webp"}}]')))
    await put(tx, sign_in, person_id=owner, at=NOW, way="password", outcome="good", browser=MARK, network=MARK)
    await put(tx, second_factor, person_id=owner, secret=MARK, created_at=NOW)
    await put(tx, recovery_code, person_id=owner, code_hash=MARK)
    await put(tx, passkey, person_id=owner, credential_id=MARK, public_key=MARK, name=MARK, created_at=NOW)
    await put(
        tx, link, token_hash="x", purpose="reset", person_id=owner, address=f"{MARK}@example.com", created_at=NOW,
        expires_at=NOW,
    )  # fmt: skip
    await put(
        tx, api_token, public_id="token", token_hash="y", person_id=owner, name=MARK, made_by=owner, created_at=NOW
    )
    await put(
        tx, outbox, topic="mail", payload=f'{{"to":"{MARK}@example.com"}}', created_at=NOW, due_at=NOW,
        person_id=owner,
    )  # fmt: skip


async def take_part(tx: Transaction, owner: int, other: int) -> None:
    """Leave a row of everything that the community keeps: a thread of the owner's, and what they did in it."""
    stamp = await tx.stamp()
    await put(
        tx, board, id=1, public_id="board", slug="plants", name="Plants", folded_name="plants", creator_id=owner,
        created_at=NOW, stamp=stamp,
    )  # fmt: skip
    await put(
        tx, channel, id=910, public_id="thread", kind="thread", creator_id=owner, client_id="t-1", title="Roses",
        created_at=NOW, stamp=stamp, last_seq=2, version=2,
    )  # fmt: skip
    await put(
        tx, thread, channel_id=910, number=1, board_id=1, author_id=owner, last_author_id=other, created_at=NOW,
        activity_at=NOW,
    )  # fmt: skip
    for no, author in ((11, owner), (12, other)):
        await put(
            tx, message, no=no, channel_id=910, seq=no - 10, author_id=author, side="member", kind="text", body=BODY,
            client_id=f"p-{no}", digest="d", first_version=1, version=1, created_at=NOW, branch=0, path="",
        )  # fmt: skip
    # A moderator removed what the owner wrote: the text is theirs, the deed is not.
    await put(tx, revision, message_no=11, revision=0, body=f"{MARK} removed", person_id=other, created_at=NOW)
    await put(tx, poll, channel_id=910, question="Which?", options='["Red"]')
    for table, values in (
        (vote, {"message_no": 12, "value": 1}),
        (reaction, {"message_no": 12, "emoji": "heart"}),
        (poll_vote, {"channel_id": 910, "option": 0}),
        (bookmark, {"channel_id": 910, "seq": 2}),
        (ignored, {"ignored_id": other}),
    ):
        await put(tx, table, person_id=owner, created_at=NOW, **values)
    await put(tx, ignored, person_id=other, ignored_id=owner, created_at=NOW)
    await put(
        tx, channel, id=920, public_id="room", kind="room", creator_id=owner, client_id="r-1", created_at=NOW,
        stamp=stamp,
    )  # fmt: skip
    await put(
        tx, room, channel_id=920, name=MARK, folded_name=MARK, description=MARK, capacity=2, members=1,
        owner_id=owner, created_at=NOW, activity_at=NOW, stamp=stamp,
    )  # fmt: skip
    await put(tx, membership, channel_id=920, person_id=owner, role="owner", joined_at=NOW, stamp=stamp)
    for asked, asker in ((owner, other), (other, owner)):
        await put(tx, room_invitation, channel_id=920, person_id=asked, invited_by=asker, created_at=NOW)
    for whose, kind, key in ((owner, "thread", 910), (owner, "person", other), (other, "person", owner)):
        await put(tx, watching, person_id=whose, kind=kind, object_id=key, level="watch", created_at=NOW)
    await put(tx, notice_choice, person_id=owner, choices=f'{{"mark":"{MARK}"}}', changed_at=NOW)
    await put(
        tx, push_line, person_id=owner, endpoint=f"https://push.example/{MARK}", sealed_keys=MARK, browser=MARK,
        session_id=1, created_at=NOW,
    )  # fmt: skip
    await put(tx, board_mark, person_id=owner, board_id=1, read_at=NOW)
    await put(tx, draft, person_id=owner, place="new:1", body=MARK, details=f'{{"title":"{MARK}"}}', updated_at=NOW)
    await put(
        tx, notice, person_id=owner, kind="warning", details=f'{{"text":"{MARK}"}}', created_at=NOW, stamp=stamp,
        channel_id=910, seq=1,
    )  # fmt: skip
    await put(
        tx, held_post, public_id="held", author_id=owner, client_id="h-1", board_id=1, kind="thread",
        payload=f'{{"body":"{MARK}"}}', why="first", created_at=NOW,
    )  # fmt: skip
    await put(
        tx, report, public_id="report", reporter_id=owner, message_no=12, reason="spam", details=MARK, created_at=NOW
    )
    await put(tx, silence, person_id=owner, reason="Loud", made_by=other, created_at=NOW)
    for kind in ("note", "warning"):
        await put(tx, person_note, person_id=owner, author_id=other, kind=kind, body=f"{MARK} {kind}", created_at=NOW)


async def begin(database: Database, account: Account) -> str:
    made = token(secrets.token_bytes(32))
    await do_begin_session(database, account, made, replaced=None, browser=MARK, network=MARK, now_ms=NOW, days=1)
    return made


async def _all(statement: Statement, tx: Transaction) -> list[Row]:
    return await tx.all(statement)


async def places_of(database: Database, mark: str) -> set[str]:
    """Where a text stands in the store."""
    found = set()
    for table in metadata.sorted_tables:
        texts = [column for column in table.c if isinstance(column.type, Text)]
        for column in texts:
            marked = Statement(select(column).where(column.like(f"%{mark}%")))
            if await database.read(partial(_all, marked)):
                found.add(f"{table.name}.{column.name}")
    return found


async def test_s3_19_the_file_holds_everything_also_of_claimed_chats(database: Database, passwords: Passwords) -> None:
    async with at_work(database) as works:
        ada = await live_through(works, passwords)
        await begin(database, ada)
        told = await everything(database, ada.person_id)
    assert [one["name"] for one in told["profile"]] == [f"Ada {MARK}", f"Visitor {MARK}"]
    assert {one["address"] for one in told["identities"]} == {f"{MARK}@example.com", None}
    assert told["contacts"][0]["attributes"] == {"plan": MARK}
    assert [one["body"] for one in told["messages"]] == [BODY, BODY, BODY]
    assert {one["body"] for one in told["earlier_texts"]} == {f"{MARK} before", f"{MARK} removed"}
    assert told["threads"][0]["title"] == "Roses"
    assert told["threads"][0]["poll_options"] == ["Red"]
    assert told["drafts"][0]["details"] == {"title": MARK}
    assert told["held_posts"][0]["payload"] == {"body": MARK}
    assert told["reports"][0]["words"] == MARK
    assert [one["name"] for one in told["ignored"]] == ["Bob"]
    assert {(one["kind"], one["thread"], one["member"] is None) for one in told["watching"]} == {
        ("thread", 1, True),
        ("person", None, False),
    }
    assert told["notification_settings"][0]["choices"] == {"mark": MARK}
    # Moderators' notes are for one another.
    assert [one["body"] for one in told["warnings"]] == [f"{MARK} warning"]
    assert told["follows"][0]["name"] == told["followed_by"][0]["name"] == "Bob"
    assert told["pictures"][0]["content_type"] == "image/webp"
    assert told["conversations"][0]["id"] == "channel-900"
    assert told["profile"][0]["created_at"].endswith("Z")
    assert [(one["address"], one["name"], one["channel"]) for one in told["files"]] == [
        ("/files/file-0", f"{MARK}.webp", "channel-900"),
        ("/files/file-1", f"{MARK} again.webp", None),
    ]
    for name in ("sessions", "sign_ins", "second_factors", "recovery_codes", "passkeys", "links", "access_tokens",
                 "memberships", "read", "mails", "boards", "votes", "reactions", "poll_votes", "bookmarks",
                 "marked_read", "notices", "silences", "rooms", "room_invitations", "asked_into_rooms",
                 "push_lines"):  # fmt: skip
        assert told[name], name


async def test_s15_the_file_opens_nothing(database: Database, passwords: Passwords) -> None:
    async with at_work(database) as works:
        ada = await live_through(works, passwords)
        await begin(database, ada)
        told = orjson.dumps(await everything(database, ada.person_id)).decode()
    for secret in ("$argon2", "hash of a token", "token_hash", "secret", "code_hash", "public_key"):
        assert secret not in told


def test_s3_19_every_column_that_names_a_person_is_in_the_file_or_has_a_reason() -> None:
    told = set()
    for section in personal.SECTIONS:
        sql = section.statement.compiled("sqlite").sql
        told |= {
            f"{table.name}.{column.name}"
            for table in metadata.sorted_tables
            for column in table.c
            if f"{table.name}.{column.name} " in sql.replace("\n", " ") + " "
        }
    for table in metadata.sorted_tables:
        for column in table.c:
            if not _names_a_person(column) or table.name == "message":
                continue
            name = f"{table.name}.{column.name}"
            assert name in told or name in NOT_TOLD, f"{name}: tell it in the file, or say here why not"


def _names_a_person(column: Column[Any]) -> bool:
    return isinstance(column.type, Integer) and any(key.target_fullname == "person.id" for key in column.foreign_keys)


async def test_s3_19_nothing_of_them_is_left_but_their_messages(database: Database, passwords: Passwords) -> None:
    async with at_work(database) as works:
        ada = await live_through(works, passwords)
        here = await begin(database, ada)
        assert len(await places_of(database, MARK)) > 12
        names = await do_delete_account(works.engine, ada.person_id)
    assert set(names) == {ada.public_id, "visitor"}
    assert await places_of(database, MARK) == set()
    left = Statement(select(file.c.state, file.c.message_no))
    assert await database.read(lambda tx: tx.all(left)) == [("removed", None)] * 2
    bodies = await database.read(lambda tx: tx.all(Statement(select(message.c.body))))
    assert [row[0] for row in bodies] == [BODY] * 4
    authors = Statement(
        select(person.c.name).select_from(message.join(person, person.c.id == message.c.author_id)).distinct()
    )
    assert {row[0] for row in await database.read(lambda tx: tx.all(authors))} == {"Bob", "Deleted account"}
    with pytest.raises(Refused, match="signed_out"):
        await access_session(database, here, NOW)
    for gone in (access_account(database, ada.person_id), access_profile(database, ada.public_id)):
        with pytest.raises(Refused, match="not_found"):
            await gone
    with pytest.raises(Refused, match="wrong_sign_in"):
        await check_sign_in(database, passwords, mail=ada.mail, password=PASSWORD, now_ms=NOW)
    rows = Statement(select(identity.c.kind, identity.c.ended_at).where(identity.c.kind != "mail"))
    assert await database.read(lambda tx: tx.all(rows)) == [("visitor_token", ANY)]
    assert await database.read(lambda tx: tx.all(Statement(select(session.c.network, session.c.browser)))) == [("", "")]


async def test_s2_19_following_goes_with_the_account(database: Database, passwords: Passwords) -> None:
    async with at_work(database) as works:
        ada = await live_through(works, passwords)
        await do_delete_account(works.engine, ada.person_id)
    assert await database.read(lambda tx: tx.all(Statement(select(follow.c.created_at)))) == []


async def test_s3_19_nobody_watches_who_is_gone(database: Database, passwords: Passwords) -> None:
    async with at_work(database) as works:
        ada = await live_through(works, passwords)
        await do_delete_account(works.engine, ada.person_id)
    assert await database.read(lambda tx: tx.all(Statement(select(watching.c.person_id)))) == []


async def test_s3_19_address_and_name_are_free_again(database: Database, passwords: Passwords) -> None:
    async with at_work(database) as works:
        ada = await make_member(database, passwords)
        await do_delete_account(works.engine, ada.person_id)
        again = await make_member(database, passwords)
        assert again.public_id != ada.public_id
        second = await make_member(database, passwords, "Bob")
        await do_delete_account(works.engine, second.person_id)
        assert set(await list_erased(database)) == {ada.public_id, second.public_id}


async def test_the_last_administrator_stays(database: Database, passwords: Passwords) -> None:
    async with at_work(database) as works:
        root = await make_administrator(database, passwords, "Rootless Tree")
        others = await database.read(
            lambda tx: tx.all(
                Statement(select(person.c.id).where(person.c.kind == "agent", person.c.id != root.person_id))
            )
        )
        for (other,) in others:
            await do_delete_account(works.engine, other)
        with pytest.raises(Refused, match="last_administrator"):
            await do_delete_account(works.engine, root.person_id)
        assert (await access_account(database, root.person_id)).name == "Rootless Tree"


async def test_p7_who_came_back_is_erased_again_and_nobody_else(database: Database, passwords: Passwords) -> None:
    async with at_work(database) as works:
        ada = await live_through(works, passwords)
        bob = await access_account(database, ada.person_id)
        known = ["nobody", uuid7(NOW, secrets.token_bytes(10)), "visitor", ada.public_id, "' OR 1=1"]
        assert bob.name == ada.name
        assert await do_erase_again(database, known, now_ms=NOW) == 2
        assert await do_erase_again(database, known, now_ms=NOW) == 0
        assert await places_of(database, MARK) == set()
        assert set(await list_erased(database)) == {ada.public_id, "visitor"}
        assert [one.name for one in [await access_profile(database, p) for p in await _members(database)]] == ["Bob"]


async def _members(database: Database) -> list[str]:
    rows = Statement(select(person.c.public_id).where(person.c.kind == "member", person.c.deleted_at.is_(None)))
    return [row[0] for row in await database.read(lambda tx: tx.all(rows))]


async def test_p7_what_was_decided_removed_or_seen_goes_after_a_time(database: Database, passwords: Passwords) -> None:
    day = 86_400_000

    async def count(tx: Transaction) -> list[int]:
        found = [await tx.one(Statement(select(func.count()).select_from(table))) for table in kinds]
        return [row[0] for row in found if row is not None]

    kinds = (revision, held_post, report, notice)
    async with at_work(database) as works:
        await live_through(works, passwords)
        assert await do_forget_community(database, now_ms=NOW + 400 * day) == 0
        for change in (
            update(message).where(message.c.no == 11).values(removed_at=NOW),
            update(held_post).values(decided_at=NOW),
            update(report).values(decided_at=NOW),
            update(notice).values(seen_at=NOW),
        ):
            statement = Statement(change)
            await database.write(partial(_run, statement))
        assert await do_forget_community(database, now_ms=NOW + 59 * day) == 0
        assert await do_forget_community(database, now_ms=NOW + 91 * day) == 4
    # The earlier text of a message that is still there stays.
    assert await database.read(count) == [1, 0, 0, 0]


async def _run(statement: Statement, tx: Transaction) -> int:
    return await tx.run(statement)
