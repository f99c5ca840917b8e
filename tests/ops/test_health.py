"""Readiness and the measures, as an operator's tools read them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from widget_server.ops.health import HEALTH, Health, show_livez, show_readyz
from widget_server.ops.metrics import METRICS, Metrics, show_metrics
from widget_server.ops.watchdog import watch_loop

if TYPE_CHECKING:
    from pytest_aiohttp import AiohttpClient


async def fine() -> str | None:
    return None


def make_app(health: Health) -> web.Application:
    app = web.Application()
    app[HEALTH] = health
    app[METRICS] = Metrics()
    app.router.add_get("/livez", show_livez)
    app.router.add_get("/readyz", show_readyz)
    app.router.add_get("/metrics", show_metrics)
    app.cleanup_ctx.append(watch_loop)
    return app


async def test_a_server_whose_checks_pass_is_ready(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(make_app(Health({"store": fine})))
    response = await client.get("/readyz")
    assert response.status == 200
    assert await response.json() == {"status": "ready", "checks": {"store": "ok", "loop": "ok"}}
    assert (await client.get("/livez")).status == 200


async def test_a_failing_check_is_named_and_its_secret_is_not(aiohttp_client: AiohttpClient) -> None:
    async def broken() -> str | None:
        raise RuntimeError("password=hunter2")

    async def behind() -> str | None:
        return "the schema is older than this program; run `widget-server migrate`"

    health = Health({"store": broken})
    health.add("schema", behind)
    client = await aiohttp_client(make_app(health))
    response = await client.get("/readyz")
    body = await response.json()
    assert response.status == 503
    assert body["status"] == "not ready"
    assert body["checks"]["store"] == "failed"
    assert "migrate" in body["checks"]["schema"]
    assert "hunter2" not in await response.text()


async def test_where_only_an_optional_part_fails_the_server_is_degraded_and_still_takes_traffic(
    aiohttp_client: AiohttpClient,
) -> None:
    async def fails() -> str | None:
        return "lost"

    health = Health({"store": fine})
    health.add_optional("broker", fails)
    client = await aiohttp_client(make_app(health))
    response = await client.get("/readyz")
    assert response.status == 200
    assert await response.json() == {"status": "degraded", "checks": {"store": "ok", "broker": "lost", "loop": "ok"}}
    health.add("disk", fails)
    assert (await client.get("/readyz")).status == 503


async def test_a_check_that_hangs_has_failed(aiohttp_client: AiohttpClient) -> None:
    async def hangs() -> str | None:
        await asyncio.Event().wait()
        return None

    client = await aiohttp_client(make_app(Health({"store": hangs}, patience_seconds=0.01)))
    body = await (await client.get("/readyz")).json()
    assert body["checks"]["store"] == "no answer within 0.01 s"


async def test_a_draining_server_is_alive_and_not_ready(aiohttp_client: AiohttpClient) -> None:
    health = Health({"store": fine})
    client = await aiohttp_client(make_app(health))
    health.drain()
    response = await client.get("/readyz")
    assert response.status == 503
    assert (await response.json())["status"] == "draining"
    assert (await client.get("/livez")).status == 200


async def test_metrics_are_text_that_prometheus_reads(aiohttp_client: AiohttpClient) -> None:
    app = make_app(Health())
    app[METRICS].commands["done"] += 1
    client = await aiohttp_client(app)
    response = await client.get("/metrics")
    assert response.content_type == "text/plain"
    text = await response.text()
    assert 'widget_commands_total{outcome="done"} 1.0' in text
    assert "widget_build_info{" in text


def test_two_servers_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.slow_readers.inc()
    assert b"widget_slow_readers_total 1.0" in one.render()
    assert b"widget_slow_readers_total 0.0" in other.render()
