"""Who a site says its visitor is: one person wherever they come from, and nobody else's word for it (S14, P5)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import secrets
from typing import TYPE_CHECKING, Any, Final

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import func, select

from tests.actions.signing import claims, sign
from tests.clients.state import fresh_id
from widget_server.actions.access import access_visitor
from widget_server.actions.bans import check_not_banned, do_ban_visitor, load_bans
from widget_server.actions.claims import do_claim, do_hold_claim, do_make_claim
from widget_server.actions.identities import do_identify
from widget_server.actions.messages import do_send
from widget_server.actions.own_conversations import list_own
from widget_server.actions.passwords import Passwords
from widget_server.actions.registration import check_wish, do_register
from widget_server.actions.sealing import Sealer
from widget_server.actions.site_secrets import do_end_secret, do_make_secret, list_secrets
from widget_server.actions.visitors import do_contact, do_start, own_conversations
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.permissions import Role
from widget_server.protocol import frames as f
from widget_server.store.statement import Statement
from widget_server.store.tables import person, site_secret

if TYPE_CHECKING:
    from tests.actions.works import Works
    from widget_server.actions.accounts import Account
    from widget_server.actions.actors import Agent, Visitor
    from widget_server.actions.identities import Identified
    from widget_server.actions.site_secrets import FreshSecret
    from widget_server.store.records import State

SEALER: Final = Sealer(b"k" * 48, bytes)
PEOPLE: Final = Statement(select(func.count()).select_from(person))
SECRETS: Final = Statement(select(site_secret.c.secret))


async def member(works: Works) -> Account:
    """Somebody with an account."""
    made = await do_register(
        works.engine.database,
        Passwords(memory_kib=8, passes=1),
        check_wish(name="Eve", mail="eve@example.com", password="plum tree over river"),
        language="",
        has_mail=False,
        binding="",
        now_ms=works.clock.now_ms(),
        random=secrets.token_bytes,
    )
    assert made is not None
    return made


class Shop:
    """A site that signs, and its people."""

    def __init__(self, works: Works, secret: FreshSecret) -> None:
        self.works = works
        self.secret = secret

    def token(self, subject: str, **more: Any) -> str:
        return sign(self.secret, claims(self.works.site.key, subject, self.works.clock.now_ms(), **more))

    async def identify(self, visitor: Visitor, token: str) -> Identified | None:
        found = await do_identify(self.works.engine, SEALER, visitor, token)
        if found is not None:
            visitor.author = found.author
        return found

    async def own(self, visitor: Visitor) -> list[str]:
        """The channels that the visitor's token leads to."""
        author = await self.works.engine.database.read(lambda tx: access_visitor(tx, visitor))
        assert author is not None
        found = await self.works.engine.database.read(lambda tx: own_conversations(tx, author))
        return [row["channel"] for row in found]


@pytest.fixture
async def owner(works: Works) -> Agent:
    return await works.new_agent("Owner", role=Role.ADMINISTRATOR)


@pytest.fixture
async def shop(works: Works, owner: Agent) -> Shop:
    secret = await do_make_secret(works.engine.database, SEALER, owner.rights, works.site.key, works.clock)
    return Shop(works, secret)


async def head(works: Works, agent: Agent, channel: str) -> State:
    frames = await works.resume(agent, await works.staff_of(agent, channel))
    told = frames[0]["head"]
    assert isinstance(told, dict)
    return told


async def test_s14_the_same_subject_on_another_device_finds_the_person_and_the_history(
    works: Works, shop: Shop
) -> None:
    desk, phone = works.visitor(), works.visitor()
    await shop.identify(desk, shop.token("ada", name="Ada"))
    sent = await works.start(desk, "From my desk")
    found = await shop.identify(phone, shop.token("ada"))
    assert found is not None
    assert desk.author is not None
    assert (found.author.id, found.is_other) == (desk.author.id, True)
    assert await shop.own(phone) == [sent.channel]
    frames = await works.resume(phone, sent.channel)
    assert [m["body"] for m in frames[1]["messages"]] == ["From my desk"]
    assert (await works.send(phone, sent.channel, "From my phone")).seq == 2


