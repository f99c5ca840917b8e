"""Rights: the list shows exactly what the door lets through."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from widget_server.core.permissions import (
    ALL_SITES,
    Actor,
    Grant,
    Permission,
    Role,
    answered_sites,
    are_colleagues,
    can_answer,
    can_create_sites,
    can_manage,
    highest_role,
    managed_sites,
    may,
    within,
)


def actor(*grants: Grant) -> Actor:
    return Actor(1, "01926b3a-8a70-7cc2-8f00-0123456789ab", frozenset(grants))


def test_an_agent_of_one_site_answers_there_and_manages_nothing() -> None:
    agent = actor(Grant(Role.AGENT, 7))
    assert can_answer(agent, 7)
    assert not can_answer(agent, 8)
    assert not can_manage(agent, 7)
    assert not can_create_sites(agent)


def test_an_administrator_of_one_site_also_answers_but_adds_none() -> None:
    administrator = actor(Grant(Role.ADMINISTRATOR, 7))
    assert can_manage(administrator, 7)
    assert can_answer(administrator, 7)
    assert not can_manage(administrator, 8)
    assert not can_create_sites(administrator)


def test_an_administrator_of_all_manages_sites_to_come() -> None:
    administrator = actor(Grant(Role.ADMINISTRATOR, ALL_SITES))
    assert can_manage(administrator, 12345)
    assert can_create_sites(administrator)


def test_who_has_no_right_may_nothing() -> None:
    nobody = actor()
    assert not can_answer(nobody, 7)
    assert highest_role(nobody) is None
    assert highest_role(actor(Grant(Role.AGENT, 1), Grant(Role.ADMINISTRATOR, 2))) is Role.ADMINISTRATOR


grants = st.frozensets(st.builds(Grant, st.sampled_from(Role), st.integers(0, 3)))


@given(grants, st.integers(1, 4))
def test_what_may_be_managed_may_be_answered(granted: frozenset[Grant], site: int) -> None:
    someone = actor(*granted)
    assert can_answer(someone, site) or not can_manage(someone, site)
    assert (site in answered_sites(someone)) == can_answer(someone, site)
    assert (site in managed_sites(someone)) == can_manage(someone, site)


@given(grants, grants)
def test_colleagues_are_those_who_meet_at_a_site(granted: frozenset[Grant], others: frozenset[Grant]) -> None:
    one, other = actor(*granted), actor(*others)
    meet = any(can_answer(one, site) and can_answer(other, site) for site in range(1, 5))
    assert are_colleagues(one, other) == are_colleagues(other, one) == meet


places = st.sampled_from([(ALL_SITES, 0), (1, 0), (2, 0), (ALL_SITES, 1), (ALL_SITES, 2)])
cut_grants = st.frozensets(
    st.builds(
        lambda role, place, given: Grant(role, place[0], place[1], given),
        st.sampled_from(Role),
        places,
        st.sampled_from(Permission),
    ),
    max_size=4,
)


@given(cut_grants, cut_grants, st.sampled_from(Permission), places)
def test_within_another_one_may_what_both_may_and_nothing_else(
    granted: frozenset[Grant], others: frozenset[Grant], wanted: Permission, place: tuple[int, int]
) -> None:
    one, most = actor(*granted), actor(*others)
    site_id, board_id = place
    both = all(may(each, wanted, site_id=site_id, board_id=board_id) for each in (one, most))
    assert may(within(one, most), wanted, site_id=site_id, board_id=board_id) == both
