"""My data: all of it as a file, and the end of the account, with what goes and what stays (S3.19, P7)."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from widget_server.actions.credentials import check_own_password, has_password
from widget_server.actions.personal_data import do_delete_account, do_withdraw_posts, names_of, read_everything
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.ops.erasures import add_to_list
from widget_server.routes.proof import guessing
from widget_server.routes.visit import Pages, Visit
from widget_server.web.policies import signed_in_people

_log = logging.getLogger(__name__)
pages = Pages()

_PATH: Final = "/account/data"


@pages.get(_PATH, signed_in_people)
async def show_data(visit: Visit) -> web.Response:
    """What can be taken along, and what goes with the account."""
    return visit.page("my_data", **await _shown(visit))


async def show_data_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The page, and why nothing was deleted."""
    visit.form.values.pop("password", None)
    return visit.refused("my_data", error, **await _shown(visit))


@pages.post(f"{_PATH}/file", signed_in_people, again=show_data_again, while_banned=True)
async def send_file(visit: Visit) -> web.StreamResponse:
    """Everything that is held of the visitor, as one file, written while it is read."""
    office, account = visit.office, visit.account
    try:
        office.form_limit.take(office.address_of(visit.request), "data")
    except ProductError as error:
        return await show_data_again(visit, error)
    now_ms = office.now_ms()
    day = datetime.fromtimestamp(now_ms / 1000, UTC).date().isoformat()
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/json",
            "Content-Disposition": f'attachment; filename="my-data-{day}.json"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
    )
    await response.prepare(visit.request)
    async for piece in read_everything(office.engine.database, account.person_id, now_ms=now_ms):
        await response.write(piece)
    await response.write_eof()
    _log.info("Data taken along.", extra={"person": account.public_id})
    return response


@pages.post(f"{_PATH}/delete", signed_in_people, again=show_data_again, while_banned=True)
async def delete_account(visit: Visit) -> web.Response:
    """End the account, for who gives its password; who has none has just signed in."""
    office, account = visit.office, visit.account
    database = office.engine.database
    asks_password = await has_password(database, account)
    if not asks_password:
        visit.check_proved()
    try:
        if asks_password:
            async with guessing(visit):
                await check_own_password(database, office.passwords, account, visit.form["password"])
        names = await do_delete_account(office.engine, account.person_id)
    except Unacceptable as error:
        visit.form.refuse("password", error)
        return await show_data_again(visit)
    except ProductError as error:
        return await show_data_again(visit, error)
    with_posts = "posts" in visit.form
    erased = dict.fromkeys(names_of(names, with_posts=with_posts), office.now_ms())
    await asyncio.to_thread(add_to_list, office.settings.data_dir, erased)
    # Once it is on the list: whatever is left when the server ends here, the next start takes away.
    count = await do_withdraw_posts(office.engine, names) if with_posts else 0
    _log.info("Account deleted.", extra={"person": account.public_id, "people": len(names), "posts": count})
    answer = visit.go("/", visit.text("Your account is deleted."))
    office.sessions.cookies.drop(answer, office.sessions.cookies.session)
    return answer


async def _shown(visit: Visit) -> dict[str, Any]:
    return {"has_password": await has_password(visit.office.engine.database, visit.account)}
