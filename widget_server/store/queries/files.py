"""Files: taking them in, looking at them, binding them to a message, and letting go of them."""

from __future__ import annotations

from sqlalchemy import bindparam, case, delete, func, insert, or_, select, update

from widget_server.store.lists import with_list
from widget_server.store.statement import Statement
from widget_server.store.tables import channel, file, message, person, site

_b = bindparam
_BATCH = 50

FILE_COLUMNS = (
    file.c.id,
    file.c.public_id,
    file.c.owner_id,
    file.c.client_id,
    file.c.site_id,
    file.c.message_no,
    file.c.name,
    file.c.kind,
    file.c.content_type,
    file.c.size,
    file.c.received,
    file.c.stored,
    file.c.width,
    file.c.height,
    file.c.details,
    file.c.state,
    file.c.remark,
)
"""In the order of ``actions.uploads.StoredFile``."""

FIND = Statement(
    select(*FILE_COLUMNS, channel.c.public_id, channel.c.site_id, message.c.removed_at)
    .select_from(
        file.outerjoin(message, message.c.no == file.c.message_no).outerjoin(
            channel, channel.c.id == message.c.channel_id
        )
    )
    .where(file.c.public_id == _b("public_id"))
)
"""A file, and where the message stands that carries it."""

BY_CLIENT_ID = Statement(
    select(*FILE_COLUMNS).where(file.c.owner_id == _b("owner_id"), file.c.client_id == _b("client_id"))
)

HOLD_PERSON = Statement(select(person.c.id).where(person.c.id == _b("key")).with_for_update(key_share=True))
HOLD_SITE = Statement(select(site.c.id).where(site.c.id == _b("key")).with_for_update(key_share=True))
"""Whoever adds to a share holds it, so that it is exact. The person first, then the site."""

_COUNTS = or_(file.c.state == "coming", file.c.state == "come", file.c.state == "ready")
_BYTES = func.coalesce(func.sum(case((file.c.state == "ready", file.c.stored), else_=file.c.size)), 0)

USED_BY_PERSON = Statement(select(_BYTES).where(file.c.owner_id == _b("owner_id"), _COUNTS))
USED_BY_SITE = Statement(select(_BYTES).where(file.c.site_id == _b("site"), _COUNTS))
"""Bytes that count against a share: what is kept, and what was announced."""

WAITING = Statement(select(func.count()).where(file.c.owner_id == _b("owner_id"), file.c.message_no.is_(None), _COUNTS))
"""How many somebody has sent that no message carries yet."""

INSERT = Statement(
    insert(file)
    .values(
        public_id=_b("public_id"),
        owner_id=_b("owner_id"),
        client_id=_b("client_id"),
        site_id=_b("site_id"),
        name=_b("name"),
        size=_b("size"),
        created_at=_b("now"),
        changed_at=_b("now"),
    )
    .returning(*FILE_COLUMNS)
)

RECEIVE = Statement(
    update(file)
    .where(file.c.id == _b("key"), file.c.state == "coming", file.c.received == _b("was"))
    .values(
        received=_b("to"),
        changed_at=_b("now"),
        state=case((file.c.size == _b("to"), "come"), else_="coming"),
    )
)
"""So many bytes are here now; with the last one it is whole. Nothing where another request was quicker."""

PROGRESS = Statement(select(file.c.state, file.c.received).where(file.c.id == _b("key")))

CANCEL = Statement(
    update(file)
    .where(file.c.id == _b("key"), file.c.message_no.is_(None), file.c.state != "removed")
    .values(state="removed", changed_at=_b("now"))
)

# --- the worker's

COME = Statement(
    select(*FILE_COLUMNS)
    .where(file.c.state == "come", file.c.taken_until < _b("now"))
    .order_by(file.c.changed_at)
    .limit(_BATCH)
)

TAKE = Statement(
    update(file)
    .where(file.c.id == _b("key"), file.c.state == "come", file.c.taken_until < _b("now"))
    .values(taken_until=_b("until"))
)

READY = Statement(
    update(file)
    .where(file.c.id == _b("key"), file.c.state == "come")
    .values(
        state="ready",
        name=_b("new_name"),
        kind=_b("new_kind"),
        content_type=_b("new_type"),
        size=_b("new_size"),
        stored=_b("new_stored"),
        width=_b("new_width"),
        height=_b("new_height"),
        details=_b("new_details"),
        changed_at=_b("now"),
        taken_until=0,
    )
)

REFUSE = Statement(
    update(file)
    .where(file.c.id == _b("key"), file.c.state == "come")
    .values(state="refused", remark=_b("why"), changed_at=_b("now"), taken_until=0)
)

REMOVED = Statement(
    select(file.c.id, file.c.public_id).where(file.c.state == "removed").order_by(file.c.changed_at).limit(_BATCH)
)

FORGET = Statement(delete(file).where(file.c.id == _b("key"), file.c.state == "removed"))

EXPIRE = Statement(
    update(file)
    .where(
        file.c.message_no.is_(None),
        file.c.state != "removed",
        file.c.changed_at < _b("before"),
        file.c.taken_until < _b("now"),
    )
    .values(state="removed", changed_at=_b("now"))
)
"""What was begun and not finished, or never sent. What waits with a held post is taken until that is decided."""

# --- messages

TO_BIND = with_list(
    lambda wanted: select(*FILE_COLUMNS).where(wanted).order_by(file.c.id).with_for_update(key_share=True),
    file.c.public_id,
    "ids",
)

BY_PUBLIC_IDS = with_list(lambda wanted: select(*FILE_COLUMNS).where(wanted), file.c.public_id, "ids")

_MESSAGE_NO = (
    select(message.c.no).where(message.c.channel_id == _b("channel_id"), message.c.seq == _b("seq")).scalar_subquery()
)

BIND = Statement(
    update(file)
    .where(file.c.id == _b("key"), file.c.message_no.is_(None))
    .values(message_no=_MESSAGE_NO, position=_b("place"), taken_until=0)
)

SHOW_FILES = Statement(
    update(message)
    .where(message.c.channel_id == _b("channel_id"), message.c.seq == _b("seq"))
    .values(files=_b("new_files"))
)

PUT_FILES = Statement(update(message).where(message.c.no == _b("key")).values(files=_b("new_files")))

OF_MESSAGE = Statement(
    select(*FILE_COLUMNS)
    .where(file.c.message_no == _b("of_no"), file.c.state == "ready")
    .order_by(file.c.position, file.c.id)
)

REMOVE_OF_MESSAGE = Statement(
    update(file)
    .where(file.c.message_no == _b("of_no"), file.c.state != "removed")
    .values(state="removed", message_no=None, changed_at=_b("now"))
)

KEEP_UNTIL = with_list(
    lambda wanted: update(file).where(wanted, file.c.owner_id == _b("owner")).values(taken_until=_b("until")),
    file.c.public_id,
    "ids",
)
"""What waits with a held post does not expire meanwhile."""