async def test_s14_who_wrote_as_nobody_is_merged_and_nothing_is_written_anew(works: Works, shop: Shop) -> None:
    desk, phone, agent = works.visitor(), works.visitor(), await works.new_agent()
    await shop.identify(desk, shop.token("ada", name="Ada"))
    first = await works.start(desk, "From my desk")
    second = await works.start(phone, "Who am I")
    stranger = phone.author
    await shop.identify(phone, shop.token("ada", name="Ada"))
    assert set(await shop.own(phone)) == set(await shop.own(desk)) == {first.channel, second.channel}
    # The desk answers in what the phone began: it is the same visitor there, under the same name.
    await works.send(desk, second.channel, "It is me")
    frames = await works.resume(phone, second.channel)
    assert stranger is not None
    assert {m["author"]["id"] for m in frames[1]["messages"]} == {stranger.public_id}
    told = await head(works, agent, second.channel)
    assert desk.author is not None
    assert (told["visitor"]["id"], told["visitor"]["name"]) == (desk.author.public_id, "Ada")
    assert told["contact"]["subject"] == "ada"


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("is_held", [False, True])
async def test_s14_a_claim_made_by_nobody_leads_to_nobody_elses_chats(
    works: Works, shop: Shop, *, is_known: bool, is_held: bool
) -> None:
    """Whoever wrote at a library's computer, and keeps the code, is not who signs in on the site there next."""
    if is_known:
        home = works.visitor()
        await shop.identify(home, shop.token("ada"))
        await works.start(home, "From home")
    library = works.visitor()
    await works.start(library, "Hello")
    database, now = works.engine.database, works.clock.now_ms()
    code = await do_make_claim(works.engine, library)
    if is_held:
        code = await do_hold_claim(database, code, now_ms=now, random=secrets.token_bytes)
    await shop.identify(library, shop.token("ada"))
    thief = await member(works)
    with pytest.raises(Refused, match="link_ended"):
        await (
            do_claim(works.engine, thief, code)
            if is_held
            else do_hold_claim(database, code, now_ms=now, random=secrets.token_bytes)
        )
    assert (await list_own(works.engine, thief, 1))[0] == []


async def test_s14_who_signs_in_where_somebody_elses_account_has_the_chat_begins_anew(works: Works, shop: Shop) -> None:
    library = works.visitor()
    await works.start(library, "Hello")
    code = await do_make_claim(works.engine, library)
    now = works.clock.now_ms()
    held = await do_hold_claim(works.engine.database, code, now_ms=now, random=secrets.token_bytes)
    other = await member(works)
    await do_claim(works.engine, other, held)
    assert await shop.identify(library, shop.token("ada")) is None
    ada = works.visitor()
    await shop.identify(ada, shop.token("ada"))
    await works.start(ada, "Of nobody else's business")
    assert len((await list_own(works.engine, other, 1))[0]) == 1


async def test_a_first_message_is_sent_once_though_its_sender_is_found_to_be_somebody_else(
    works: Works, shop: Shop
) -> None:
    desk, phone = works.visitor(), works.visitor()
    await shop.identify(desk, shop.token("ada"))
    client_id = fresh_id()
    frame = f.Send(t="send", ref=1, client_id=client_id, start=fresh_id(), body="Once")
    first = await works.sent(lambda answer: do_start(works.engine, phone, frame, answer))
    await shop.identify(phone, shop.token("ada"))
    again = await works.sent(lambda answer: do_start(works.engine, phone, frame, answer))
    assert again == first
    assert len(await shop.own(phone)) == 1
    sent = f.Send(t="send", ref=2, client_id=client_id, channel=first.channel, body="Once")
    access = await works.access(phone, first.channel)
    assert await works.sent(lambda answer: do_send(works.engine, phone, access, sent, answer)) == first


async def test_s14_another_subject_on_the_same_token_ends_the_token(works: Works, shop: Shop) -> None:
    browser = works.visitor()
    await shop.identify(browser, shop.token("ada"))
    await works.start(browser)
    second = shop.token("grace")
    assert await shop.identify(browser, second) is None
    with pytest.raises(Refused, match="token_ended"):
        await works.engine.database.read(lambda tx: access_visitor(tx, browser))
    # What was signed is not used up by that: the browser, as somebody new, is Grace.
    fresh = works.visitor()
    found = await shop.identify(fresh, second)
    assert found is not None
    assert browser.author is not None
    assert found.author.id != browser.author.id
    assert await shop.own(fresh) == []


