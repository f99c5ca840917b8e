"""S3.16: the data browser, for administrators alone."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from sqlalchemy import insert, select

from tests.routes.conftest import PASSWORD, Browser, make_agent, make_site
from widget_server.core.permissions import Role
from widget_server.routes.office import OFFICE
from widget_server.store.masks import HARMLESS, MASKED, MASKED_WHERE, TABLES, WRITTEN
from widget_server.store.queries.browsing import REFERENCES
from widget_server.store.statement import Statement
from widget_server.store.tables import audit, identity, installation, recovery_code, session

if TYPE_CHECKING:
    from widget_server.store.database import Row

SMELL = re.compile("secret|token|hash|key|passw|code|nonce|credential|seal|digest|factor")
AUDIT = Statement(select(audit.c.verb, audit.c.object_kind, audit.c.details).order_by(audit.c.id))
MAIL = "ada@example.com"


async def administrator(browser: Browser) -> int:
    """Sign in as one; the person's key."""
    made = await make_agent(browser, role=Role.ADMINISTRATOR)
    await browser.sign_in(MAIL)
    return made.person_id


async def look(browser: Browser, path: str) -> str:
    response = await browser.open(path)
    text = await response.text()
    assert response.status == 200, text
    return text


def cells(page: str) -> list[list[str]]:
    """What stands in the rows of the page's table."""
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [html.unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<td>(.*?)</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def following(page: str) -> str | None:
    found = re.search(r'rel="next" href="([^"]*)"', page)
    return html.unescape(found[1]) if found else None


def test_s3_16_a_column_that_smells_of_a_secret_is_hidden_or_known_to_be_harmless() -> None:
    undecided = [
        f"{table.name}.{column.name}"
        for table in TABLES.values()
        for column in table.columns
        if SMELL.search(column.name)
        and column.name not in MASKED.get(table.name, set()) | HARMLESS.get(table.name, set())
        and (table.name, column.name) not in MASKED_WHERE
    ]
    assert undecided == []


def test_the_lists_name_columns_that_exist() -> None:
    for known in (MASKED, HARMLESS):
        for table, columns in known.items():
            assert columns <= set(TABLES[table].columns.keys())
    assert set(TABLES) >= WRITTEN
    for reference in REFERENCES:
        assert reference.column in TABLES[reference.table].columns
        assert reference.key in TABLES[reference.target].columns


@pytest.mark.everywhere
async def test_s3_16_every_table_can_be_looked_at_by_an_administrator(browser: Browser) -> None:
    await administrator(browser)
    index = await look(browser, "/admin/data")
    for table in TABLES:
        assert f'href="/admin/data/{table}"' in index
        await look(browser, f"/admin/data/{table}")


@pytest.mark.parametrize("role", [Role.AGENT, Role.MODERATOR])
async def test_s3_16_nobody_else_gets_anything(browser: Browser, role: Role) -> None:
    await make_agent(browser, role=role)
    await browser.post_form(email=MAIL, password=PASSWORD)
    for path in ("/admin/data", "/admin/data/person", "/admin/data/nothing"):
        assert (await browser.open(path)).status == 403


@pytest.mark.everywhere
async def test_s3_16_credentials_and_tokens_are_never_in_a_page(browser: Browser) -> None:
    person = await administrator(browser)
    database = browser.app[OFFICE].engine.database
    put = Statement(insert(recovery_code).values(person_id=person, code_hash="veiled-code"))
    visitor = Statement(
        insert(identity).values(person_id=person, kind="visitor_token", scope=1, value="veiled-visitor", created_at=1)
    )

    async def write(tx: object) -> None:
        await tx.run(put)  # type: ignore[attr-defined]  # a transaction
        await tx.run(visitor)  # type: ignore[attr-defined]  # a transaction

    await database.write(write)
    secrets = {"veiled-code", "veiled-visitor"}
    for column in (session.c.token_hash, identity.c.secret):
        statement = Statement(select(column).where(column.is_not(None)))
        secrets |= {row[0] for row in await database.read(lambda tx, found=statement: tx.all(found))}  # type: ignore[misc]  # a default is no parameter
    key = Statement(select(installation.c.value).where(installation.c.name == "secret"))
    secrets |= {row[0] for row in await database.read(lambda tx: tx.all(key))}
    assert len(secrets) >= 4
    tables = ("session", "identity", "installation", "recovery_code")
    for table in (*tables, f"identity?column=person_id&how=is&value={person}"):
        page = await look(browser, f"/admin/data/{table}")
        assert "hidden" in page
        for secret in secrets:
            assert secret not in page
    found = cells(await look(browser, f"/admin/data/identity?column=value&how=is&value={MAIL}"))
    assert len(found) == 1
    below, above = [
        cells(await look(browser, f"/admin/data/identity?column=value&how=from&value=veiled-{end}")) for end in "az"
    ]
    assert below == above


@pytest.mark.parametrize("how", ["is", "contains", "from", "to", "empty"])
async def test_what_is_hidden_cannot_be_guessed_by_conditions(browser: Browser, how: str) -> None:
    await administrator(browser)
    response = await browser.open(f"/admin/data/session?column=token_hash&how={how}&value=a")
    assert response.status == 422
    assert "<tbody>" not in await response.text()


FOUND = [
    ("name", "is", "Ada", ["Ada"]),
    ("name", "is", "ada", []),
    ("name", "contains", "RAC", ["Grace"]),
    ("name", "contains", "%", ["100%_\\"]),
    ("name", "contains", "_\\", ["100%_\\"]),
    ("name", "from", "B", ["Grace"]),
    ("name", "to", "B", ["100%_\\", "Ada"]),
    ("id", "contains", "1", None),
    ("created_at", "from", "2001-01-01", ["100%_\\", "Grace", "Ada"]),
    ("created_at", "to", "2001-01-01", []),
    ("merged_into", "empty", "", ["100%_\\", "Grace", "Ada"]),
    ("merged_into", "is", "9223372036854775807", []),
    ("name", "is", "' OR 1=1 --", []),
]
"""Column, kind, value, and who is found; None: whoever it is."""


@pytest.mark.everywhere
async def test_rows_are_found_by_any_column(browser: Browser) -> None:
    await administrator(browser)
    await make_agent(browser, "grace@example.com", "Grace")
    await make_agent(browser, "percent@example.com", "100%_\\")
    place = list(TABLES["person"].columns.keys()).index("name")
    for column, how, value, names in FOUND:
        page = await look(browser, f"/admin/data/person?column={column}&how={how}&value={quote(value)}")
        found = sorted(row[place] for row in cells(page))
        assert names is None or found == sorted(names), (column, how, value)


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ("nothing", 404),
        ("person;drop", 404),
        ("person?column=name%3B--&how=is&value=x", 404),
        ("person?column=name&how=like&value=x", 404),
        ("person?column=id&how=is&value=x", 422),
        ("person?column=id&how=is&value=99999999999999999999", 422),
        ("person?column=id&how=is&value=%00", 422),
        ("person?column=name&how=is&value=%00", 422),
        ("person?column=name&how=is&value=" + "x" * 501, 422),
        ("person?after=nonsense", 200),
        ("person?column=&how=&value=", 200),
    ],
)
async def test_s33_names_that_are_not_the_schemas_and_values_that_fit_nothing_are_refused(
    browser: Browser, wish: str, status: int
) -> None:
    await administrator(browser)
    assert (await browser.open(f"/admin/data/{wish}")).status == status


