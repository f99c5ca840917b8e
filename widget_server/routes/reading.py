"""What a page of the community has beside what it shows: boards whose news it wants, its member's notices and rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from widget_server.actions.scopes import own_rooms, readable_boards, unseen_notices
from widget_server.hub.bus import place_of_board, place_of_member, place_of_room
from widget_server.protocol import encode
from widget_server.store.database import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.actions.actors import Reader
    from widget_server.actions.engine import Engine
    from widget_server.hub.switchboard import Listener
    from widget_server.protocol.frames import Watch
    from widget_server.store.records import Author, State


class PageLine:
    """The part of a reader's line that belongs to no channel.

    Args:
        engine: the node's works.
        reader: whose line it is.
        listener: the line.
        tell: sends one encoded frame.
        later: keeps a task of the line.
        lost: told of the rooms that the member is in now, whenever that changed.
    """

    __slots__ = ("_boards", "_engine", "_is_gone", "_later", "_listener", "_lost", "_reader", "_rooms", "_tell")

    def __init__(
        self,
        engine: Engine,
        reader: Reader,
        listener: Listener,
        tell: Callable[[bytes], None],
        later: Callable[[Any], None],
        lost: Callable[[frozenset[str]], None],
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._listener = listener
        self._tell = tell
        self._later = later
        self._lost = lost
        self._boards: frozenset[str] = frozenset()
        self._rooms: frozenset[str] = frozenset()
        self._is_gone = False

    @property
    def boards(self) -> list[str]:
        """The boards of which the page wants news, by public id."""
        return list(self._boards)

    async def greeting(self) -> State:
        """Return what ``welcome`` says of a member, and listen to what they are told from now on."""
        author = self._reader.author
        if author is None:
            return {}
        self._engine.switchboard.subscribe(place_of_member(author.public_id), self._listener)
        await self._follow_rooms(author)
        return {
            "person": author.state("member"),
            "notices": await unseen_notices(self._engine.database, author.id),
        }

    async def watch(self, frame: Watch) -> None:
        """Watch these boards instead of the others, as far as they may be read."""
        wanted = await readable_boards(self._engine.database, self._reader.rights, frame.boards)
        self._stop_watching()
        for board in wanted:
            self._engine.switchboard.subscribe(place_of_board(board), self._listener)
        self._boards = frozenset(wanted)

    def unwatch(self, board: str) -> None:
        """The reader may not read this board any more."""
        self._boards -= {board}
        self._engine.switchboard.unsubscribe(place_of_board(board), self._listener)

    def hear(self, place: str, data: bytes) -> None:
        """News of a board or a room as they are to be told; nothing says that the member's notices have changed."""
        if data:
            self._tell(data)
            if self._reader.author is not None and place == place_of_member(self._reader.author.public_id):
                self._later(self._look_at_rooms(self._reader.author))
        elif self._reader.author is not None:
            self._later(self._tell_notices(self._reader.author))

    async def _follow_rooms(self, author: Author) -> frozenset[str]:
        """Listen to the rooms that the member is in, and to no other any more."""
        rooms = frozenset(await own_rooms(self._engine.database, author.id))
        if self._is_gone:
            return rooms
        for room in self._rooms - rooms:
            self._engine.switchboard.unsubscribe(place_of_room(room), self._listener)
        for room in rooms - self._rooms:
            self._engine.switchboard.subscribe(place_of_room(room), self._listener)
        self._rooms = rooms
        return rooms

    async def _look_at_rooms(self, author: Author) -> None:
        try:
            rooms = await self._follow_rooms(author)
        except StoreUnavailable:
            return
        self._lost(rooms)

    async def _tell_notices(self, author: Author) -> None:
        try:
            unseen = await unseen_notices(self._engine.database, author.id)
        except StoreUnavailable:
            return
        self._tell(encode.dumps({"t": "notices", "unseen": unseen}))

    def gone(self) -> None:
        """The line is closed."""
        self._is_gone = True
        self._stop_watching()
        for room in self._rooms:
            self._engine.switchboard.unsubscribe(place_of_room(room), self._listener)
        self._rooms = frozenset()
        if self._reader.author is not None:
            place = place_of_member(self._reader.author.public_id)
            self._engine.switchboard.unsubscribe(place, self._listener)

    def _stop_watching(self) -> None:
        for board in self._boards:
            self.unwatch(board)
