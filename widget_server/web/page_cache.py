"""Pages of the community are kept for people who are not signed in, and used only while what they were made of holds.

Such a page is the same for everybody: it carries no form and no token, and is told in UTC. It names what it shows (a
thread, a board, people), and goes with the first change of any of it. What changed is read from the store's stamps:

- on this node at the first request after a commit that wrote one, so that nobody sees an older page than what they, or
  anybody here, were told is done;
- where other processes write too, also twice a second, and at once for who asks for nothing kept (``Cache-Control:
  no-cache``), as the script of a page does that was told of a change.

So every change counts, whoever made it and by whatever way, and nobody has to remember to tell this cache.

Browsers may keep these pages too, but ask each time whether they still hold (``no-cache``); no proxy may (``private``),
since one could not know who is signed in. They are compressed here: there is no secret in them that their length could
tell (BREACH). Pages of members carry tokens beside what others write, and are sent as they are.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections import OrderedDict, defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from aiohttp import hdrs, web

from widget_server.store.database import StoreUnavailable
from widget_server.store.shown import shown_since
from widget_server.web.assets import takes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from aiohttp.typedefs import Handler, Middleware

    from widget_server.actions.community import Community
    from widget_server.actions.engine import Clock
    from widget_server.store.database import Database
    from widget_server.web.languages import Languages
    from widget_server.web.sessions import Sessions

Made = tuple[str, int]
"""Something that a page shows: ``thread``, ``board`` or ``person`` with its key, or 0 for any of them."""

THREADS: Final[Made] = ("thread", 0)
BOARDS: Final[Made] = ("board", 0)
PEOPLE: Final[Made] = ("person", 0)
"""What a list shows, which may be any of them."""
LISTS: Final[tuple[Made, ...]] = (THREADS, BOARDS, PEOPLE)
"""What a list of threads or posts is made of: whatever happens may put something else into it."""

MADE_OF = web.RequestKey("made_of", tuple)
"""Set by whoever answers with a page that is the same for everybody who is not signed in: all that it shows."""

_LOOK_MS: Final = 500
"""How long another process's change may stay unseen."""
KEPT_MS: Final = 60_000
"""However long nothing changes: what ends by itself (a pin, the week of "top this week") is no change."""
_ADDRESS_CHARS: Final = 300
_SEEN_MAX: Final = 10_000
_PACKED: Final = 1.25
"""What a page and its compressed form take beside the page alone, about."""
_OVERHEAD: Final = 2_000
"""Bytes that a page takes beside its text, about."""

_OWN: Final = {hdrs.CACHE_CONTROL: "private, no-cache", hdrs.VARY: "Accept-Encoding, Accept-Language, Cookie"}


class Kept:
    """One page as it is sent.

    Args:
        response: what a handler answered.
        body: its text.
        made_of: what it shows.
        community: the installation's settings when it was made.
        ends_at: until when it is used, of the monotonic clock.
    """

    __slots__ = ("_body", "_headers", "_packed", "community", "ends_at", "made_of", "mark")

    def __init__(
        self, response: web.Response, body: bytes, made_of: tuple[Made, ...], community: Community, ends_at: int
    ) -> None:
        self._body = body
        self._packed: bytes | None = None
        self.made_of = made_of
        self.community = community
        self.ends_at = ends_at
        self.mark = f'W/"{zlib.crc32(body):x}-{zlib.adler32(body):x}-{len(body):x}"'
        """Its ``ETag``: it tells one version from the next, and proves nothing."""
        self._headers = dict(response.headers) | _OWN | {hdrs.ETAG: self.mark}
        self._headers.pop(hdrs.CONTENT_LENGTH, None)

    def answer(self, request: web.Request) -> web.Response:
        """Return the page, or that the browser has it already."""
        if self.mark in request.headers.get(hdrs.IF_NONE_MATCH, ""):
            return web.Response(status=304, headers=_OWN | {hdrs.ETAG: self.mark})
        if takes(request.headers.get(hdrs.ACCEPT_ENCODING, ""), "gzip"):
            return web.Response(body=self._pack(), headers={**self._headers, hdrs.CONTENT_ENCODING: "gzip"})
        return web.Response(body=self._body, headers=self._headers)

    def _pack(self) -> bytes:
        if self._packed is None:
            self._packed = gzip.compress(self._body, 6, mtime=0)
        return self._packed

    @property
    def size(self) -> int:
        """What it takes of the memory, about."""
        return int(len(self._body) * _PACKED) + _OVERHEAD