async def test_s14_a_token_that_was_overheard_is_of_no_use_to_another_visitor(works: Works, shop: Shop) -> None:
    ada, thief = works.visitor(), works.visitor()
    token = shop.token("ada")
    await shop.identify(ada, token)
    again = await shop.identify(ada, token)
    assert again is not None
    assert not again.is_other
    with pytest.raises(Refused) as refusal:
        await shop.identify(thief, token)
    assert "jti was used" in str(refusal.value.facts["why"])
    assert await works.engine.database.read(lambda tx: access_visitor(tx, thief)) is None


async def test_p5_two_sites_never_share_a_visitor(works: Works, shop: Shop, owner: Agent) -> None:
    other = await works.new_site("other")
    secret = await do_make_secret(works.engine.database, SEALER, owner.rights, other.key, works.clock)
    here, there = works.visitor(), works.visitor(other)
    await shop.identify(here, shop.token("ada"))
    await works.start(here)
    token = sign(secret, claims(other.key, "ada", works.clock.now_ms()))
    found = await do_identify(works.engine, SEALER, there, token)
    assert found is not None
    assert here.author is not None
    assert found.author.id != here.author.id
    there.author = found.author
    assert await shop.own(there) == []
    with pytest.raises(Refused, match="bad_identity"):
        await do_identify(works.engine, SEALER, works.visitor(), token)


def unsigned(said: dict[str, Any], kid: str) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'kid': kid})}.{part(said)}."


