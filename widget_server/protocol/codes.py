"""Every number a client may meet: error codes in frames and HTTP answers, and close codes of a socket.

The ranges alone tell a client what to do, also for a number it has never heard of:

* errors ``10xx`` the frame is wrong, ``20xx`` not found or not allowed, ``30xx`` the content cannot be taken: do not
  repeat.
* errors ``50xx`` a passing state of the server: send the same again after ``retry_after`` (milliseconds).
* close codes below ``4400``: connect again, with backoff. From ``4400``: do not connect again by yourself.
  Of the standard ones (RFC 6455 §7.4.1) 1000, 1002, 1003, 1007, 1008 and 1009 also mean "do not".
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple


class ErrorCode(NamedTuple):
    """``number`` on the wire, ``http`` status over HTTP, ``text`` for a person (facts in braces)."""

    number: int
    http: int
    text: str


ERRORS: Final[dict[str, ErrorCode]] = {
    # 10xx: the program that sent this is wrong
    "malformed": ErrorCode(1000, 400, "This is not a frame of the protocol: {where}."),
    "unknown_frame": ErrorCode(1001, 400, "There is no frame of this kind."),
    "too_deep": ErrorCode(1002, 400, "The frame is nested deeper than {limit} levels."),
    "too_large": ErrorCode(1003, 413, "The frame is larger than {limit} bytes."),
    "hello_first": ErrorCode(1004, 400, "The first frame must be hello."),
    "hello_twice": ErrorCode(1005, 400, "This connection has said hello already."),
    "unsupported_version": ErrorCode(1006, 400, "This server speaks version {version} of the protocol."),
    "not_opened": ErrorCode(1007, 400, "Open the channel first."),
    "bad_request": ErrorCode(1008, 400, "This request cannot be read: {where}."),
    "wrong_method": ErrorCode(1009, 405, "This address is not used in this way."),
    # 20xx: not there, or not for you
    "not_found": ErrorCode(2000, 404, "There is nothing here by that name."),
    "not_allowed": ErrorCode(2001, 403, "You may not do this."),
    "signed_out": ErrorCode(2002, 401, "You are signed out. Sign in again."),
    "token_ended": ErrorCode(2003, 401, "This chat was ended on this device. A new one can be started."),
    "unknown_site": ErrorCode(2004, 404, "No site has this key. Check the script tag."),
    "foreign_origin": ErrorCode(
        2005, 403, "This address is not listed for the site. Add it under Sites, allowed origins."
    ),
    "wrong_sign_in": ErrorCode(2006, 401, "The address or the password is not right."),
    "forged": ErrorCode(2007, 403, "This request did not come from our own page. Reload the page and try again."),
    # 30xx: the content
    "empty_message": ErrorCode(3000, 422, "Write something first."),
    "message_too_long": ErrorCode(3001, 422, "A message may have {limit} characters."),
    "bad_text": ErrorCode(3002, 422, "The text contains characters that cannot be stored."),
    "conflict": ErrorCode(3003, 409, "Something else was already sent under this id."),
    "edit_conflict": ErrorCode(3004, 409, "The message was changed meanwhile. Look at it again before you edit it."),
    "edit_closed": ErrorCode(3005, 422, "A message can be changed for {minutes} minutes."),
    "channel_closed": ErrorCode(3006, 422, "This conversation takes no more messages."),
    "removed": ErrorCode(3007, 422, "The message was removed."),
    "line_too_long": ErrorCode(3008, 422, "This may have {limit} characters."),
    "line_empty": ErrorCode(3009, 422, "This cannot be empty."),
    "taken": ErrorCode(3010, 409, "This name or address is taken."),
    "weak_password": ErrorCode(3011, 422, "Choose a password of at least {limit} characters that is not a common one."),
    "bad_origin": ErrorCode(3012, 422, "An origin looks like https://www.example.com, without a path: {value}"),
    "bad_value": ErrorCode(3013, 422, "This value cannot be taken: {field}."),
    # 50xx: later
    "busy": ErrorCode(5000, 503, "The server is busy. It is tried again by itself."),
    "rate_limited": ErrorCode(5001, 429, "That was a lot at once. Try again in {seconds} s."),
    "unavailable": ErrorCode(
        5002, 503, "The server cannot store anything at the moment. Nothing is lost; it is tried again."
    ),
    "held_back": ErrorCode(5003, 503, "An earlier message of this conversation must be sent first."),
    "draining": ErrorCode(5004, 503, "The server restarts. It is tried again by itself."),
    "internal": ErrorCode(5005, 500, "Something went wrong on our side. It was logged."),
    "not_built": ErrorCode(
        5006, 503, "The browser's part of this server is missing. Whoever runs it can make it: make build"
    ),
}

RETRIABLE_FROM: Final = 5000


class CloseCode(IntEnum):
    """Why the server closes a socket. Below 4400: connect again."""

    RESTART = 1012
    """RFC 6455 registry: service restart.

    The reason is a JSON object with ``retry_after`` in ms, spread over clients.
    """
    BUSY = 1013
    TOO_LARGE = 1009
    SLOW = 4000
    """The reader did not keep up; what it missed comes with resume."""
    HELLO_TIMEOUT = 4001
    RESUME_AGAIN = 4002
    """The server lost the thread of this connection (its node missed events): connect and resume."""
    RIGHTS_CHANGED = 4003
    """What this connection may see has changed: connect again, the answer tells what is left."""
    MALFORMED = 4400
    SIGNED_OUT = 4401
    REPLACED = 4402
    """Too many sockets for one visitor or address."""
    UPGRADE_REQUIRED = 4403


RECONNECT_BELOW: Final = 4400
STANDARD_FINAL: Final = (1000, 1002, 1003, 1007, 1008, 1009)


def may_reconnect(code: int) -> bool:
    """Whether a client that was closed with ``code`` connects again by itself."""
    return code < RECONNECT_BELOW and code not in STANDARD_FINAL
