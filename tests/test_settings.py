"""The settings class and how the environment is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from widget_server.settings import OperatorError, Settings, load_settings

if TYPE_CHECKING:
    from pathlib import Path

STRONG = "q8Zt2Wn5Lk0Xc7Vb4Ha1Jd6Gf9Sp3YeRu"


def load(**environ: str) -> Settings:
    return load_settings(environ, env_file=None)


def test_defaults_make_a_server_on_this_machine() -> None:
    settings = load()
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8080, "http://localhost:8080")
    assert settings.database_url == "sqlite:///data/widget.db"
    assert settings.log_format == "text"


def test_derived_defaults_follow_what_they_come_from(tmp_path: Path) -> None:
    settings = load(WIDGET_PORT="9000", WIDGET_DATA_DIR=str(tmp_path))
    assert settings.public_url == "http://localhost:9000"
    assert settings.database_path == tmp_path / "widget.db"
    assert settings.control_socket == tmp_path / "control.sock"


def test_a_bare_port_is_honoured_and_the_prefixed_one_wins() -> None:
    assert load(PORT="9001").port == 9001
    assert load(PORT="9001", WIDGET_PORT="9002").port == 9002


def test_s3_21_who_hands_out_a_port_may_come_from_another_machine() -> None:
    assert load(PORT="9001").host == "0.0.0.0"
    assert load(PORT="9001", WIDGET_HOST="127.0.0.1").host == "127.0.0.1"
    assert load(PORT="9001", WIDGET_PORT="9002").host == "127.0.0.1"


def test_an_unknown_name_is_refused_with_a_suggestion() -> None:
    with pytest.raises(OperatorError, match="WIDGET_DATADIR is not a setting; did you mean WIDGET_DATA_DIR"):
        load(WIDGET_DATADIR="/srv")
    with pytest.raises(OperatorError, match=r"docs/settings\.md"):
        load(WIDGET_QQQQQQQQ="1")


def test_a_wrong_value_is_named_and_never_repeated() -> None:
    with pytest.raises(OperatorError, match="WIDGET_PORT: ") as caught:
        load(WIDGET_PORT="sw0rdf1sh")
    assert "sw0rdf1sh" not in str(caught.value)
    assert "WIDGET_PUBLIC_URL" not in str(caught.value), (
        "a default that follows from the port is not a fault of its own"
    )


@pytest.mark.parametrize("url", ["oracle://db/widget", "mysql:///x", "widget.db", "sqlite:relative"])
def test_s4_13_an_unknown_database_is_refused_with_a_message(url: str) -> None:
    with pytest.raises(OperatorError, match="WIDGET_DATABASE_URL: databases of kind"):
        load(WIDGET_DATABASE_URL=url)


@pytest.mark.parametrize(
    "url",
    [
        *("chat.example", "ftp://chat.example", "https://x/?a=1", "https://x/a#b", "https://x//a", "https://x/a//b"),
        *("https://x/a/../b", "https://x/.", "https://x/a b", "https://x/%2e", "https://x/ä", "https://x/a;b"),
    ],
)
def test_a_public_url_is_scheme_host_port_and_a_plain_path(url: str) -> None:
    with pytest.raises(OperatorError, match="WIDGET_PUBLIC_URL: write scheme, host, port"):
        load(WIDGET_PUBLIC_URL=url)


@pytest.mark.parametrize("url", ["https://chat.example", "https://example.org/apps/chat", "http://x:81/~a/b.c_d-e/.f"])
def test_a_public_url_loses_only_the_slash_at_its_end(url: str) -> None:
    assert load(WIDGET_PUBLIC_URL=url).public_url == load(WIDGET_PUBLIC_URL=f"{url}/").public_url == url


def test_a_rate_is_written_as_the_limits_library_reads_it() -> None:
    with pytest.raises(OperatorError, match="WIDGET_LIMIT_SIGN_IN: write it as"):
        load(WIDGET_LIMIT_SIGN_IN="often")


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(STRONG + "\n", encoding="utf-8")
    key = load(WIDGET_SECRET_KEY_FILE=str(file)).secret_key
    assert key is not None
    assert key.get_secret_value() == STRONG


def test_a_twin_beside_its_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="both set"):
        load(WIDGET_SECRET_KEY=STRONG, WIDGET_SECRET_KEY_FILE=str(tmp_path / "secret"))


def test_an_unreadable_secret_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"WIDGET_SECRET_KEY_FILE: .* cannot be read: No such file"):
        load(WIDGET_SECRET_KEY_FILE=str(tmp_path / "missing"))


IN_EARNEST = pytest.mark.parametrize("mode", ["production", "container"])


def load_in_earnest(mode: str, **environ: str) -> Settings:
    return load(**{"WIDGET_MODE": mode, "WIDGET_PUBLIC_URL": "https://chat.example.org", **environ})


@IN_EARNEST
@pytest.mark.parametrize("secret", ["secret", "changeme-changeme-changeme-changeme", "x" * 64, "a3B9f0"])
def test_s2_04_s4_14_a_sample_secret_is_refused_in_earnest(mode: str, secret: str) -> None:
    with pytest.raises(OperatorError, match="WIDGET_SECRET_KEY is short or a sample") as caught:
        load_in_earnest(mode, WIDGET_SECRET_KEY=secret)
    assert f"{secret} " not in str(caught.value)
    assert load(WIDGET_SECRET_KEY=secret).secret_key is not None


@IN_EARNEST
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WIDGET_DATABASE_URL", "postgresql://widget:widget@db/widget"),
        ("WIDGET_DATABASE_URL", "postgresql://widget:@db/widget"),
        ("WIDGET_DATABASE_URL", "postgresql://widget:change%2Dme@db/widget"),
        ("WIDGET_BROKER_URL", "redis://:password@valkey:6379/0"),
        ("WIDGET_MAIL_URL", "smtp://chat:password@mail.example.org:587"),
        ("WIDGET_MAIL_URL", "smtp://user:example@mail.example.org:587"),
    ],
)
def test_s2_04_a_sample_password_is_refused_in_earnest(mode: str, name: str, value: str) -> None:
    environ = {name: value, "WIDGET_MAIL_FROM": "chat@example.org"}
    with pytest.raises(OperatorError, match=f"{name}: the password is missing or a sample"):
        load_in_earnest(mode, **environ)
    assert load(**environ) is not None


@IN_EARNEST
def test_s2_04_a_sample_password_given_as_a_part_is_named_as_that(mode: str) -> None:
    with pytest.raises(OperatorError, match=r"^WIDGET_DATABASE_PASSWORD: the password"):
        load_in_earnest(mode, WIDGET_DATABASE_HOST="db", WIDGET_DATABASE_PASSWORD="postgres")


@IN_EARNEST
def test_s2_04_the_first_administrator_needs_a_real_password(mode: str) -> None:
    with pytest.raises(OperatorError, match="WIDGET_BOOTSTRAP_PASSWORD: the password"):
        load_in_earnest(mode, WIDGET_BOOTSTRAP_MAIL="ada@example.org", WIDGET_BOOTSTRAP_PASSWORD="changeme")


@IN_EARNEST
def test_s2_04_s02_what_holds_on_ones_own_machine_alone_is_refused_in_earnest(mode: str) -> None:
    with pytest.raises(OperatorError, match="WIDGET_PUBLIC_URL is not set"):
        load(WIDGET_MODE=mode)
    with pytest.raises(OperatorError, match="WIDGET_MAIL_FROM is not set"):
        load_in_earnest(mode, WIDGET_MAIL_URL="smtp://chat:f7Kq2m@mail.example.org:587")


@pytest.mark.parametrize(
    "url", ["id.example.org", "ftp://id.example.org", "https://id.example.org/?a=1", "https://a@b/"]
)
def test_an_issuer_is_an_address_as_the_provider_writes_it(url: str) -> None:
    with pytest.raises(OperatorError, match="WIDGET_OIDC_ISSUER: write the issuer"):
        load(WIDGET_OIDC_ISSUER=url, WIDGET_OIDC_CLIENT_ID="chat")


def test_an_issuer_wants_to_know_who_asks() -> None:
    with pytest.raises(OperatorError, match="WIDGET_OIDC_CLIENT_ID is not"):
        load(WIDGET_OIDC_ISSUER="https://id.example.org")


@IN_EARNEST
def test_s43_an_issuer_is_reached_safely_and_with_a_real_secret_in_earnest(mode: str) -> None:
    chat = {"WIDGET_OIDC_CLIENT_ID": "chat"}
    with pytest.raises(OperatorError, match="WIDGET_OIDC_ISSUER is not an https address"):
        load_in_earnest(mode, WIDGET_OIDC_ISSUER="http://id.example.org", **chat)
    with pytest.raises(OperatorError, match="WIDGET_OIDC_CLIENT_SECRET: the password"):
        load_in_earnest(mode, WIDGET_OIDC_ISSUER="https://id.example.org", WIDGET_OIDC_CLIENT_SECRET="changeme", **chat)
    assert load_in_earnest(mode, WIDGET_OIDC_ISSUER="https://id.example.org/realms/main", **chat) is not None


@IN_EARNEST
def test_s2_04_real_secrets_are_taken(mode: str) -> None:
    settings = load_in_earnest(
        mode,
        WIDGET_SECRET_KEY=STRONG,
        WIDGET_DATABASE_URL="postgresql://widget:Vb4Ha1Jd6@db/widget",
        WIDGET_MAIL_URL="smtp://chat:f7Kq2m@mail.example.org:587",
        WIDGET_MAIL_FROM="Chat <chat@example.org>",
    )
    assert settings.secret_key is not None


@IN_EARNEST
def test_s2_04_a_key_that_is_left_out_is_not_missing(mode: str) -> None:
    assert load_in_earnest(mode).secret_key is None


def test_s2_03_the_mode_decides_what_is_not_said(tmp_path: Path) -> None:
    assert (load().log_format, load().log_stream) == ("text", "stderr")
    production, container = load_in_earnest("production"), load_in_earnest("container")
    assert (production.log_format, production.log_stream) == ("json", "stderr")
    assert (container.log_format, container.log_stream) == ("json", "stdout")
    assert load_in_earnest("container", WIDGET_LOG_FORMAT="text", WIDGET_LOG_STREAM="stderr").log_format == "text"
    with pytest.raises(OperatorError, match="WIDGET_MODE: "):
        load(WIDGET_MODE="staging")


def test_the_first_administrator_is_named_whole_or_not_at_all() -> None:
    with pytest.raises(OperatorError, match="belong together"):
        load(WIDGET_BOOTSTRAP_MAIL="ada@example.org")


def test_s2_28_a_redirect_leads_to_https_or_is_refused() -> None:
    with pytest.raises(OperatorError, match="WIDGET_HTTPS_REDIRECT needs"):
        load(WIDGET_HTTPS_REDIRECT="1")
    assert load(WIDGET_HTTPS_REDIRECT="1", WIDGET_PUBLIC_URL="https://chat.example.org").https_redirect


@pytest.mark.parametrize("value", ["0", "2", "10.0.0.0/8,127.0.0.1/32", "::1/128"])
def test_s23_proxies_are_given_by_number_or_by_networks(value: str) -> None:
    assert load(WIDGET_TRUSTED_PROXIES=value).trusted_proxies == value


@pytest.mark.parametrize("value", ["-1", "17", "all", "10.0.0.1/8", "10.0.0.0/8;127.0.0.1", ""])
def test_s23_proxies_that_cannot_be_understood_are_refused(value: str) -> None:
    with pytest.raises(OperatorError, match="WIDGET_TRUSTED_PROXIES: write how many"):
        load(WIDGET_TRUSTED_PROXIES=value)


def test_the_env_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("WIDGET_PORT=9100\nWIDGET_HOST='0.0.0.0'\nOTHER=1\n", encoding="utf-8")
    settings = load_settings({"WIDGET_PORT": "9200"}, env_file=file)
    assert (settings.port, settings.host) == (9200, "0.0.0.0")


def test_arguments_alone_make_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIDGET_PORT", "9300")
    assert Settings().port == 8080


def test_settings_do_not_change_after_the_start() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]  # the test is that this fails


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("WIDGET_DATABASE_URL", "postgresql://widget@db.test/widget?password=hunter2hunter2"),
        ("WIDGET_DATABASE_URL", "postgresql://widget@db.test/widget?sslpassword=hunter2hunter2"),
        ("WIDGET_BROKER_URL", "redis://broker.test/0?password=hunter2hunter2"),
    ],
)
def test_a_password_where_it_would_be_shown_is_refused_and_not_repeated(name: str, address: str) -> None:
    with pytest.raises(OperatorError, match="before the host") as refused:
        load_settings({name: address}, None)
    assert "hunter2" not in str(refused.value)


def test_s0_12_what_an_installation_is_stands_in_its_environment_alone(tmp_path: Path) -> None:
    settings = load(
        WIDGET_MODE="production",
        WIDGET_HOST="0.0.0.0",
        WIDGET_PORT="9000",
        WIDGET_PUBLIC_URL="https://chat.example.org",
        WIDGET_DATABASE_URL="postgresql://widget:Vb4Ha1Jd6@db/widget",
        WIDGET_DATA_DIR=str(tmp_path),
        WIDGET_LOG_LEVEL="debug",
    )
    assert (settings.mode, settings.host, settings.port) == ("production", "0.0.0.0", 9000)
    assert (settings.database_place, settings.log_level) == ("postgresql://db:5432/widget", "debug")
    assert load(WIDGET_DATABASE_URL=f"sqlite:///{tmp_path / 'a.db'}").database_path == tmp_path / "a.db"
