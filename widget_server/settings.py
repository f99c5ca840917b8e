"""Every setting of the server, in one class.

`Settings(...)` takes what it is given and defaults for the rest: it reads nothing, so that two servers with different
settings can live in one process. `load_settings()` reads the environment and a `.env` file; only the command line calls
it. The page `docs/settings.md` is generated from this class.
"""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import parse_qs, quote, urlsplit

import limits
from dotenv import dotenv_values
from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails
    from pydantic_settings import PydanticBaseSettingsSource

PREFIX = "WIDGET_"
SECRET_MIN_CHARS = 32

_SAMPLE_SECRETS = ("changeme", "change-me", "change_me", "secret", "password", "example", "sample", "insecure", "12345")
_POSTGRESQL = "postgresql://"
_PLAIN_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*")


class OperatorError(Exception):
    """Whoever runs the server must do something; the text is the one line that says what."""


def _check_rate(text: str) -> str:
    try:
        limits.parse_many(text)
    except ValueError:
        raise ValueError('write it as "30/10seconds" or "600/minute"') from None
    return text


def _check_public_url(url: str) -> str:
    parts = urlsplit(url)
    plain_path = _PLAIN_PATH.fullmatch(parts.path.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or not plain_path:
        raise ValueError(
            "write scheme, host, port and, where the chat lies under a path, that path in plain letters, as in "
            '"https://chat.example.org" or "https://example.org/apps/chat"'
        )
    return url.rstrip("/")


def _check_database_url(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme in {"postgresql", "postgres"}:
        parts = urlsplit(url)
        try:
            complete = parts.hostname and parts.path.strip("/") and (parts.port is None or parts.port > 0)
        except ValueError:
            complete = False
        if not complete:
            raise ValueError('write "postgresql://user:password@host:5432/name"')
        _check_query(parts.query)
        return _POSTGRESQL + rest
    if not url.startswith("sqlite:///") or url == "sqlite:///":
        raise ValueError(
            f'databases of kind "{url.partition(":")[0]}" are not known; write "sqlite:///" and the path of a file, '
            'or "postgresql://user:password@host:5432/name"'
        )
    return url


def _check_query(query: str) -> None:
    """Keep passwords where they are known as such: what stands after the ``?`` is shown, and given to programs."""
    if any(name.lower().endswith(("password", "passwd")) for name in parse_qs(query, keep_blank_values=True)):
        raise ValueError('write the password before the host, as in "user:password@host", and not behind the "?"')


def _database_url_of_parts(known: Mapping[str, Any]) -> str:
    host = known.get("database_host")
    if not host:
        return f"sqlite:///{known.get('data_dir', Path('data')) / 'widget.db'}"
    password = known.get("database_password")
    user = quote(known.get("database_user", "widget"), safe="")
    secret = f":{quote(password.get_secret_value(), safe='')}" if password else ""
    where = f"[{host}]" if ":" in host else host
    name = quote(known.get("database_name", "widget"), safe="")
    return f"{_POSTGRESQL}{user}{secret}@{where}:{known.get('database_port', 5432)}/{name}"


def _check_broker_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "valkey", "valkeys", "unix"} or not (parts.hostname or parts.path):
        raise ValueError('write "redis://host:6379/0", with user and password before the host where it wants them')
    _check_query(parts.query)
    return url.replace("valkey", "redis", 1) if parts.scheme.startswith("valkey") else url


Rate = Annotated[str, AfterValidator(_check_rate)]


class Settings(BaseSettings):
    """What an installation may choose. A field's environment variable is its name in capitals after ``WIDGET_``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True)

    mode: Literal["development", "testing", "production"] = Field(
        "development",
        description="`production` refuses sample secrets and writes its log as JSON.",
    )
    host: str = Field(
        "127.0.0.1",
        description="Address the public listener binds. `0.0.0.0` takes connections from other machines too; "
        "it is the default where a bare `PORT` names the port, as platforms do.",
    )
    port: int = Field(
        8080,
        ge=0,
        le=65535,
        description="Port of the public listener. A bare `PORT` is honoured too; 0 takes any free port.",
    )
    public_url: Annotated[str, AfterValidator(_check_public_url)] = Field(
        default_factory=lambda known: f"http://localhost:{known.get('port', 8080)}",
        description="Where browsers reach this server: scheme, host, port and, where it shares a host with others, "
        "its path, as in `https://example.org/apps/chat`; a proxy may pass that path on or strip it. Default: "
        "`http://localhost:` and the port.",
    )
    data_dir: Path = Field(
        Path("data"),
        description="Directory of everything this installation keeps: the database, the secret, the control socket.",
    )
    database_host: str | None = Field(
        None, description="Host of a PostgreSQL server, where its parts are easier to give than `WIDGET_DATABASE_URL`."
    )
    database_port: int = Field(5432, ge=1, le=65535, description="Port of the PostgreSQL server.")
    database_name: str = Field("widget", min_length=1, description="Name of the PostgreSQL database.")
    database_user: str = Field("widget", min_length=1, description="Who the server is to PostgreSQL.")
    database_password: SecretStr | None = Field(None, description="That user's password.")
    database_url: Annotated[str, AfterValidator(_check_database_url)] = Field(
        default_factory=_database_url_of_parts,
        repr=False,
        description="The database: `sqlite:///` and a file, or `postgresql://user:password@host:5432/name`. Default: "
        "PostgreSQL where `WIDGET_DATABASE_HOST` is set, else the file `widget.db` in the data directory.",
    )
    database_connections: int = Field(
        10, ge=4, le=200, description="Most connections that one process opens to PostgreSQL."
    )
    database_transaction_pooling: bool = Field(
        False,
        description="Set it where a pooler such as PgBouncer hands connections out for one transaction at a time: "
        "statements are then not prepared beforehand.",
    )
    broker_url: Annotated[str, AfterValidator(_check_broker_url)] | None = Field(
        None,
        repr=False,
        description="Redis or Valkey, by which several nodes tell each other what happened: `redis://host:6379/0`. "
        "One node needs none.",
    )
    internal_host: str = Field(
        "127.0.0.1",
        description="Address of the internal listener (`/metrics`, `/livez`, `/readyz`). Never make it public.",
    )
    internal_port: int = Field(
        9464,
        ge=0,
        le=65535,
        description="Port of the internal listener; 0 takes any free port.",
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=16,
        description="How many reverse proxies stand in front. The visitor's address is read that many places from the "
        "right of `X-Forwarded-For`; with 0 the header is ignored.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description=f"Key for what the server signs, at least {SECRET_MIN_CHARS} characters. When it is not set, "
        "one is made at the first start and kept in the data directory, with PostgreSQL in the database.",
    )
    session_days: int = Field(14, ge=1, le=365, description="Days until an agent has to sign in again.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe lines that are written."
    )
    log_format: Literal["text", "json"] = Field(
        default_factory=lambda known: "json" if known.get("mode") == "production" else "text",
        description="How a log line looks. Default: `json` in production, else `text`.",
    )
    log_stream: Literal["stderr", "stdout"] = Field(
        "stderr", description="Where the log is written; what `serve` says to people then goes to the other one."
    )
    drain_seconds: float = Field(
        20, ge=0, le=600, description="Longest time between a stop signal and the end of the process."
    )
    heartbeat_seconds: float = Field(
        20, gt=0, le=25, description="Seconds between two heartbeats on a socket; a peer that misses them is gone."
    )
    hello_seconds: float = Field(
        10, gt=0, le=60, description="Seconds within which a new socket must have sent its first frame."
    )
    message_max_chars: int = Field(4000, ge=1, le=16000, description="Longest message, in characters.")
    frame_max_bytes: int = Field(65536, ge=4096, le=1048576, description="Largest frame a socket may send, in bytes.")
    edit_minutes: int = Field(
        15, ge=0, le=1440, description="Minutes within which authors may edit or remove their own messages."
    )
    commit_queue_max: int = Field(
        10000, ge=1, description='Writes that may wait for the database before senders are told "busy".'
    )
    commit_batch_max: int = Field(500, ge=1, le=5000, description="Most writes that share one commit.")
    outbound_frames_max: int = Field(
        256, ge=8, description="Frames that may wait for one slow reader before its socket is closed."
    )
    outbound_bytes_max: int = Field(
        1048576, ge=65536, description="Bytes that may wait for one slow reader before its socket is closed."
    )
    sockets_per_address: int = Field(200, ge=1, description="Sockets one address may hold open at a time.")
    limit_frames_connection: Rate = Field("120/10seconds", description="Frames of every kind from one socket.")
    limit_messages_connection: Rate = Field("30/10seconds", description="Messages from one socket.")
    limit_messages_visitor: Rate = Field("60/minute", description="Messages from one visitor over all sockets.")
    limit_messages_address: Rate = Field("300/minute", description="Messages from one address.")
    limit_messages_site: Rate = Field("6000/minute", description="Messages from all visitors of one site.")
    limit_new_visitors_address: Rate = Field("30/hour", description="New visitors from one address.")
    limit_sign_in: Rate = Field(
        "10/10minutes",
        description="Failed attempts to sign in, for one account and from one address. The pause before the next one "
        "doubles with each, and is the whole window once so many have failed.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the names are the base class's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments only: `load_settings` is the one place that reads the environment."""
        return (init_settings,)

    @model_validator(mode="after")
    def _refuse_sample_secrets(self) -> Self:
        if self.mode != "production" or self.secret_key is None:
            return self
        secret = self.secret_key.get_secret_value()
        looks_like_a_sample = any(sample in secret.lower() for sample in _SAMPLE_SECRETS) or len(set(secret)) < 8
        if len(secret) < SECRET_MIN_CHARS or looks_like_a_sample:
            raise ValueError(
                f"{PREFIX}SECRET_KEY is short or a sample; leave it out, or set what "
                '`python3 -c "import secrets; print(secrets.token_urlsafe(32))"` prints'
            )
        return self

    @model_validator(mode="after")
    def _refuse_two_databases(self) -> Self:
        if self.database_host and self.database_url != _database_url_of_parts(dict(self)):
            raise ValueError(f"{PREFIX}DATABASE_URL and {PREFIX}DATABASE_HOST both name a database; keep one of them")
        return self

    @property
    def on_sqlite(self) -> bool:
        """Whether the database is a file of this machine."""
        return self.database_url.startswith("sqlite:")

    @property
    def database_path(self) -> Path:
        """The SQLite file that ``database_url`` names; only asked for where :attr:`on_sqlite` holds."""
        return Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def database_place(self) -> str:
        """The database as it may be shown: without user and password."""
        if self.on_sqlite:
            return str(self.database_path)
        parts = urlsplit(self.database_url)
        return f"{_POSTGRESQL}{parts.hostname}:{parts.port or 5432}{parts.path}"

    @property
    def control_socket(self) -> Path:
        """The unix socket through which the command line speaks to a running server."""
        return self.data_dir / "control.sock"


def load_settings(environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings of this installation.

    Args:
        environ: the environment; the process's own when left out.
        env_file: lines of ``NAME=value``, weaker than the environment; a missing file is an empty one.

    Raises:
        OperatorError: a name is unknown or a value cannot be taken; the text says which, and what to write.
    """
    variables = dict(os.environ if environ is None else environ)
    if env_file is not None and env_file.is_file():
        written = {name: value for name, value in dotenv_values(env_file).items() if value is not None}
        variables = {**written, **variables}
    source = EnvSettingsSource(Settings)
    source.env_vars = {name.lower(): value for name, value in _read_twins(variables).items()}
    try:
        return Settings(**source())
    except ValidationError as error:
        raise OperatorError("; ".join(_say(problem) for problem in error.errors() if _is_cause(problem))) from None


def variable_name(field: str) -> str:
    """Return the environment variable of a field: ``variable_name("data_dir")`` is ``"WIDGET_DATA_DIR"``."""
    return PREFIX + field.upper()


def _read_twins(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the product's variables, with ``X_FILE`` replaced by ``X`` and that file's content."""
    known = {variable_name(field) for field in Settings.model_fields}
    found: dict[str, str] = {}
    for name, value in variables.items():
        if not name.startswith(PREFIX):
            continue
        if name in known:
            found[name] = value
        elif name.removesuffix("_FILE") in known:
            if name.removesuffix("_FILE") in variables:
                raise OperatorError(f"{name} and {name.removesuffix('_FILE')} are both set; keep one of them")
            found[name.removesuffix("_FILE")] = _read_secret_file(name, Path(value))
        else:
            raise OperatorError(f"{name} is not a setting{_suggest(name, known)}")
    if "PORT" in variables and variable_name("port") not in found:
        found[variable_name("port")] = variables["PORT"]
        # Who hands a port out stands in front and comes from another machine.
        found.setdefault(variable_name("host"), "0.0.0.0")  # noqa: S104 - that is what is wanted there
    return found


def _read_secret_file(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise OperatorError(f"{name}: {path} cannot be read: {reason}") from None


def _suggest(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else "; docs/settings.md lists them all"


def _is_cause(problem: ErrorDetails) -> bool:
    """Return whether a finding is one of its own; defaults that are made of a wrong value only follow from it."""
    return problem["type"] != "default_factory_not_called"


def _say(problem: ErrorDetails) -> str:
    """Turn one of pydantic's findings into a sentence; the value stays out, it may be a secret."""
    message = problem["msg"].removeprefix("Value error, ")
    return f"{variable_name(str(problem['loc'][0]))}: {message}" if problem["loc"] else message
