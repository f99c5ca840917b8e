"""Passkeys (WebAuthn): a device shows who it belongs to by signing a challenge, after it has checked its owner itself.

One that its owner was verified for counts as two factors. Nothing here knows a secret: the store has public keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
import webauthn
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from widget_server.actions.accounts import Account, access_account
from widget_server.actions.challenges import Challenge, use_up
from widget_server.actions.factors import Deed, add_factor, drop_factor, new_codes
from widget_server.actions.proof import proved
from widget_server.core.errors import Refused, Unacceptable
from widget_server.core.text import check_line
from widget_server.store.queries import passkeys as queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from widget_server.store.database import Database, Row, Transaction

NAME_CHARS: Final = 60
PASSKEYS_MAX: Final = 20
CHALLENGE_BYTES: Final = 32
CHALLENGE_MINUTES: Final = 5

_ANSWER_CHARS: Final = 16_000
_PUBLIC_ID: Final = 4
"""Where a row of ``queries.BY_CREDENTIAL`` has its owner's public id."""


class Place(NamedTuple):
    """For whom browsers make and show passkeys: no other site can ask for them."""

    host: str
    """The relying party's id."""
    origin: str
    name: str


class Passkey(NamedTuple):
    """One of an account's."""

    id: int
    name: str
    created_at: int
    used_at: int | None
    credential_id: str
    transports: tuple[str, ...]

    @property
    def described(self) -> PublicKeyCredentialDescriptor:
        """As browsers are told of it."""
        known = {transport.value for transport in AuthenticatorTransport}
        ways = [AuthenticatorTransport(way) for way in self.transports if way in known]
        return PublicKeyCredentialDescriptor(id=base64url_to_bytes(self.credential_id), transports=ways)


async def list_passkeys(db: Database, account: Account) -> list[Passkey]:
    """Return the account's, the oldest first."""
    rows = await db.read(lambda tx: tx.all(queries.OF_PERSON, owner=account.person_id))
    return [Passkey._make([*row[:-1], tuple(orjson.loads(row[-1]))]) for row in rows]


def options_to_create(place: Place, account: Account, known: list[Passkey], challenge: bytes) -> str:
    """Return what a browser is asked to make, as JSON: a passkey by which it finds the account itself."""
    options = webauthn.generate_registration_options(
        rp_id=place.host,
        rp_name=place.name,
        user_id=account.public_id.encode(),
        user_name=account.written,
        user_display_name=account.name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[passkey.described for passkey in known],
    )
    return webauthn.options_to_json(options)


