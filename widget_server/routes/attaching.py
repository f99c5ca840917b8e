"""Files that a form brings without a script: taken in, looked at, and named by the form from then on.

A form that is shown again keeps them as it keeps what was typed: their ids stand in a hidden field, where a script puts
what it has sent by itself too. Sent twice, a form brings the same files.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

from widget_server.actions.stored_files import list_own
from widget_server.actions.uploads import (
    Account,
    Announced,
    do_announce,
    do_receive,
    upload_state,
    wait_until_settled,
)
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.protocol.frames import MAX_FILES
from widget_server.routes.desk import DESK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp.web import FileField

    from widget_server.routes.visit import Visit

MEGABYTES: Final = 50
"""Of a form with files, all of them together; a script sends larger ones one by one."""
FIELD: Final = "files"
IDS: Final = "file_ids"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_SECONDS: Final = 10.0
_BLOCK: Final = 1_048_576


async def attached_in(visit: Visit) -> tuple[str, ...] | None:
    """Return what a form attaches, taken in now where it is new; None, and the reason kept, where some is not taken.

    What is taken is named by the form from then on.
    """
    ids = [name for name in dict.fromkeys(visit.form[IDS].split()) if _ID.fullmatch(name)]
    is_good = True
    for place, file in enumerate(visit.form.uploads(FIELD)):
        try:
            if len(ids) >= MAX_FILES:
                raise Unacceptable("too_many_files", limit=MAX_FILES)
            ids.append(await _take(visit, file, place))
        except ProductError as error:
            visit.form.refuse(FIELD, error)
            is_good = False
    if len(ids) > MAX_FILES:
        visit.form.refuse(FIELD, Unacceptable("too_many_files", limit=MAX_FILES))
        is_good = False
    visit.form.values[IDS] = " ".join(ids)
    if ids:
        engine = visit.office.engine
        own = await engine.database.read(lambda tx: list_own(tx, visit.account.person_id, ids))
        visit.attached = [upload_state(file) for file in own]
    return tuple(ids) if is_good else None


async def _take(visit: Visit, file: FileField, place: int) -> str:
    engine = visit.office.engine
    wait = visit.request.app[DESK].limits.member(f"files {visit.account.public_id}")
    if wait is not None:
        raise Unacceptable("too_many_files", limit=MAX_FILES)
    size = await asyncio.to_thread(file.file.seek, 0, 2)
    wish = Announced(file.filename, size, _key(visit.form["client_id"], file.filename, size, place))
    announced = await do_announce(engine, Account(visit.account.person_id, None), wish)
    if announced.state == "coming":
        await do_receive(engine, announced, announced.received, _blocks(file, announced.received))
    settled = (await wait_until_settled(engine, announced.public_id, _SECONDS)).file
    if settled.state == "refused":
        told: dict[str, Any] = upload_state(settled)["error"]
        raise Unacceptable(told["name"], limit=(settled.remark or "").partition(" ")[2])
    if settled.state != "ready":
        raise Unacceptable("no_such_file")
    return settled.public_id


async def _blocks(file: FileField, offset: int) -> AsyncIterator[bytes]:
    await asyncio.to_thread(file.file.seek, offset)
    while block := await asyncio.to_thread(file.file.read, _BLOCK):
        yield block


def _key(form: str, name: str, size: int, place: int) -> str:
    """A UUIDv8 that is the same when the same form comes again."""
    digest = hashlib.sha256(f"{form}\0{name}\0{size}\0{place}".encode("utf-8", "replace")).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
