"""One rule for every proof of who somebody is: it holds when its check says so, and in no other case (S18)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from widget_server.core.errors import ProductError
from widget_server.store.database import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = logging.getLogger(__name__)
T = TypeVar("T")


async def holds(check: Awaitable[object]) -> bool:
    """Return whether a check has said ``True`` itself.

    Whatever else it may answer, a coroutine that nobody awaited among it, is no proof; and neither is a check that
    broke.

    Raises:
        ProductError: the check's own refusal, such as ``busy``.
        StoreUnavailable: it could not be looked up.
    """
    try:
        answer = await check
    except (ProductError, StoreUnavailable):
        raise
    except Exception as error:  # noqa: BLE001 - whatever breaks in a check, it must not open anything
        _log.warning("A proof could not be checked, and counts as none.", extra={"error": type(error).__name__})
        return False
    return answer is True


def proved(check: Callable[[], object], kind: type[T]) -> T | None:
    """Return what a check has found to be true, exactly a ``kind``; None for anything else, and where it broke."""
    try:
        found = check()
    except Exception as error:  # noqa: BLE001 - as above: libraries have many ways to say no
        _log.warning("A proof was not taken.", extra={"error": type(error).__name__})
        return None
    return found if type(found) is kind else None
