"""Every setting of the server, in one class.

`Settings(...)` takes what it is given and defaults for the rest: it reads nothing, so that two servers with different
settings can live in one process. `load_settings()` reads the environment and a `.env` file; only the command line calls
it. The page `docs/settings.md` is generated from this class.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import quote, unquote, urlsplit

from dotenv import dotenv_values
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from widget_server.checked_values import (
    POSTGRESQL,
    SAMPLE_SECRETS,
    check_broker_url,
    check_database_url,
    check_domain,
    check_files_url,
    check_issuer,
    check_mail_from,
    check_mail_url,
    check_networks,
    check_proxies,
    check_public_url,
    check_rate,
    is_sample_password,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails
    from pydantic_settings import PydanticBaseSettingsSource

PREFIX = "WIDGET_"
SECRET_MIN_CHARS = 32

_EARNEST = ("production", "container")


class OperatorError(Exception):
    """Whoever runs the server must do something; the text is the one line that says what."""


def _database_url_of_parts(known: Mapping[str, Any]) -> str:
    host = known.get("database_host")
    if not host:
        return f"sqlite:///{known.get('data_dir', Path('data')) / 'widget.db'}"
    password = known.get("database_password")
    user = quote(known.get("database_user", "widget"), safe="")
    secret = f":{quote(password.get_secret_value(), safe='')}" if password else ""
    where = f"[{host}]" if ":" in host else host
    name = quote(known.get("database_name", "widget"), safe="")
    return f"{POSTGRESQL}{user}{secret}@{where}:{known.get('database_port', 5432)}/{name}"


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


Rate = Annotated[str, AfterValidator(check_rate)]


class Settings(BaseSettings):
    """What an installation may choose. A field's environment variable is its name in capitals after ``WIDGET_``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True)

    mode: Literal["development", "testing", "production", "container"] = Field(
        "development",
        description="What this installation is for. `development` shows its mails on a page. `testing` hashes "
        "passwords quickly: only for made-up people. `production` refuses sample and missing secrets and writes its "
        "log as JSON. `container` is production that logs to standard output, waits for its database and brings it to "
        "this program's schema at each start.",
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
    public_url: Annotated[str, AfterValidator(check_public_url)] = Field(
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
    database_url: Annotated[str, AfterValidator(check_database_url)] = Field(
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
    broker_url: Annotated[str, AfterValidator(check_broker_url)] | None = Field(
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
    trusted_proxies: Annotated[str, BeforeValidator(str), AfterValidator(check_proxies)] = Field(
        "0",
        description="The reverse proxies that stand in front: how many, or their networks as in "
        "`10.0.0.0/8,127.0.0.1`. By number, the visitor's address is read that many places from the right of "
        "`X-Forwarded-For`; by networks, it is the last one there that is none of them, and only what comes from one "
        "of them is believed at all. With 0 the header is ignored. `X-Forwarded-Proto` is believed from the same.",
    )
    https_redirect: bool = Field(
        False,
        description="Send plain HTTP on to `WIDGET_PUBLIC_URL`, which then begins with `https://`. Which scheme a "
        "browser used is read from the `X-Forwarded-Proto` of trusted proxies; health checks are answered either way.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description=f"Key for what the server signs, at least {SECRET_MIN_CHARS} characters. When it is not set, "
        "one is made at the first start and kept in the data directory, with PostgreSQL in the database.",
    )
    mail_url: Annotated[str, AfterValidator(check_mail_url)] | None = Field(
        None,
        repr=False,
        description="Mail server: `smtp://user:password@host:587` (STARTTLS is used where the server offers it, and "
        "must be on other machines than this one), or `smtps://host:465`. Without it no mail is sent: accounts are "
        "made without a confirmed address, and nobody can have a forgotten password replaced by mail.",
    )
    mail_from: Annotated[str, AfterValidator(check_mail_from)] = Field(
        "Support chat <chat@localhost>", description="Sender of every mail: an address, or a name and an address."
    )
    mail_subject_prefix: str = Field("[Support chat]", description="What every subject begins with; may be empty.")
    inbound_domain: Annotated[str, AfterValidator(check_domain)] | None = Field(
        None,
        description="Domain of the addresses by which visitors answer a mail, as in `reply.example.org`. Without it "
        "mails say that they cannot be answered. How mail comes here: [mail.md](mail.md).",
    )
    inbound_host: str = Field("127.0.0.1", description="Address on which mail is taken by SMTP.")
    inbound_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port on which mail is taken by SMTP; 0 takes any free port. Without it none is. Needs the extra "
        "`inbound`.",
    )
    inbound_certificate: Path | None = Field(
        None, description="Certificate and key in one PEM file, with which STARTTLS is offered there."
    )
    inbound_max_bytes: int = Field(
        10_485_760, ge=65_536, le=104_857_600, description="Largest mail that is taken, in bytes."
    )
    inbound_secret: SecretStr | None = Field(
        None,
        min_length=SECRET_MIN_CHARS,
        description=f"Secret with which a mail provider signs what it hands over to `/inbound/mail`, at least "
        f"{SECRET_MIN_CHARS} characters. Without it nothing is taken there.",
    )
    reply_days: int = Field(30, ge=1, le=365, description="Days for which a mail to a visitor can be answered.")
    administrator_mail: str | None = Field(
        None,
        description="Whoever confirms this address becomes administrator, and it gets a mail when the server fails.",
    )
    outgoing_allowed: Annotated[str, AfterValidator(check_networks)] = Field(
        "",
        description="Networks that the server may send requests to although they are not public, separated by commas, "
        "as in `10.0.0.0/8, fd00::/8`: where webhooks or an OpenID provider are in one's own house.",
    )

    oidc_issuer: Annotated[str, AfterValidator(check_issuer)] | None = Field(
        None,
        description="OpenID provider by which people may sign in too: its issuer, letter for letter, as in "
        "`https://id.example.org/realms/main`. It leads back to `/sign-in/outside/back`, and puts the address into "
        "its ID token.",
    )
    oidc_client_id: str = Field("", description="Who this server is to the OpenID provider.")
    oidc_client_secret: SecretStr | None = Field(None, description="Its secret there, where the provider gave one.")
    oidc_name: str = Field(
        "OpenID", min_length=1, max_length=40, description='What the provider is called on the button "Continue with".'
    )
    bootstrap_mail: str | None = Field(
        None,
        description="Address of the first administrator, who is made at the start of an installation that has none. "
        "Used once: it can be taken out again afterwards.",
    )
    bootstrap_password: SecretStr | None = Field(
        None, description="Password of the first administrator; it can be changed once they are signed in."
    )
    bootstrap_name: str = Field("Administrator", min_length=1, description="Name of the first administrator.")
    session_days: int = Field(14, ge=1, le=365, description="Days until one has to sign in again.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least severe lines that are written."
    )
    log_format: Literal["text", "json"] = Field(
        default_factory=lambda known: "json" if known.get("mode") in _EARNEST else "text",
        description="How a log line looks. Default: `json` in production and in a container, else `text`.",
    )
    log_stream: Literal["stderr", "stdout"] = Field(
        default_factory=lambda known: "stdout" if known.get("mode") == "container" else "stderr",
        description="Where the log is written; what `serve` says to people then goes to the other one. Default: "
        "`stdout` in a container, else `stderr`.",
    )
    log_file: Path | None = Field(
        None,
        description="A file to which the log is written instead. Each of several workers has its own beside it. A file "
        "that was moved away, as logrotate does, is made anew, and SIGHUP has it opened again.",
    )
    log_file_max_bytes: int = Field(
        10_485_760, ge=0, description="Size at which the log's file is put aside; 0 leaves that to others."
    )
    log_file_keep: int = Field(5, ge=1, le=1000, description="How many files that were put aside are kept.")
    slow_query_ms: int = Field(
        500,
        ge=0,
        le=60_000,
        description="Queries that took at least so many milliseconds are logged, with the place in the program that "
        "asked and without their values; 0 logs none.",
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
    limit_file_megabytes_address: Rate = Field(
        "1000/hour;2000/day",
        description="MB of files that visitors of one address may announce; one of less than 1 MB counts as one.",
    )
    limit_unfinished_files_address: Rate = Field(
        "60/day",
        description="Files that visitors of one address may announce without finishing them; one that is finished or "
        "given up counts no more.",
    )
    page_cache_mb: int = Field(
        16,
        ge=0,
        le=4096,
        description="Memory for ready pages of boards and threads, in MB, for people who are not signed in. 0 keeps "
        "none; so does `development`, where templates may change.",
    )
    limit_forms: Rate = Field(
        "20/10minutes",
        description="Forms that make accounts or send mail (registering, forgotten password, new links), each from one "
        "address.",
    )
    limit_sign_in: Rate = Field(
        "10/10minutes",
        description="Failed attempts to sign in, for one account and from one address. The pause before the next one "
        "doubles with each, and is the whole window once so many have failed.",
    )

    limit_pages: Rate = Field(
        "600/minute", description="Pages that people who are not signed in may read from one address, on each node."
    )
    limit_dear_pages: Rate = Field(
        "120/minute",
        description="Of these, pages that cost more: feeds, maps of the site, searches, and in a list the tenth page "
        "and those behind it.",
    )
    limit_pages_not_for: Annotated[str, AfterValidator(check_networks)] = Field(
        "",
        description="Networks whose readers are not counted, separated by commas: of a monitor, a crawler that one "
        "trusts, or one's own house.",
    )
    ai_crawlers: bool = Field(
        True, description="Whether robots.txt leaves boards and threads to crawlers that read in order to train."
    )
    limit_previews: Rate = Field("120/minute", description="Previews of what one member writes.")
    limit_api: Rate = Field("600/minute", description="Calls of the REST API with one token.")

    file_megabytes: int = Field(
        20, ge=0, le=2000, description="Largest file that may be sent, in MB; 0 takes no files at all."
    )
    person_files_megabytes: int = Field(
        200, ge=0, description="Room for all files of one person together, in MB; 0 takes no files at all."
    )
    site_files_megabytes: int = Field(
        5000, ge=0, description="Room for all files of one site's conversations together, in MB."
    )
    person_files_waiting: int = Field(
        30, ge=1, le=1000, description="How many files of one person may wait to be sent with a message."
    )
    unsent_files_hours: int = Field(
        24, ge=1, le=720, description="Hours after which a file goes that was not finished, or never sent."
    )
    files_url: Annotated[str, AfterValidator(check_files_url)] | None = Field(
        None,
        description="Where files are kept: `s3://bucket/prefix` in a store that speaks S3 (install the extra `s3`), or "
        "`file:///srv/files`, a folder. Default: the folder `files` in the data directory. Several nodes have to name "
        "one place that all of them reach.",
    )
    files_endpoint: str | None = Field(
        None,
        description="Address of that store, where it is not Amazon's: `https://s3.example.org`.",
    )
    files_region: str = Field("us-east-1", description="Its region.")
    files_key: str | None = Field(None, description="Access key of that store; without one, that of the machine.")
    files_secret: SecretStr | None = Field(None, description="Its secret.")

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
        if not self.in_earnest or self.secret_key is None:
            return self
        secret = self.secret_key.get_secret_value()
        looks_like_a_sample = any(sample in secret.lower() for sample in SAMPLE_SECRETS) or len(set(secret)) < 8
        if len(secret) < SECRET_MIN_CHARS or looks_like_a_sample:
            raise ValueError(
                f"{PREFIX}SECRET_KEY is short or a sample; leave it out, or set what "
                '`python3 -c "import secrets; print(secrets.token_urlsafe(32))"` prints'
            )
        return self

    @model_validator(mode="after")
    def _refuse_sample_passwords(self) -> Self:
        if not self.in_earnest:
            return self
        given = {
            "database_url": urlsplit(self.database_url).password,
            "database_password": _revealed(self.database_password),
            "broker_url": self.broker_url and urlsplit(self.broker_url).password,
            "mail_url": self.mail_url and urlsplit(self.mail_url).password,
            "bootstrap_password": _revealed(self.bootstrap_password),
            "oidc_client_secret": _revealed(self.oidc_client_secret),
            "files_secret": _revealed(self.files_secret),
            "inbound_secret": _revealed(self.inbound_secret),
        }
        # The address may be made of the parts: what was given is what is named.
        samples = [
            variable_name(name)
            for name, secret in given.items()
            if name in self.model_fields_set and secret is not None and is_sample_password(unquote(secret))
        ]
        if samples:
            raise ValueError(f"{' and '.join(samples)}: the password is missing or a sample; set a real one")
        return self

    @model_validator(mode="after")
    def _refuse_what_is_left_out(self) -> Self:
        """Refuse to serve people in earnest with what only holds on one's own machine.

        The key is not missing where it is not given: it is made, and kept (``ops.secret``).
        """
        if not self.in_earnest:
            return self
        if "public_url" not in self.model_fields_set:
            raise ValueError(
                f"{PREFIX}PUBLIC_URL is not set, and mails and pages would lead to {self.public_url}; set it to where "
                "browsers reach this server, as in https://chat.example.org"
            )
        if self.mail_url is not None and "mail_from" not in self.model_fields_set:
            raise ValueError(
                f"{PREFIX}MAIL_FROM is not set, and no mail server takes mail from {self.mail_from}; set it to an "
                "address of yours"
            )
        return self

    @model_validator(mode="after")
    def _refuse_half_an_administrator(self) -> Self:
        if (self.bootstrap_mail is None) != (self.bootstrap_password is None):
            raise ValueError(
                f"{PREFIX}BOOTSTRAP_MAIL and {PREFIX}BOOTSTRAP_PASSWORD belong together; set both or neither"
            )
        return self

    @model_validator(mode="after")
    def _refuse_redirect_to_plain(self) -> Self:
        if self.https_redirect and not self.public_url.startswith("https:"):
            raise ValueError(f"{PREFIX}HTTPS_REDIRECT needs a {PREFIX}PUBLIC_URL that begins with https://")
        return self

    @model_validator(mode="after")
    def _refuse_mail_without_a_domain(self) -> Self:
        given = [name for name in ("inbound_port", "inbound_secret") if getattr(self, name) is not None]
        if given and self.inbound_domain is None:
            names = " and ".join(map(variable_name, given))
            raise ValueError(f"{names}: set {PREFIX}INBOUND_DOMAIN too, the domain for which mail is taken")
        return self

    @model_validator(mode="after")
    def _refuse_two_databases(self) -> Self:
        if self.database_host and self.database_url != _database_url_of_parts(dict(self)):
            raise ValueError(f"{PREFIX}DATABASE_URL and {PREFIX}DATABASE_HOST both name a database; keep one of them")
        return self

    @property
    def sends_mail(self) -> bool:
        """Whether this installation sends mails; in development they are shown on a page instead."""
        return self.mail_url is not None or self.mode == "development"

    @property
    def in_earnest(self) -> bool:
        """Whether real people are served: nothing that only holds in a trial may then be left."""
        return self.mode in _EARNEST

    @model_validator(mode="after")
    def _check_provider(self) -> Self:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError(f"{PREFIX}OIDC_ISSUER is set, and {PREFIX}OIDC_CLIENT_ID is not")
        if self.in_earnest and self.oidc_issuer and not self.oidc_issuer.startswith("https://"):
            raise ValueError(f"{PREFIX}OIDC_ISSUER is not an https address: whoever listens could sign in as anybody")
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
    def files_folder(self) -> Path:
        """Where files are, unless ``files_url`` names a store that speaks S3."""
        if self.files_url is not None and self.files_url.startswith("file:"):
            return Path(unquote(self.files_url.removeprefix("file://")))
        return self.data_dir / "files"

    @property
    def are_files_in_a_folder(self) -> bool:
        """Whether files are in :attr:`files_folder`."""
        return self.files_url is None or self.files_url.startswith("file:")

    @property
    def database_place(self) -> str:
        """The database as it may be shown: without user and password."""
        if self.on_sqlite:
            return str(self.database_path)
        parts = urlsplit(self.database_url)
        return f"{POSTGRESQL}{parts.hostname}:{parts.port or 5432}{parts.path}"

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