@pytest.mark.everywhere
async def test_s3_16_rows_lead_to_each_other_both_ways(browser: Browser) -> None:
    person = await administrator(browser)
    site = await make_site(browser)
    sessions = await look(browser, f"/admin/data/session?column=person_id&how=is&value={person}")
    link = f"/admin/data/person?column=id&how=is&value={person}"
    assert link in html.unescape(sessions)
    row = html.unescape(await look(browser, link))
    assert "<dl" in row
    assert "Ada" in row
    assert f'"/admin/data/session?column=person_id&how=is&value={person}"' in row
    there = html.unescape(await look(browser, f"/admin/data/site?column=id&how=is&value={site.id}"))
    assert f'"/admin/data/role_grant?column=site_id&how=is&value={site.id}"' in there


@pytest.mark.everywhere
async def test_pages_follow_each_other_by_key_and_end(browser: Browser) -> None:
    person = await administrator(browser)
    database = browser.app[OFFICE].engine.database
    put = Statement(
        insert(recovery_code).values([{"person_id": person, "code_hash": f"{number:03}"} for number in range(120)])
    )
    await database.write(lambda tx: tx.run(put))
    address: str | None = "/admin/data/recovery_code"
    sizes = []
    while address:
        page = await look(browser, address)
        sizes.append(len(cells(page)))
        address = following(page)
        assert "after=0" not in (address or "")
    assert sizes == [50, 50, 20]


@pytest.mark.everywhere
async def test_looking_at_what_people_wrote_is_an_audit_row_without_their_words(browser: Browser) -> None:
    await administrator(browser)

    async def looked() -> list[Row]:
        rows = await browser.app[OFFICE].engine.database.read(lambda tx: tx.all(AUDIT))
        return [tuple(row) for row in rows if row[0] == "data.read"]

    await look(browser, "/admin/data/person")
    assert await looked() == []
    await look(browser, "/admin/data/message?column=body&how=contains&value=hunter2&column=channel_id&how=is&value=7")
    assert await looked() == [("data.read", "message", '{"where":["body contains","channel_id is 7"]}')]
