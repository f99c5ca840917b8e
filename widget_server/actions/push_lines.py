"""Web push: the browsers that a member wants to be woken in, and the key by which push services know this server.

Nothing is sent from here: what is due goes into the outbox (:data:`TOPIC`), and ``workers.push`` takes it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from widget_server.core.browsers import browser_name
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.web_push import BrowserKeys, browser_keys, encoded, point_of, private_key
from widget_server.store.queries import push_lines as q

if TYPE_CHECKING:
    from widget_server.actions.sealing import Sealer
    from widget_server.store.database import Database, Row, Transaction

TOPIC: Final = "push"
"""Payload: ``person`` and ``notice``, by their keys."""
LINES_MAX: Final = 10
FAILURES_MAX: Final = 20
"""After so many in a row a browser is taken for gone: its push service does not always say so."""

_SEED_BYTES: Final = 48
_TOKEN_SECONDS: Final = 12 * 3_600
"""A push service refuses more than a day (RFC 8292, 2)."""


class Line(NamedTuple):
    """One browser."""

    id: int
    endpoint: str
    keys: BrowserKeys
    browser: str
    created_at: int
    used_at: int | None
    """When something was last sent there; UTC ms."""
    session_id: int


class Signer:
    """Says to push services who sends (VAPID, RFC 8292): the same key on every node, and nothing to store.

    Args:
        secret: the installation's key. With another one, browsers must ask again.
        contact: an address of whoever runs this, as ``mailto:`` or ``https:``.
    """

    def __init__(self, secret: bytes, contact: str) -> None:
        key = private_key(HKDF(hashes.SHA256(), _SEED_BYTES, None, b"web push").derive(secret))
        self._key = ECKey.import_key(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self._contact = contact
        self.public_key: Final = encoded(point_of(key))
        """What a browser is given when it opens a line; only we can use that line then."""

    def authorization(self, endpoint: str, now_s: int) -> str:
        """Return the header for one push service.

        Args:
            endpoint: of the line.
            now_s: UTC time in seconds.
        """
        parts = urlsplit(endpoint)
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": now_s + _TOKEN_SECONDS, "sub": self._contact}
        token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, self._key, algorithms=["ES256"])
        return f"vapid t={token}, k={self.public_key}"


class Wanted(NamedTuple):
    """What a browser told of its line; ``endpoint`` was looked at by the guard on outgoing requests."""

    endpoint: str
    p256dh: str
    auth: str
    browser: str
    """What it calls itself."""


async def do_open_line(
    db: Database, sealer: Sealer, person_id: int, session_id: int, wanted: Wanted, now_ms: int
) -> None:
    """Wake this browser from now on, while the session holds. Harmless to repeat.

    Raises:
        Unacceptable: ``bad_push_line``, or ``too_many`` browsers.
    """
    try:
        browser_keys(wanted.p256dh, wanted.auth)
    except ValueError:
        raise Unacceptable("bad_push_line") from None
    keys = sealer.seal(orjson.dumps([wanted.p256dh, wanted.auth]).decode(), _place(wanted.endpoint))

    async def write(tx: Transaction) -> None:
        await tx.run(q.DROP_ENDED, owner=person_id, now=now_ms)
        row = await tx.one(q.COUNT, person_id=person_id, but=wanted.endpoint)
        if row is not None and row[0] >= LINES_MAX:
            raise Unacceptable("too_many", limit=LINES_MAX)
        await tx.run(
            q.OPEN,
            person_id=person_id,
            session_id=session_id,
            endpoint=wanted.endpoint,
            sealed_keys=keys,
            browser=browser_name(wanted.browser),
            now=now_ms,
        )

    await db.write(write)


async def do_close_line(db: Database, person_id: int, line_id: int) -> None:
    """Wake this browser no more.

    Raises:
        Refused: ``not_found``.
    """
    if not await db.write(lambda tx: tx.run(q.CLOSE, key=line_id, owner=person_id)):
        raise Refused("not_found")


async def list_lines(db: Database, sealer: Sealer, person_id: int, now_ms: int) -> list[Line]:
    """Return the browsers of somebody that may be woken now."""
    rows = await db.read(lambda tx: tx.all(q.OF_PERSON, owner=person_id, now=now_ms))
    return [_line(sealer, row) for row in rows]


async def do_note_sent(db: Database, line: Line, now_ms: int) -> None:
    """The push service took what was sent."""
    await db.write(lambda tx: tx.run(q.USED, key=line.id, now=now_ms))


async def do_drop_line(db: Database, line: Line) -> None:
    """The push service says that the line is no more; one that was opened again meanwhile stays."""
    await db.write(lambda tx: tx.run(q.GONE, key=line.id, which=line.endpoint))


async def do_note_failure(db: Database, line: Line) -> None:
    """It did not work; after :data:`FAILURES_MAX` in a row the line goes."""

    async def write(tx: Transaction) -> None:
        row = await tx.one(q.FAILED, key=line.id)
        if row is not None and row[0] >= FAILURES_MAX:
            await tx.run(q.GONE, key=line.id, which=line.endpoint)

    await db.write(write)


def _place(endpoint: str) -> str:
    return f"push line {endpoint}"


def _line(sealer: Sealer, row: Row) -> Line:
    key, endpoint, keys, browser, created_at, used_at, session_id = row
    p256dh, auth = orjson.loads(sealer.open(keys, _place(endpoint)))
    return Line(key, endpoint, browser_keys(p256dh, auth), browser, created_at, used_at, session_id)