def options_to_sign_in(place: Place, known: list[Passkey], challenge: bytes) -> str:
    """Return what a browser is asked to sign, as JSON; without ``known`` ones its owner chooses among all they have."""
    options = webauthn.generate_authentication_options(
        rp_id=place.host,
        challenge=challenge,
        allow_credentials=[passkey.described for passkey in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


async def do_add_passkey(
    db: Database,
    account: Account,
    answer: str,
    *,
    name: str,
    challenge: Challenge,
    place: Place,
    session_id: int,
    now_ms: int,
    random: Callable[[int], bytes],
) -> list[str]:
    """Add the passkey that a browser has made.

    Args:
        db: the store.
        account: whose it becomes.
        answer: of the browser, as JSON.
        name: by which its owner knows it.
        challenge: that it had to sign; it is used up.
        place: for which it was made.
        session_id: the session that goes on where others end (:func:`actions.factors.add_factor`).
        now_ms: UTC time in ms.
        random: gives that many random bytes.

    Returns:
        Fresh recovery codes; none where the account has some already.

    Raises:
        Unacceptable: for the name; ``taken`` for a passkey that is known, or ``bad_choice`` for one too many.
        Refused: ``bad_passkey``, whatever is wrong with the answer.
    """
    shown = check_line(name, NAME_CHARS, required=True)
    made = proved(
        lambda: webauthn.verify_registration_response(
            credential=_read(answer),
            expected_challenge=challenge.value,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            require_user_verification=True,
        ),
        VerifiedRegistration,
    )
    if made is None or not made.user_verified:
        raise Refused("bad_passkey")
    fresh = new_codes(random)

    async def write(tx: Transaction) -> list[str]:
        if not await use_up(tx, challenge, now_ms):
            raise Refused("bad_passkey")
        if len(await tx.all(queries.OF_PERSON, owner=account.person_id)) >= PASSKEYS_MAX:
            raise Unacceptable("too_many", limit=PASSKEYS_MAX)
        touched = await tx.run(
            queries.INSERT,
            owner=account.person_id,
            credential_id=bytes_to_base64url(made.credential_id),
            public_key=bytes_to_base64url(made.credential_public_key),
            sign_count=made.sign_count,
            transports=orjson.dumps(_transports(answer)).decode(),
            name=shown,
            now=now_ms,
        )
        if touched != 1:
            raise Refused("bad_passkey")
        deed = Deed("added", "passkey", shown)
        return await add_factor(tx, account, deed, fresh, session_id=session_id, now_ms=now_ms)

    return await db.write(write)


async def check_passkey(
    db: Database, answer: str, *, challenge: Challenge, place: Place, person_id: int | None, now_ms: int
) -> Account:
    """Return the account that a browser has shown a passkey of.

    Args:
        db: the store.
        answer: of the browser, as JSON.
        challenge: that it had to sign; it is used up.
        place: for which the passkey was made.
        person_id: whose it must be, where somebody is signed in already.
        now_ms: UTC time in ms.

    Raises:
        Refused: ``bad_passkey``, whatever is wrong with it.
    """
    credential_id = _credential_id(answer)
    row = await db.read(lambda tx: tx.one(queries.BY_CREDENTIAL, credential_id=credential_id))
    if row is None or (person_id is not None and row[3] != person_id):
        raise Refused("bad_passkey")
    key, public_key, sign_count, owner, _ = row
    shown = proved(
        lambda: webauthn.verify_authentication_response(
            credential=_read(answer),
            expected_challenge=challenge.value,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=base64url_to_bytes(public_key),
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        ),
        VerifiedAuthentication,
    )
    if shown is None or not shown.user_verified or not _names_its_owner(answer, row):
        raise Refused("bad_passkey")

    async def write(tx: Transaction) -> None:
        if not await use_up(tx, challenge, now_ms):
            raise Refused("bad_passkey")
        if await tx.run(queries.USE, key=key, new_count=shown.new_sign_count, now=now_ms) != 1:
            raise Refused("bad_passkey")

    await db.write(write)
    try:
        return await access_account(db, owner)
    except Refused:
        raise Refused("bad_passkey") from None


async def do_remove_passkey(db: Database, account: Account, key: int, *, now_ms: int) -> None:
    """Take one of the account's passkeys away. Harmless to repeat, and nothing where it is somebody else's."""

    async def write(tx: Transaction) -> None:
        row = await tx.one(queries.REMOVE, key=key, owner=account.person_id)
        if row is not None:
            await drop_factor(tx, account, Deed("removed", "passkey", row[0]), now_ms=now_ms)

    await db.write(write)


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > _ANSWER_CHARS:
        raise ValueError("no passkey's answer is that long")
    read = orjson.loads(answer)
    if not isinstance(read, dict):
        raise TypeError("a passkey's answer is an object")
    return read


def _credential_id(answer: str) -> str:
    """Return the id that an answer names, in the one spelling that is stored; "" where it names none."""
    return proved(lambda: bytes_to_base64url(base64url_to_bytes(_read(answer)["id"])), str) or ""


def _transports(answer: str) -> list[str]:
    """Return the ways to the device that a browser tells: hints for the next time, nothing is believed of them."""
    told = proved(lambda: _read(answer)["response"].get("transports"), list) or []
    known = {transport.value for transport in AuthenticatorTransport}
    return [way for way in told[:10] if isinstance(way, str) and way in known]


def _names_its_owner(answer: str, row: Row) -> bool:
    """Whether the device says of the passkey that it belongs to whom the store says, where it says anything."""
    handle = proved(lambda: _read(answer)["response"].get("userHandle") or "", str)
    if not handle:
        return handle == ""
    return bool(proved(lambda: base64url_to_bytes(handle).decode(), str) == row[_PUBLIC_ID])
