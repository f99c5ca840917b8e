"""Feeds in Atom (RFC 4287): what a reader of feeds is given, and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from widget_server.core.times import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

TYPE: Final = "application/atom+xml"
_NAMESPACE: Final = "http://www.w3.org/2005/Atom"
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot say, not even escaped."""


class Entry(NamedTuple):
    """One thing that was written."""

    id: str
    """An IRI that stays with it, wherever it moves."""
    title: str
    address: str
    """Where it is read: absolute, as all addresses here."""
    author: str
    published: int
    """UTC ms, as all times here."""
    updated: int
    html: str | None
    """What it says, as harmless HTML; None: it was taken away."""


class Feed(NamedTuple):
    """What is told of one place."""

    address: str
    """Of the feed itself, which is its name too."""
    page: str
    """Where people read the same."""
    base: str
    """What links in the entries' texts are relative to."""
    title: str
    subtitle: str
    updated: int
    entries: Sequence[Entry]


def written(feed: Feed) -> bytes:
    """Return the feed's document."""
    root = Element("feed", {"xmlns": _NAMESPACE, "xml:base": feed.base})
    _put(root, "id", feed.address)
    _put(root, "title", feed.title)
    if feed.subtitle:
        _put(root, "subtitle", feed.subtitle)
    _put(root, "updated", iso(feed.updated))
    SubElement(root, "link", {"rel": "self", "type": TYPE, "href": feed.address})
    SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": feed.page})
    for entry in feed.entries:
        _write_entry(SubElement(root, "entry"), entry)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _write_entry(element: Element, entry: Entry) -> None:
    _put(element, "id", entry.id)
    _put(element, "title", entry.title)
    SubElement(element, "link", {"rel": "alternate", "type": "text/html", "href": entry.address})
    _put(SubElement(element, "author"), "name", entry.author)
    _put(element, "published", iso(entry.published))
    _put(element, "updated", iso(entry.updated))
    if entry.html is not None:
        _put(element, "content", entry.html).set("type", "html")


def _put(parent: Element, name: str, text: str) -> Element:
    element = SubElement(parent, name)
    element.text = _NOT_XML.sub("\ufffd", text)
    return element
