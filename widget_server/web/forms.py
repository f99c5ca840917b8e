"""A posted form: what was typed, and what is wrong with it, field by field (S2.06)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aiohttp import web
from aiohttp.http import HttpProcessingError

from widget_server.core.errors import Malformed, ProductError, Unacceptable
from widget_server.protocol.encode import error_body
from widget_server.web.bodies import UPLOAD_SECONDS, in_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

WHOLE: Final = ""
"""In place of a field's name: what is wrong with the form as a whole."""

SECRETS: Final = frozenset({"password", "password_again", "old", "code", "credential", "auth"})
"""Fields that no page ever shows again."""
WRITTEN = web.RequestKey("written", dict)
"""What was written in the form that a request brings (:attr:`Form.written`), where there is anything and our own page
sent it: the page that refuses it gives it back."""
_ONE_WORD: Final = re.compile(r"[!-~]*")

_FIELD_CHARS: Final = 60_000
_AROUND_BYTES: Final = 16_384
"""Room for what stands around a file in a form."""
_NO_FORM: Final = (ValueError, LookupError, RuntimeError, HttpProcessingError)
"""What aiohttp raises for a form that is none: its parts have heads and encodings of their own."""


class Form:
    """The fields of one form.

    Args:
        values: what stands in them.
        say: puts what is wrong into the visitor's language.
    """

    def __init__(self, values: Mapping[str, Any] | None = None, say: Callable[[str], str] = str) -> None:
        self._say = say
        self.values: dict[str, str] = {
            name: value[:_FIELD_CHARS] for name, value in (values or {}).items() if isinstance(value, str)
        }
        self.files: dict[str, web.FileField] = {
            name: value for name, value in (values or {}).items() if hasattr(value, "filename")
        }
        self._uploads: list[tuple[str, web.FileField]] = [
            (name, value) for name, value in (values or {}).items() if hasattr(value, "filename")
        ]
        self.problems: dict[str, str] = {}
        """What is wrong, for a person, by the field beside which it is shown."""

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def __contains__(self, name: object) -> bool:
        return bool(self.values.get(str(name)))

    @property
    def written(self) -> dict[str, str]:
        """What it would be a loss to write again, by its field: whatever is more than a plain word, and no secret."""
        return {
            name: text
            for name, text in self.values.items()
            if name not in SECRETS and not _ONE_WORD.fullmatch(text.strip())
        }

    def uploads(self, name: str) -> list[web.FileField]:
        """Return every file that a field brings; a browser names an empty one where none was chosen."""
        return [file for field, file in self._uploads if field == name and file.filename]

    def close(self) -> None:
        """Let go of the files."""
        for _, file in self._uploads:
            file.file.close()

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self.problems

    def check(self, field: str, rule: Callable[..., T], **options: Any) -> T | None:
        """Return what ``rule`` makes of a field's value, or None where it refuses; the reason is kept."""
        try:
            return rule(self[field], **options)
        except Unacceptable as error:
            self.refuse(field, error)
            return None

    def refuse(self, name: str, error: ProductError) -> None:
        """Keep the reason for which a field, or the :data:`WHOLE`, is not taken; the first one stays."""
        self.problems.setdefault(name, str(error_body(error, self._say)["message"]))


async def read_form(request: web.Request, *, say: Callable[[str], str] = str, megabytes: int = 0) -> Form:
    """Return the form that was posted.

    Args:
        request: that brings it.
        say: puts what is wrong with it into the visitor's language.
        megabytes: how large a file in it may be; 0 where none is expected, and the whole is small.

    Raises:
        Malformed: ``bad_request`` for a body that is no form, or not in the encoding that it names.
        Unacceptable: ``file_too_large``; not more than that was read.
    """
    if megabytes:
        return await _read_upload(request, say, megabytes)
    try:
        return Form(await in_time(request.post()), say)
    except _NO_FORM:
        raise Malformed("bad_request", where="the form") from None


async def _read_upload(request: web.Request, say: Callable[[str], str], megabytes: int) -> Form:
    # What is larger than a megabyte is written to a file without a name; the fields around it are small.
    roomy = request.clone(client_max_size=megabytes * 1_000_000 + _AROUND_BYTES)
    try:
        return Form(await in_time(roomy.post(), UPLOAD_SECONDS), say)
    except web.HTTPRequestEntityTooLarge:
        raise Unacceptable("file_too_large", limit=megabytes) from None
    except _NO_FORM:
        raise Malformed("bad_request", where="the form") from None
