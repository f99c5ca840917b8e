"""Templates are compiled once for each language of a process, however many applications it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from jinja2 import BytecodeCache

if TYPE_CHECKING:
    from gettext import NullTranslations
    from types import CodeType

    from jinja2.bccache import Bucket


class Compiled(BytecodeCache):
    """What the templates of one language were compiled to, in memory; a template that changed is compiled anew."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give ``bucket`` its code, where the same source was compiled before."""
        checksum, code = self._codes.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of ``bucket``."""
        if bucket.code is not None:
            self._codes[bucket.key] = (bucket.checksum, bucket.code)


_OF: Final[WeakKeyDictionary[NullTranslations, Compiled]] = WeakKeyDictionary()


def compiled_for(texts: NullTranslations) -> Compiled:
    """Return the cache of the templates that say ``texts``: fixed ones are compiled in (``web/fixed_texts.py``)."""
    return _OF.setdefault(texts, Compiled())
