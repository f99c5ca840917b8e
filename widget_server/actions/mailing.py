"""Mails to people: which there are, and how one is written into the outbox.

The text is made by the worker that sends it (:mod:`widget_server.workers.mail`), from the template of the same name
under ``templates/mail/``, in the language of whoever gets it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from widget_server.actions.outbox import put

if TYPE_CHECKING:
    from collections.abc import Mapping

    from widget_server.store.database import Transaction

TOPIC: Final = "mail"


class Mail(StrEnum):
    """Every kind of mail; the value is the name of its template."""

    CONFIRM = "confirm"
    """Confirm the address of a new account."""
    ADDRESS_TAKEN = "address_taken"
    """Somebody wanted to register with the address of an account that exists."""
    RESET = "reset"
    CHANGE_ADDRESS = "change_address"
    """To the new address: confirm it."""
    ADDRESS_CHANGES = "address_changes"
    """To the old address: it is being changed."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a template
    FACTOR_CHANGED = "factor_changed"
    """To the owner: something that opens the account was added, removed or used up."""
    INVITATION = "invitation"
    APPROVED = "approved"
    REFUSED = "refused"
    """Somebody looked at the account and did not approve it."""
    CONFIRM_CONTACT = "confirm_contact"
    MISSED_CHAT = "missed_chat"
    """To an agent: nobody answers a visitor."""
    CHAT_ANSWER = "chat_answer"
    """To a visitor: what agents wrote and they have not seen."""
    NOTICES = "notices"
    """What somebody was told and has not seen: at once, or as a digest."""
    TROUBLE = "trouble"
    """To the administrator: the server failed."""


class Letter(NamedTuple):
    """One mail, made."""

    to: str
    subject: str
    text: str
    html: str
    language: str
    link: str | None
    """What it is about, where it carries a code."""
    at: int
    """UTC time in ms at which it was made."""
    unsubscribe: str = ""
    """Where one click ends such mails (RFC 8058)."""


async def post(
    tx: Transaction,
    mail: Mail,
    *,
    to: str,
    language: str,
    now_ms: int,
    link_id: int | None = None,
    person_id: int | None = None,
    site_id: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Have a mail sent once this transaction is committed.

    Args:
        tx: the transaction of what causes it.
        mail: which one.
        to: one address, as its owner writes it (S35).
        language: of the recipient; "" is English.
        now_ms: UTC time in ms.
        link_id: the one-time link that it carries (:mod:`widget_server.actions.links`).
        person_id: whom it is about.
        site_id: for which site it speaks.
        facts: what its template names. They are text, whatever stands in them.
    """
    payload = {"mail": mail.value, "to": to, "language": language, "link": link_id, "facts": dict(facts or {})}
    await put(tx, TOPIC, payload, now_ms=now_ms, person_id=person_id, site_id=site_id)
