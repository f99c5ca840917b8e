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
    "wrong_type": ErrorCode(1010, 415, "Send the body as application/json."),
    "wrong_tus": ErrorCode(1011, 412, "Uploads speak version {version} of tus: say so in Tus-Resumable."),
    "wrong_piece": ErrorCode(1012, 415, "Send a file's bytes as application/offset+octet-stream."),
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
    "unconfirmed": ErrorCode(2008, 403, "Confirm your address first: the link is in the mail that we sent you."),
    "factor_needed": ErrorCode(2009, 403, "Enter the code of your second factor first."),
    "prove_again": ErrorCode(2010, 403, "Enter your password again before you change this."),
    "link_ended": ErrorCode(2011, 403, "This link or code was used already, or is too old. Ask for a new one."),
    "banned": ErrorCode(2012, 403, "You may not write here. {reason}"),
    "silenced": ErrorCode(2030, 403, "You may not write here any more. {reason}"),
    "silenced_until": ErrorCode(2031, 403, "You may not write here until {until}. {reason}"),
    "bad_identity": ErrorCode(2050, 403, "The signed identity is not taken: {why}."),
    "chat_claimed": ErrorCode(2051, 403, "This chat belongs to another account already."),
    "registration_closed": ErrorCode(2013, 403, "New accounts are not made here at the moment."),
    "bad_token": ErrorCode(2040, 401, "This access token is missing, wrong, or holds no longer."),
    "scope_missing": ErrorCode(2041, 403, "The access token was made without the scope {scope}."),
    "beyond_you": ErrorCode(2020, 403, "You cannot give or take what you may not do yourself."),
    "unapproved": ErrorCode(2022, 403, "Your account waits to be approved. We write to you when it is."),
    "last_administrator": ErrorCode(2021, 403, "One administrator must remain. Appoint another one first."),
    "factor_missing": ErrorCode(2056, 403, "Agents need a second factor here. Add one to your account first."),
    "bad_passkey": ErrorCode(2057, 403, "This passkey was not taken. Try again."),
    "files_off": ErrorCode(2058, 403, "No files are taken here."),
    "outside_failed": ErrorCode(2052, 403, "Signing in with {provider} did not work. Try again."),
    "outside_known": ErrorCode(
        2053, 403, "There is an account with this address. Sign in with its password, then connect {provider} to it."
    ),
    "outside_mail": ErrorCode(2054, 403, "{provider} told no email address, and an account needs one."),
    "sent_away": ErrorCode(2070, 403, "You were removed from this room. Somebody in it can ask you in again."),
    "outside_taken": ErrorCode(2055, 403, "This sign-in with {provider} belongs to another account."),
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
    "bad_mail": ErrorCode(3014, 422, "Write an email address such as ada@example.com."),
    "passwords_differ": ErrorCode(3015, 422, "The two passwords are not the same."),
    "wrong_password": ErrorCode(3016, 422, "This is not your password."),
    "wrong_code": ErrorCode(3017, 422, "This code is not right, or was used already."),
    "bad_picture": ErrorCode(3018, 422, "Choose a picture (PNG, JPEG or WebP) of at most {limit} MB."),
    "name_looks_alike": ErrorCode(3019, 409, "This name looks like somebody else's. Choose another one."),
    "too_many": ErrorCode(3050, 422, "There can be {limit} of these. End one first."),
    "bad_choice": ErrorCode(3020, 422, "Choose one of these."),
    "bad_url": ErrorCode(3040, 422, "Write an address such as https://example.com/hook that is reached from outside."),
    "changed_meanwhile": ErrorCode(3041, 412, "This was changed meanwhile. Read it again before you change it."),
    "bad_network": ErrorCode(3030, 422, "Write a range of addresses such as 192.0.2.0/24 or 2001:db8::/32."),
    "own_address": ErrorCode(3031, 422, "Your own address is in this range."),
    "too_many_pixels": ErrorCode(3060, 422, "This picture is too large. It may have {limit} million pixels."),
    "bad_push_line": ErrorCode(3190, 422, "The push service of this browser cannot be used."),
    "file_too_large": ErrorCode(3061, 413, "This file is too large. It may have {limit} MB."),
    "bad_file": ErrorCode(
        3062, 422, "This kind of file is not taken, or it is damaged. Send a picture, a PDF, a text, a zip or a film."
    ),
    "empty_file": ErrorCode(3063, 422, "There is nothing in this file."),
    "quota_full": ErrorCode(3064, 422, "Your files have {limit} MB together. Remove messages with files first."),
    "site_quota_full": ErrorCode(3065, 422, "There is no room for more files here at the moment."),
    "too_many_files": ErrorCode(3066, 422, "There can be {limit} files. Send or remove some first."),
    "wrong_offset": ErrorCode(3067, 409, "The upload stands elsewhere. Ask where, and go on from there."),
    "no_such_file": ErrorCode(3068, 422, "A file is not there any more, or is not ready yet. Attach it again."),
    "bad_range": ErrorCode(3069, 416, "The file has no such part."),
    "thread_locked": ErrorCode(3080, 409, "This thread is locked: nobody answers in it any more."),
    "no_such_post": ErrorCode(3081, 422, "The post that you answer is not there any more. Reload the page."),
    "no_such_member": ErrorCode(3090, 422, "Nobody here has this name."),
    "thread_merged": ErrorCode(3115, 409, "The posts of this thread stand in another one now."),
    "too_many_tags": ErrorCode(3100, 422, "A thread may have {limit} tags."),
    "bad_tag": ErrorCode(3101, 422, "A tag is one word of letters and digits, at most {limit} characters: {tag}"),
    "poll_options": ErrorCode(3102, 422, "Write {least} to {most} different options, each on a line of its own."),
    "poll_choices": ErrorCode(3103, 422, "Choose a number from 1 to the number of options."),
    "poll_closing": ErrorCode(3104, 422, "A poll closes after 1 to {most} days."),
    "edit_locked": ErrorCode(3105, 409, "This thread is locked: its posts stay as they are."),
    "undo_over": ErrorCode(3106, 409, "This could be undone for a day. Ask a moderator."),
    "not_an_answer": ErrorCode(3107, 409, "Only a reply to a question can be its answer."),
    "first_post_stays": ErrorCode(3122, 422, "The post that opens a thread stays in it. Choose replies."),
    "choose_posts": ErrorCode(3123, 422, "Choose the posts that go, up to {limit} at once."),
    "same_thread": ErrorCode(3124, 422, "Choose another thread."),
    "merge_limited": ErrorCode(
        3127, 422, "A thread of more than {limit} posts is too long to merge. Merge into it, or split replies off."
    ),
    "reports_limited": ErrorCode(3125, 422, "{limit} of your reports still wait for moderators. Report more later."),
    "author_may_not": ErrorCode(3126, 409, "Its author may not write there any more. Refuse the post."),
    "bad_phrase": ErrorCode(3116, 422, "A word or phrase has up to eight words and a hundred characters: {phrase}"),
    "too_many_phrases": ErrorCode(3117, 422, "A list may have {limit} words and phrases."),
    "bad_number": ErrorCode(3118, 422, "Write a number from {least} to {most}."),
    "post_refused": ErrorCode(3119, 422, "This cannot be posted here: {phrase}"),
    "link_refused": ErrorCode(3120, 422, "New members post no links here. Leave them out."),
    "too_many_links": ErrorCode(3121, 422, "A post of a new member may have {limit} links."),
    "own_post": ErrorCode(3110, 422, "Nobody votes on their own post."),
    "voting_over": ErrorCode(3111, 409, "This thread is locked: it takes no votes any more."),
    "no_such_reaction": ErrorCode(3112, 422, "There is no such reaction."),
    "room_full": ErrorCode(3130, 409, "This room is full: it holds {limit}."),
    "room_has_more": ErrorCode(3131, 409, "There are {members} people in this room. It cannot hold fewer."),
    "poll_closed": ErrorCode(3113, 409, "This poll is closed."),
    "too_many_choices": ErrorCode(3114, 422, "Choose at most {limit}."),
    # 50xx: later
    "busy": ErrorCode(5000, 503, "The server is busy. It is tried again by itself."),
    "rate_limited": ErrorCode(5001, 429, "That was a lot at once. Try again in {seconds} s."),
    "posts_limited": ErrorCode(
        5007, 429, "New members write a few posts at a time. You can write again in {minutes} min."
    ),
    "files_limited": ErrorCode(5008, 429, "Many files came from your network. You can send more in {minutes} min."),
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
