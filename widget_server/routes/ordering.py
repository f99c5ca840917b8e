"""How a list of threads is put in order, as the address of its page says."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from widget_server.actions.members import page_number
from widget_server.actions.thread_lists import SORTS, SPANS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.actions.thread_lists import Sort, Span


class Order(NamedTuple):
    """What an address asks for; what it asks for wrongly is as if it did not."""

    sort: Sort
    span: Span
    page: int
    has_spans: bool = False
    """Whether the list can be narrowed to the best of late."""

    def query(self) -> str:
        """Return what of the order stands in an address; nothing where it is the usual one."""
        asked = {"sort": (self.sort, SORTS[0]), "span": (self.span, SPANS[0])}
        chosen = {name: value for name, (value, usual) in asked.items() if value != usual}
        return urlencode(chosen)


def order_of(query: Mapping[str, str], *, has_spans: bool = False) -> Order:
    """Return the order of the list that an address asks for."""
    sort = next((known for known in SORTS if known == query.get("sort")), SORTS[0])
    span = next((late for late in SPANS if late == query.get("span")), SPANS[0])
    if sort != "top" or not has_spans:
        span = SPANS[0]
    return Order(sort, span, page_number(query.get("page", "1")), has_spans)


def with_query(address: str, *queries: str) -> str:
    """Return ``address`` with these parts of a query, where they are not empty."""
    joined = "&".join(filter(None, queries))
    return f"{address}?{joined}" if joined else address
