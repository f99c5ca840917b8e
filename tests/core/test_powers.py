"""Power over others: every list shows exactly what the rule beside it allows, and nobody gives what they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.permissions import (
    ALL_SITES,
    BUILT_IN,
    EVERYTHING,
    Actor,
    Grant,
    Permission,
    Role,
    allowed_sites,
    answered_sites,
    can_answer,
    can_manage,
    managed_sites,
    may,
)
from widget_server.core.powers import (
    appointable_sites,
    banning_sites,
    can_appoint,
    can_ban_account,
    can_ban_network,
    can_ban_visitor,
    can_manage_person,
    can_shape,
    fits_everybody,
    held,
    is_above,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.core.permissions import Sites

NOTHING = Permission(0)
permissions = st.integers(0, int(EVERYTHING)).map(Permission)
places = st.one_of(
    st.tuples(st.integers(0, 3), st.just(0)),
    st.tuples(st.just(0), st.integers(1, 3)),
)
grants = st.builds(
    lambda role, place, given: Grant(role, place[0], place[1], given),
    st.sampled_from([*Role, "custom"]),
    places,
    st.one_of(st.none(), permissions),
)
actors = st.builds(Actor, st.integers(1, 3), st.just("p"), st.frozensets(grants, max_size=5))
sites = st.integers(1, 4)

PAIRS: dict[str, tuple[Callable[[Actor, int], bool], Callable[[Actor], Sites]]] = {
    "answer": (can_answer, answered_sites),
    "manage a site": (can_manage, managed_sites),
    "appoint": (lambda actor, site: can_appoint(actor, NOTHING, site_id=site), appointable_sites),
    "ban a visitor": (can_ban_visitor, banning_sites),
    **{
        str(each.name): (
            lambda actor, site, each=each: may(actor, each, site_id=site),  # type: ignore[misc]
            lambda actor, each=each: allowed_sites(actor, each),  # type: ignore[misc]
        )
        for each in Permission
    },
}


@pytest.mark.parametrize("deed", sorted(PAIRS))
@given(actors, sites)
def test_s10_the_list_shows_exactly_what_the_rule_allows(deed: str, actor: Actor, site: int) -> None:
    rule, listed = PAIRS[deed]
    assert rule(actor, site) == (site in listed(actor))


@given(actors, permissions, places)
def test_s10_nobody_gives_what_they_do_not_have(actor: Actor, given_: Permission, place: tuple[int, int]) -> None:
    site, board = place
    if can_appoint(actor, given_, site_id=site, board_id=board):
        assert given_ & held(actor, site_id=site, board_id=board) == given_


@given(actors, permissions, places)
def test_s10_an_appointment_never_makes_somebody_stand_above_who_made_it(
    actor: Actor, given_: Permission, place: tuple[int, int]
) -> None:
    if can_appoint(actor, given_, site_id=place[0], board_id=place[1]):
        assert is_above(actor, [Grant("custom", *place, given_)])


@given(actors, permissions, permissions)
def test_a_role_is_changed_only_in_what_one_may_do_oneself(actor: Actor, before: Permission, after: Permission) -> None:
    if can_shape(actor, before, after):
        assert may(actor, Permission.ADMINISTER)
        assert not (before ^ after) & ~held(actor)


@given(actors, st.integers(1, 3), st.frozensets(grants, max_size=3))
def test_nobody_bans_themselves_or_somebody_above_them(actor: Actor, person: int, theirs: frozenset[Grant]) -> None:
    if can_ban_account(actor, person, theirs):
        assert person != actor.person_id
        for grant in theirs:
            assert grant.permissions & held(actor, site_id=grant.site_id, board_id=grant.board_id) == grant.permissions


def actor(*own: Grant, person: int = 1) -> Actor:
    return Actor(person, "p", frozenset(own))


def test_who_manages_one_site_appoints_there_and_nowhere_else() -> None:
    manager = actor(Grant(Role.ADMINISTRATOR, 7))
    agent = BUILT_IN[Role.AGENT]
    assert can_appoint(manager, agent, site_id=7)
    assert not can_appoint(manager, agent, site_id=8)
    assert not can_appoint(manager, agent)


def test_an_agent_appoints_nobody() -> None:
    agent = actor(Grant(Role.AGENT, 7))
    assert not can_appoint(agent, NOTHING, site_id=7)
    assert not appointable_sites(agent)


def test_who_manages_all_sites_gives_nothing_for_everything() -> None:
    manager = actor(Grant("custom", ALL_SITES, 0, Permission.MANAGE_SITE | Permission.ANSWER))
    assert can_appoint(manager, Permission.ANSWER, site_id=3)
    assert not can_appoint(manager, Permission.ANSWER)


def test_s4_03_a_moderator_of_a_board_appoints_others_for_that_board() -> None:
    moderator = actor(Grant("custom", 0, 4, Permission.MODERATE))
    assert can_appoint(moderator, Permission.MODERATE, board_id=4)
    assert not can_appoint(moderator, Permission.MODERATE, board_id=5)
    assert not can_appoint(moderator, Permission.MODERATE)


def test_who_manages_people_does_not_touch_an_administrator() -> None:
    manager = actor(Grant("custom", 0, 0, Permission.MANAGE_PEOPLE))
    assert can_manage_person(manager, 2, ())
    assert not can_manage_person(manager, 2, [Grant(Role.ADMINISTRATOR, 0)])
    assert not can_manage_person(manager, 2, [Grant(Role.AGENT, 7)])


def test_s47_a_moderator_of_one_board_bans_no_account_and_no_network() -> None:
    moderator = actor(Grant(Role.MODERATOR, 0, 4))
    assert not can_ban_account(moderator, 2, ())
    assert not can_ban_network(moderator)
    assert not can_ban_visitor(moderator, 7)


def test_everybody_is_given_nothing_that_opens_the_console() -> None:
    assert fits_everybody(BUILT_IN[Role.MEMBER])
    for role in (Role.MODERATOR, Role.AGENT, Role.ADMINISTRATOR):
        assert not fits_everybody(BUILT_IN[role])
