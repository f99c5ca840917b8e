"""Operations on webhooks. What a webhook is told a program must be allowed to read by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from widget_server.actions import webhooks
from widget_server.core.scopes import Scope
from widget_server.core.times import iso
from widget_server.routes.api import models
from widget_server.routes.api.operations import Call, Operations, Reply, given_of
from widget_server.routes.api.paging import cut, key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from widget_server.actions.webhooks import Delivery, Webhook
    from widget_server.store.records import State

operations = Operations()
_ONE = "/webhooks/{id}"


@operations.add("GET", "/webhooks", Scope.WEBHOOKS_READ, answer=models.Webhooks)
async def list_webhooks(call: Call) -> Reply:
    """The webhooks of the sites that the token manages, oldest first."""
    found = await webhooks.list_webhooks(call.engine.database, call.program.actor)
    return Reply({"webhooks": [_state(each) for each in found]})


@operations.add(
    "POST",
    "/webhooks",
    Scope.WEBHOOKS_WRITE,
    body=models.NewWebhook,
    answer=models.FreshWebhook,
    status=201,
    refusals=("not_found", "bad_url", "bad_choice", "bad_value"),
)
async def create_webhook(call: Call) -> Reply:
    """Add a webhook; its secret is told this once. Each topic needs the scope that reads what it tells."""
    body: models.NewWebhook = call.body
    clock = call.engine.clock
    secret = webhooks.new_secret(clock.random(32))
    made = await webhooks.do_create_webhook(
        call.engine.database,
        call.office.sealer,
        call.program.actor,
        site_key=body.site,
        url=call.office.outgoing.check_url(body.url),
        topics=_topics(call, body.topics),
        secret=secret,
        now_ms=clock.now_ms(),
        random=clock.random,
    )
    return Reply(_state(made) | {"secret": secret})


@operations.add("GET", _ONE, Scope.WEBHOOKS_READ, answer=models.Webhook, refusals=("not_found",))
async def read_webhook(call: Call) -> Reply:
    """One webhook."""
    return Reply(_state(await webhooks.access_webhook(call.engine.database, call.program.actor, call.uuid("id"))))


@operations.add(
    "PATCH",
    _ONE,
    Scope.WEBHOOKS_WRITE,
    body=models.WebhookChange,
    answer=models.Webhook,
    refusals=("not_found", "bad_url", "bad_choice", "bad_value"),
)
async def change_webhook(call: Call) -> Reply:
    """Change what is given. One that is switched off keeps what already waits for it.

    Another address needs the scopes that read what it is told.
    """
    body: models.WebhookChange = call.body
    given_of(body)
    changed = await webhooks.do_change_webhook(
        call.engine.database,
        call.program.actor,
        call.uuid("id"),
        url=None if body.url is None else call.office.outgoing.check_url(body.url),
        topics=None if body.topics is None else _topics(call, body.topics),
        is_active=body.is_active,
        readable=_readable(call),
        now_ms=call.engine.clock.now_ms(),
    )
    return Reply(_state(changed))


@operations.add("DELETE", _ONE, Scope.WEBHOOKS_WRITE, refusals=("not_found",))
async def remove_webhook(call: Call) -> Reply:
    """Take a webhook away; what waits for it is given up."""
    now = call.engine.clock.now_ms()
    await webhooks.do_end_webhook(call.engine.database, call.program.actor, call.uuid("id"), now)
    return Reply(None)


@operations.add("POST", f"{_ONE}/ping", Scope.WEBHOOKS_WRITE, refusals=("not_found",))
async def ping_webhook(call: Call) -> Reply:
    """Send it an event that means nothing (``webhook.ping``), to try it."""
    now = call.engine.clock.now_ms()
    await webhooks.do_ping(call.engine.database, call.program.actor, call.uuid("id"), now)
    call.engine.on_outgoing()
    return Reply(None)


@operations.add(
    "GET",
    f"{_ONE}/deliveries",
    Scope.WEBHOOKS_READ,
    query=models.Paged,
    answer=models.Deliveries,
    refusals=("not_found",),
)
async def list_deliveries(call: Call) -> Reply:
    """What was sent to it, the newest first, for as long as it is kept."""
    query: models.Paged = call.query
    public_id = call.uuid("id")
    name = f"deliveries of {public_id}"
    found = await webhooks.list_deliveries(
        call.engine.database,
        call.program.actor,
        public_id,
        before=key_of(call, name),
        limit=query.limit,
    )
    shown, following = cut(call, name, found)
    return Reply({"deliveries": [_delivery(each) for each in shown], "next": following})


@operations.add("POST", f"{_ONE}/deliveries/{{delivery}}/retry", Scope.WEBHOOKS_WRITE, refusals=("not_found",))
async def retry_delivery(call: Call) -> Reply:
    """Have one tried at once, also one that was given up."""
    now = call.engine.clock.now_ms()
    delivery = int(call.part("delivery"))
    await webhooks.do_retry(call.engine.database, call.program.actor, call.uuid("id"), delivery, now)
    return Reply(None)


def _topics(call: Call, wanted: Sequence[str]) -> tuple[str, ...]:
    return webhooks.check_topics(wanted, _readable(call))


def _readable(call: Call) -> list[str]:
    return [topic for topic, scope in webhooks.TOPICS.items() if scope in call.program.token.scopes]


def _state(webhook: Webhook) -> State:
    return {
        "id": webhook.public_id,
        "site": webhook.site_key,
        "url": webhook.url,
        "topics": list(webhook.topics),
        "is_active": webhook.is_active,
        "created_at": iso(webhook.created_at),
    }


def _delivery(delivery: Delivery) -> State:
    return {
        "id": delivery.id,
        "event": delivery.event_id,
        "topic": delivery.topic,
        "state": delivery.state,
        "created_at": iso(delivery.created_at),
        "due_at": iso(max(delivery.due_at, delivery.created_at)) if delivery.state == "waiting" else None,
        "attempts": delivery.attempts,
        "status": delivery.status,
        "problem": delivery.problem,
    }
