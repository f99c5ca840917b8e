"""What the widget says about the team: who answers, and how soon."""

from __future__ import annotations

from typing import Final

from widget_server.actions.engine import Engine
from widget_server.actions.opening import opening_at
from widget_server.actions.sites import Site, access_public_site, list_sites
from widget_server.core.times import iso
from widget_server.store.database import Transaction
from widget_server.store.lists import listed
from widget_server.store.queries import visitors as q
from widget_server.store.records import State

KEPT_MS: Final = 1_000
"""For how long a site and its team's state are served from memory: a change is seen within a second."""
_SITES_MAX = 1_000


class Reception:
    """One node's knowledge of its sites, at most a second old, so that a greeting costs no read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sites: dict[str, tuple[int, Site]] = {}
        self._states: dict[str, tuple[int, State]] = {}
        self._all: tuple[int, dict[int, Site], frozenset[str]] | None = None

    async def site(self, key: str) -> Site:
        """The site of a script tag.

        :raises Refused: ``unknown_site``.
        """
        now = self._engine.clock.monotonic_ms()
        kept = self._sites.get(key)
        if kept is not None and now - kept[0] < KEPT_MS:
            return kept[1]
        site = await access_public_site(self._engine.database, key)
        if len(self._sites) >= _SITES_MAX:
            self._sites.clear()
        self._sites[key] = (now, site)
        return site

    async def site_by_id(self, site_id: int) -> Site | None:
        """The site with this key of the store."""
        return (await self._known())[0].get(site_id)

    async def is_listed(self, origin: str) -> bool:
        """Whether any site lists this origin: a preflight does not say of which site it is."""
        return origin in (await self._known())[1]

    async def _known(self) -> tuple[dict[int, Site], frozenset[str]]:
        now = self._engine.clock.monotonic_ms()
        if self._all is None or now - self._all[0] >= KEPT_MS:
            sites = await list_sites(self._engine.database)
            origins = frozenset(origin for site in sites for origin in site.allowed_origins)
            self._all = (now, {site.id: site for site in sites}, origins)
        return self._all[1:]

    async def state(self, key: str) -> State:
        """The team's state, as ``frames.SiteState``."""
        now = self._engine.clock.monotonic_ms()
        kept = self._states.get(key)
        if kept is not None and now - kept[0] < KEPT_MS:
            return kept[1]
        state = await self._read(await self.site(key))
        if len(self._states) >= _SITES_MAX:
            self._states.clear()
        self._states[key] = (now, state)
        return state

    async def _read(self, site: Site) -> State:
        people = self._engine.presence.in_console()

        async def read(tx: Transaction) -> list[State]:
            rows = await tx.all(q.ANSWERING, people=listed(tx.dialect, people), site_id=site.id)
            return [{"id": row[0], "name": row[1], "role": "agent", "picture": row[2]} for row in rows]

        agents = await self._engine.database.read(read) if people else []
        look = site.appearance
        opens_at: str | None = None
        state = "online" if agents else "away"
        if look.hours is not None:
            hours = opening_at(look.hours, self._engine.clock.now_ms())
            if not hours.open:
                state = "closed"
                opens_at = iso(hours.changes_at) if hours.changes_at is not None else None
        return {
            "name": site.name,
            "state": state,
            "agents": agents,
            "reply_time": look.reply_time,
            "opens_at": opens_at,
            "away_text": look.away_text,
            "greeting": look.greeting,
            "draft_preview": look.draft_preview,
            "mail_answers": self._engine.policy.sends_mail and look.answer_minutes > 0,
        }


async def do_set_availability(engine: Engine, person_id: int, state: str) -> None:
    """The agent's own switch: ``online`` or ``away``."""

    async def work(tx: Transaction) -> None:
        await tx.run(q.SET_AVAILABILITY, key=person_id, state=state, new_stamp=await tx.stamp())

    await engine.database.write(work)


async def availability(engine: Engine, person_id: int) -> str:
    """How the agent's switch stands."""
    row = await engine.database.read(lambda tx: tx.one(q.AVAILABILITY, person_id=person_id))
    return str(row[0]) if row else "away"