class PageCache:
    """The pages that one node keeps.

    Args:
        database: what they are read from.
        clock: for how often another process's changes are looked for.
        max_bytes: of all of them together; 0 keeps none.
    """

    def __init__(self, database: Database, clock: Clock, *, max_bytes: int) -> None:
        self._database = database
        self._clock = clock
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._users: defaultdict[Made, set[Hashable]] = defaultdict(set)
        self._cursor = 0
        self._touched = -1
        self._looked_at = 0
        self._seen: dict[Made, int] = {}
        self._looking = asyncio.Lock()
        self._looks = 0
        """How many were begun."""
        self.turn = 0
        """Goes up when something turned out to have changed: a page that was begun before is not kept."""

    def __len__(self) -> int:
        """How many pages are kept."""
        return len(self._kept)

    async def look(self, *, at_once: bool = False) -> None:
        """Let go of what no longer holds.

        Args:
            at_once: whether also what other processes have changed up to now.

        Raises:
            StoreUnavailable: nobody knows what holds.
        """
        is_far = at_once and not self._database.one_writer
        if not is_far and self._is_fresh():
            return
        wanted = self._looks + 1
        async with self._looking:
            # Whoever looked meanwhile may have begun before the commit that brought us here.
            if self._is_fresh() and not (is_far and self._looks < wanted):
                return
            self._looks += 1
            touched, now = self._database.touched, self._clock.monotonic_ms()
            shown = await shown_since(self._database, self._cursor)
            if shown.is_cut:
                self.clear()
            for kind, key, stamp in shown.touched:
                # A reading may bring again what an earlier one brought, while an older transaction is open.
                if self._seen.get((kind, key)) != stamp:
                    self._seen[kind, key] = stamp
                    self._drop(kind, key)
            self._cursor, self._touched, self._looked_at = shown.cursor, touched, now
            if len(self._seen) > _SEEN_MAX:
                self._seen = {what: stamp for what, stamp in self._seen.items() if stamp >= self._cursor}

    def _is_fresh(self) -> bool:
        if not self._max_bytes:
            return True
        if self._cursor == 0 or self._touched != self._database.touched:
            return False
        return self._database.one_writer or self._clock.monotonic_ms() - self._looked_at < _LOOK_MS

    def get(self, key: Hashable, community: Community) -> Kept | None:
        """Return a page that was kept under ``key`` while the installation's settings were these."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found.community != community or self._clock.monotonic_ms() >= found.ends_at:
            self._forget(key)
            return None
        self._kept.move_to_end(key)
        return found

    def keep(self, key: Hashable, page: Kept, turn: int) -> None:
        """Keep a page that was begun at this :attr:`turn`, unless something has changed since."""
        if turn != self.turn or page.size > self._max_bytes:
            return
        self._forget(key)
        self._kept[key] = page
        self._bytes += page.size
        for made in page.made_of:
            self._users[made].add(key)
        while self._bytes > self._max_bytes:
            self._forget(next(iter(self._kept)))

    def clear(self) -> None:
        """Let go of everything."""
        self.turn += 1
        self._kept.clear()
        self._users.clear()
        self._bytes = 0

    def _drop(self, kind: str, key: int) -> None:
        if kind == "role":
            self.clear()
            return
        self.turn += 1
        kind = "person" if kind == "grant" else kind
        for made in ((kind, key), (kind, 0)):
            for user in tuple(self._users.get(made, ())):
                self._forget(user)

    def _forget(self, key: Hashable) -> None:
        page = self._kept.pop(key, None)
        if page is None:
            return
        self._bytes -= page.size
        for made in page.made_of:
            users = self._users[made]
            users.discard(key)
            if not users:
                del self._users[made]

    def ends_at(self) -> int:
        """Return until when (of the monotonic clock) a page that is made now may be kept."""
        return self._clock.monotonic_ms() + KEPT_MS


class Guests(NamedTuple):
    """What tells whether a request comes from somebody for whom pages are kept, and which page it is."""

    sessions: Sessions
    languages: Languages
    built_at: Callable[[], int]
    """When the bundles were built that pages name."""

    def key(self, request: web.Request) -> Hashable:
        """Return under what the answer is kept; None for whoever may get another page than others."""
        # A handler says so where it is registered (``routes.visit``).
        if not getattr(request.match_info.handler, "is_kept", False) or len(request.path_qs) > _ADDRESS_CHARS:
            return None
        cookies, names = request.cookies, self.sessions.cookies
        if names.session in cookies or names.notices in cookies:
            return None
        return (request.path_qs, self.languages.wished(request), self.built_at())


def keep_pages(guests: Guests, pages: PageCache, community: Callable[[], Awaitable[Community]]) -> Middleware:
    """Return the middleware that answers with pages that were kept, and keeps those that say what they are made of.

    Args:
        guests: tells who gets them.
        pages: where they are kept.
        community: reads the installation's settings, as they are now.
    """

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        key = guests.key(request)
        if key is None:
            return await handler(request)
        try:
            settings = await community()
            await pages.look(at_once="no-cache" in request.headers.get(hdrs.CACHE_CONTROL, ""))
        except StoreUnavailable:
            # The handler finds out for itself, and says so.
            return await handler(request)
        kept = pages.get(key, settings)
        if kept is None:
            turn = pages.turn
            response = await handler(request)
            made_of = request.get(MADE_OF)
            if made_of is None or response.status != 200 or response.cookies or not isinstance(response, web.Response):
                return response
            if not isinstance(response.body, bytes):
                return response
            kept = Kept(response, response.body, made_of, settings, pages.ends_at())
            pages.keep(key, kept, turn)
        return kept.answer(request)

    return answer