def bad_tokens(shop: Shop) -> dict[str, str]:
    secret, key, now = shop.secret, shop.works.site.key, shop.works.clock.now_ms()
    good = claims(key, "ada", now)
    head, _, tail = sign(secret, good).split(".")
    swapped = base64.urlsafe_b64encode(json.dumps(good | {"sub": "grace"}).encode()).rstrip(b"=").decode()
    seconds = now // 1000
    return {
        "expired": sign(secret, good | {"iat": seconds - 400, "exp": seconds - 31}),
        "of tomorrow": sign(secret, good | {"iat": seconds + 31, "exp": seconds + 60}),
        "too long": sign(secret, good | {"exp": seconds + 3601}),
        "other site": sign(secret, good | {"aud": "elsewhere"}),
        "no site": sign(secret, claims(key, "ada", now, aud=None)),
        "swapped claims": f"{head}.{swapped}.{tail}",
        "alg none": unsigned(good, secret.key_id),
        "wrong key": sign(secret._replace(secret="x" * 43), good),
        "unknown key": sign(secret._replace(key_id="nobody"), good),
        "no kid": jwt.encode({"alg": "HS256"}, good, OctKey.import_key(secret.secret)),
        "another algorithm": jwt.encode(
            {"alg": "HS512", "kid": secret.key_id}, good, OctKey.import_key(secret.secret), algorithms=["HS512"]
        ),
        "no nonce": sign(secret, claims(key, "ada", now, jti=None)),
        "no subject": sign(secret, claims(key, "ada", now, sub=None)),
        "not yet": sign(secret, claims(key, "ada", now, nbf=now // 1000 + 120)),
        "no end": sign(secret, claims(key, "ada", now, exp=None)),
        "a number as subject": sign(secret, good | {"sub": 7}),
        "no token": "ada",
        "nothing": "",
    }


async def test_s14_what_is_not_signed_as_it_must_be_is_refused(works: Works, shop: Shop) -> None:
    before = await works.engine.database.read(lambda tx: tx.one(PEOPLE))
    taken = []
    for name, token in bad_tokens(shop).items():
        with contextlib.suppress(Refused):
            await shop.identify(works.visitor(), token)
            taken.append(name)
    assert taken == []
    assert await works.engine.database.read(lambda tx: tx.one(PEOPLE)) == before


async def test_s14_a_new_secret_is_made_while_the_old_one_holds_until_it_is_ended(
    works: Works, shop: Shop, owner: Agent
) -> None:
    database, key = works.engine.database, works.site.key
    old, new = shop.secret, await do_make_secret(works.engine.database, SEALER, owner.rights, key, works.clock)
    with pytest.raises(Unacceptable, match="too_many"):
        await do_make_secret(database, SEALER, owner.rights, key, works.clock)
    for secret in (old, new):
        token = sign(secret, claims(key, "ada", works.clock.now_ms()))
        assert await shop.identify(works.visitor(), token) is not None
    await do_end_secret(database, owner.rights, key, old.key_id, now_ms=works.clock.now_ms())
    with pytest.raises(Refused, match="bad_identity"):
        await shop.identify(works.visitor(), shop.token("ada"))
    assert [row.key_id for row in await list_secrets(database, owner.rights, key)] == [new.key_id]
    rows = await database.read(lambda tx: tx.all(SECRETS))
    assert len(rows) == 2
    assert not any(secret.secret in row[0] for row in rows for secret in (old, new))


async def test_only_who_may_change_the_site_makes_and_ends_its_secrets(works: Works, shop: Shop) -> None:
    agent, database, key = await works.new_agent(), works.engine.database, works.site.key
    for work in (
        do_make_secret(database, SEALER, agent.rights, key, works.clock),
        do_end_secret(database, agent.rights, key, shop.secret.key_id, now_ms=works.clock.now_ms()),
        list_secrets(database, agent.rights, key),
    ):
        with pytest.raises(Refused, match="not_allowed"):
            await work


async def test_s14_only_what_was_signed_counts_as_verified(works: Works, shop: Shop) -> None:
    visitor, agent = works.visitor(), await works.new_agent()
    token = shop.token("ada", name="Ada", mail="ada@example.com", attributes={"plan": "team"})
    await shop.identify(visitor, token)
    said = f.SetContact(t="contact", ref=1, name="The owner", mail="x@example.com", attributes={"plan": "gold"})
    await do_contact(works.engine, visitor, said)
    sent = await works.start(visitor)
    told = await head(works, agent, sent.channel)
    assert told["visitor"]["name"] == "Ada"
    assert told["contact"]["verified"] == {"name": "Ada", "mail": "ada@example.com", "attributes": {"plan": "team"}}
    assert told["contact"]["attributes"] == {"plan": "gold"}
    assert told["contact"]["name"] == "The owner"


async def test_a_page_that_says_it_many_times_at_once_says_it_once(works: Works, shop: Shop) -> None:
    desk, phone, first = works.visitor(), works.visitor(), works.visitor()
    await works.start(first)
    token = shop.token("grace")
    found = await asyncio.gather(*(do_identify(works.engine, SEALER, first, token) for _ in range(8)))
    assert first.author is not None
    assert {one and one.author.id for one in found} == {first.author.id}
    await shop.identify(desk, shop.token("ada"))
    await works.start(phone)
    token = shop.token("ada")
    found = await asyncio.gather(*(do_identify(works.engine, SEALER, phone, token) for _ in range(8)))
    assert desk.author is not None
    assert {one and one.author.id for one in found} == {desk.author.id}
    assert len(await shop.own(phone)) == 1


async def test_who_is_banned_as_nobody_stays_banned_as_somebody(works: Works, shop: Shop, owner: Agent) -> None:
    desk, phone, fresh = works.visitor(), works.visitor(), works.visitor()
    await shop.identify(desk, shop.token("ada"))
    sent = await works.start(phone)
    await do_ban_visitor(works.engine, owner.rights, sent.channel)
    await shop.identify(phone, shop.token("ada"))
    found = await shop.identify(fresh, shop.token("ada"))
    assert found is not None
    works.engine.bans = await load_bans(works.engine.database, works.clock.now_ms())
    with pytest.raises(Refused, match="banned"):
        check_not_banned(works.engine, fresh, "")


async def test_a_ban_from_a_merged_visitors_chat_meets_the_device_that_writes_now(
    works: Works, shop: Shop, owner: Agent
) -> None:
    desk, phone = works.visitor(), works.visitor()
    await shop.identify(desk, shop.token("ada"))
    sent = await works.start(phone)
    await shop.identify(phone, shop.token("ada"))
    await do_ban_visitor(works.engine, owner.rights, sent.channel)
    works.engine.bans = await load_bans(works.engine.database, works.clock.now_ms())
    for device in (desk, phone):
        with pytest.raises(Refused, match="banned"):
            check_not_banned(works.engine, device, "")


async def test_many_devices_that_name_a_new_subject_at_once_are_one_person(works: Works, shop: Shop) -> None:
    devices = [works.visitor() for _ in range(8)]
    for device in devices[::2]:
        await works.start(device)
    found = await asyncio.gather(*(shop.identify(device, shop.token("ada")) for device in devices))
    assert all(found)
    assert len({one.author.id for one in found if one is not None}) == 1
    owned = [await shop.own(device) for device in devices]
    assert {len(own) for own in owned} == {4}
