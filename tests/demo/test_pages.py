"""The host pages, without the widget: what they claim to be they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from demo_site.products import BY_SLUG, PRODUCTS, Cart
from demo_site.shop import HERE, make_app

if TYPE_CHECKING:
    from pytest_aiohttp import AiohttpClient

TAG = '<script async src="http://localhost:8080/widget/KEY.js"></script>'
PAGES = ["/", "/products/fjord-mug", "/cart", "/contact", "/strict", "/app", "/app/lamps", "/hostile", "/rtl"]


@pytest.mark.parametrize("path", PAGES)
async def test_s1_01_a_host_page_loads_nothing_but_itself_and_the_tag(aiohttp_client: AiohttpClient, path: str) -> None:
    client = await aiohttp_client(make_app("http://localhost:8080", "KEY"))
    response = await client.get(path)
    text = await response.text()
    assert response.status == 200
    outside = set(re.findall(r"(?:https?:)?//[a-z][^\s\"'<>]*", text))
    assert outside == {"http://localhost:8080/widget/KEY.js"}


@pytest.mark.parametrize("path", ["/", "/products/fjord-mug", "/cart", "/contact", "/hostile", "/rtl"])
async def test_a_plain_page_carries_the_tag_as_it_is_pasted(aiohttp_client: AiohttpClient, path: str) -> None:
    client = await aiohttp_client(make_app("http://localhost:8080/", "KEY"))
    assert TAG in await (await client.get(path)).text()


async def test_the_strict_page_admits_one_script_and_one_server(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(make_app("http://localhost:8080", "KEY"))
    first, second = await client.get("/strict"), await client.get("/strict")
    policy = dict(part.split(" ", 1) for part in first.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "http://localhost:8080 ws://localhost:8080"
    assert policy["trusted-types"] == "'none'"
    assert policy["script-src"].removeprefix("'nonce-").removesuffix("'") in await first.text()
    assert first.headers["Content-Security-Policy"] != second.headers["Content-Security-Policy"]


async def test_a_cart_follows_the_visitor(aiohttp_client: AiohttpClient) -> None:
    client = await aiohttp_client(make_app("http://localhost:8080", "KEY"))
    await client.post("/cart", data={"slug": "fjord-mug"})
    response = await client.post("/cart", data={"slug": "fjord-mug"})
    assert "€36.00" in await response.text()
    assert (await client.post("/cart", data={"slug": "gone"})).status == 404
    assert (await client.get("/products/gone")).status == 404


def test_a_cart_leaves_out_what_is_not_on_the_shelf() -> None:
    cart = Cart.from_cookie("fjord-mug.gone.fjord-mug.slow-clock")
    assert [(product.slug, count) for product, count in cart.lines] == [("fjord-mug", 2), ("slow-clock", 1)]
    assert cart.plus(BY_SLUG["slow-clock"]).to_cookie() == "fjord-mug.fjord-mug.slow-clock.slow-clock"


def test_every_product_is_drawn() -> None:
    art = (HERE / "templates" / "art.html").read_text(encoding="utf-8")
    assert all(f'slug == "{product.slug}"' in art for product in PRODUCTS)
