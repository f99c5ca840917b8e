"""The pages on which those who manage a site say where its events are sent, and see what became of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from widget_server.actions import webhooks
from widget_server.actions.sites import list_managed_sites
from widget_server.core.errors import ProductError, Unacceptable
from widget_server.core.permissions import can_create_sites
from widget_server.routes.tokens import site_managers
from widget_server.routes.visit import Pages, Visit

if TYPE_CHECKING:
    from aiohttp import web

    from widget_server.actions.webhooks import Webhook

_log = logging.getLogger(__name__)
pages = Pages()
LIST: Final = "/admin/webhooks"
ONE: Final = f"{LIST}/{{webhook}}"
_USUAL: Final = ("conversation.created", "message.created")
_DIGITS: Final = 15


@pages.get(LIST, site_managers)
async def show_webhooks(visit: Visit) -> web.Response:
    """All of one's sites, and the form for another one."""
    return visit.page("webhooks", **await _shown(visit))


async def show_webhooks_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The same with what was typed."""
    return visit.refused("webhooks", error, **await _shown(visit))


@pages.post(LIST, site_managers, again=show_webhooks_again)
async def create_webhook(visit: Visit) -> web.Response:
    """Add one; its secret is shown on this page and never again."""
    visit.check_proved()
    office, clock = visit.office, visit.office.engine.clock
    url, topics = visit.form.check("url", office.outgoing.check_url), _topics_of(visit)
    if url is None or topics is None:
        return await show_webhooks_again(visit)
    secret = webhooks.new_secret(clock.random(32))
    made = await webhooks.do_create_webhook(
        office.engine.database,
        office.sealer,
        visit.actor,
        site_key=visit.form["site"] or None,
        url=url,
        topics=topics,
        secret=secret,
        now_ms=clock.now_ms(),
        random=clock.random,
    )
    _log.info("Webhook made.", extra={"person": visit.actor.public_id, "webhook": made.public_id})
    visit.form.values.clear()
    response = visit.page("webhooks", **(await _shown(visit) | {"secret": secret}))
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.get(ONE, site_managers)
async def show_webhook(visit: Visit) -> web.Response:
    """One of them, and what was sent to it."""
    found = await _find(visit)
    return visit.page("webhook", **await _one(visit, found))


async def show_webhook_again(visit: Visit, error: ProductError | None = None) -> web.Response:
    """The same with what was typed."""
    return visit.refused("webhook", error, **await _one(visit, await _find(visit)))


@pages.post(ONE, site_managers, again=show_webhook_again)
async def change_webhook(visit: Visit) -> web.Response:
    """Change address, topics, and whether it is switched on."""
    visit.check_proved()
    found = await _find(visit)
    url, topics = visit.form.check("url", visit.office.outgoing.check_url), _topics_of(visit)
    if url is None or topics is None:
        return await show_webhook_again(visit)
    await webhooks.do_change_webhook(
        visit.office.engine.database,
        visit.actor,
        found.public_id,
        url=url,
        topics=topics,
        is_active="is_active" in visit.form,
        now_ms=visit.office.now_ms(),
    )
    return visit.go(f"{LIST}/{found.public_id}", visit.text("Saved."))


@pages.post(f"{ONE}/ping", site_managers)
async def ping_webhook(visit: Visit) -> web.Response:
    """Send it an event that means nothing."""
    found = await _find(visit)
    await webhooks.do_ping(visit.office.engine.database, visit.actor, found.public_id, visit.office.now_ms())
    visit.office.engine.on_outgoing()
    return visit.go(f"{LIST}/{found.public_id}", visit.text("A test is on its way. Load this page again to see it."))


@pages.post(f"{ONE}/again", site_managers)
async def send_again(visit: Visit) -> web.Response:
    """Have one delivery tried at once."""
    found, which = await _find(visit), visit.form["id"]
    number = int(which) if which.isascii() and which.isdigit() and len(which) <= _DIGITS else 0
    await webhooks.do_retry(visit.office.engine.database, visit.actor, found.public_id, number, visit.office.now_ms())
    return visit.go(f"{LIST}/{found.public_id}", visit.text("It will be sent again at once."))


@pages.post(f"{ONE}/remove", site_managers)
async def remove_webhook(visit: Visit) -> web.Response:
    """Take it away."""
    found = await _find(visit)
    await webhooks.do_end_webhook(visit.office.engine.database, visit.actor, found.public_id, visit.office.now_ms())
    return visit.go(LIST, visit.text("The webhook was removed."))


async def _find(visit: Visit) -> Webhook:
    public_id = visit.request.match_info["webhook"]
    return await webhooks.access_webhook(visit.office.engine.database, visit.actor, public_id)


async def _shown(visit: Visit) -> dict[str, Any]:
    database = visit.office.engine.database
    sites = {site.key: site.name for site in await list_managed_sites(database, visit.actor)}
    if can_create_sites(visit.actor):
        sites |= {"": visit.text("All sites")}
    return {
        "webhooks": await webhooks.list_webhooks(database, visit.actor),
        "sites": sites,
        "topics": _boxes(visit, _USUAL),
        "secret": None,
    }


async def _one(visit: Visit, found: Webhook) -> dict[str, Any]:
    rows = await webhooks.list_deliveries(visit.office.engine.database, visit.actor, found.public_id)
    return {
        "webhook": found,
        "topics": _boxes(visit, found.topics),
        "deliveries": rows[: webhooks.DELIVERIES_PAGE],
    }


def _boxes(visit: Visit, before: tuple[str, ...]) -> list[tuple[str, bool]]:
    """The topics as boxes: (name, whether it is ticked)."""
    form = visit.form
    return [(topic, f"topic_{topic}" in form if form.values else topic in before) for topic in webhooks.TOPICS]


def _topics_of(visit: Visit) -> tuple[str, ...] | None:
    """Return the topics that were ticked; None, with the reason beside them, where that is nothing."""
    ticked = [name.removeprefix("topic_") for name in visit.form.values if name.startswith("topic_")]
    try:
        return webhooks.check_topics(ticked)
    except Unacceptable as error:
        visit.form.refuse("topics", error)
        return None
