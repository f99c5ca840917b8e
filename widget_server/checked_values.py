"""What the values of settings look like: each function returns one as it is used, or says what to write instead."""

from __future__ import annotations

import re
from ipaddress import ip_network
from urllib.parse import parse_qs, urlsplit

import limits

SAMPLE_SECRETS = ("changeme", "change-me", "change_me", "secret", "password", "example", "sample", "insecure", "12345")
# What samples and images have as a password: these as the whole of it, for a part of a good one may read like anything.
_SAMPLE_PASSWORDS = {"123456", "12345678", "admin", "mysecretpassword", "postgres", "root", "test", "user", "widget"}
_SAMPLE_WORDS = ("changeme", "change-me", "change_me", "example", "replace")
POSTGRESQL = "postgresql://"
_MAIL_DOMAIN = re.compile(r"(?=.{1,190}\Z)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_PLAIN_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*")


def check_rate(text: str) -> str:
    """Return how much is allowed in which time."""
    try:
        limits.parse_many(text)
    except ValueError:
        raise ValueError('write it as "30/10seconds" or "600/minute"') from None
    return text


def check_public_url(url: str) -> str:
    """Return where browsers reach the server."""
    parts = urlsplit(url)
    plain_path = _PLAIN_PATH.fullmatch(parts.path.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or not plain_path:
        raise ValueError(
            "write scheme, host, port and, where the chat lies under a path, that path in plain letters, as in "
            '"https://chat.example.org" or "https://example.org/apps/chat"'
        )
    return url.rstrip("/")


def check_database_url(url: str) -> str:
    """Return where the database is."""
    scheme, _, rest = url.partition("://")
    if scheme in {"postgresql", "postgres"}:
        parts = urlsplit(url)
        try:
            complete = parts.hostname and parts.path.strip("/") and (parts.port is None or parts.port > 0)
        except ValueError:
            complete = False
        if not complete:
            raise ValueError('write "postgresql://user:password@host:5432/name"')
        check_query(parts.query)
        return POSTGRESQL + rest
    if not url.startswith("sqlite:///") or url == "sqlite:///":
        raise ValueError(
            f'databases of kind "{url.partition(":")[0]}" are not known; write "sqlite:///" and the path of a file, '
            'or "postgresql://user:password@host:5432/name"'
        )
    return url


def check_query(query: str) -> None:
    """Keep passwords where they are known as such: what stands after the ``?`` is shown, and given to programs."""
    if any(name.lower().endswith(("password", "passwd")) for name in parse_qs(query, keep_blank_values=True)):
        raise ValueError('write the password before the host, as in "user:password@host", and not behind the "?"')


def check_broker_url(url: str) -> str:
    """Return where the broker is."""
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "valkey", "valkeys", "unix"} or not (parts.hostname or parts.path):
        raise ValueError('write "redis://host:6379/0", with user and password before the host where it wants them')
    check_query(parts.query)
    return url.replace("valkey", "redis", 1) if parts.scheme.startswith("valkey") else url


def check_issuer(url: str) -> str:
    """Return an OpenID provider."""
    parts = urlsplit(url)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise ValueError('write the issuer as the provider names itself, as in "https://id.example.org/realms/main"')
    return url


def check_mail_url(url: str) -> str:
    """Return a mail server."""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/"):
        raise ValueError('write "smtp://user:password@host:587" or "smtps://user:password@host:465"')
    check_query(parts.query)
    return url


def check_files_url(url: str) -> str:
    """Return where files are kept."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return url.rstrip("/")
    if parts.scheme != "s3" or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            'write "file:///srv/files" or "s3://bucket/prefix", with WIDGET_FILES_KEY and WIDGET_FILES_SECRET'
        )
    return url.rstrip("/")


def check_networks(text: str) -> str:
    """Return networks, separated by commas."""
    try:
        for part in filter(None, (part.strip() for part in text.split(","))):
            ip_network(part)
    except ValueError:
        raise ValueError('write networks, separated by commas, as in "10.0.0.0/8, fd00::/8"') from None
    return text


def check_mail_from(sender: str) -> str:
    """Return a sender of mails."""
    if "@" not in sender or any(character in sender for character in "\r\n"):
        raise ValueError('write an address, or a name and an address: "Support chat <chat@example.org>"')
    return sender


def check_proxies(trusted: str) -> str:
    """Return how many proxies there are, or their networks."""
    if trusted.isdecimal() and int(trusted) <= 16:
        return trusted
    try:
        networks = [str(ip_network(part.strip())) for part in trusted.split(",")]
    except ValueError:
        raise ValueError('write how many there are (at most 16), or their networks: "10.0.0.0/8,127.0.0.1"') from None
    return ",".join(networks)


def is_sample_password(password: str) -> bool:
    """Whether nobody can mean this password in earnest."""
    plain = password.strip("<>").lower()
    return plain in {"", *_SAMPLE_PASSWORDS, *SAMPLE_SECRETS} or any(word in plain for word in _SAMPLE_WORDS)


def check_domain(domain: str) -> str:
    """Return the domain for which mail is taken."""
    if not _MAIL_DOMAIN.fullmatch(domain):
        raise ValueError('write a domain in ASCII, as in "reply.example.org"')
    return domain.lower()
