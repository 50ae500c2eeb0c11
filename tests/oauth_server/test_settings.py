"""Settings come from the environment, and a bad one stops the start with its name (12-factor; the table is VARIABLES)."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import run_checks
from hypothesis import given
from hypothesis import strategies as st

from oauth_server import checks
from oauth_server.settings import files
from oauth_server.settings.databases import database
from oauth_server.settings.environment import BASE_DIR, DURATIONS, SIZES, VARIABLES, BadSetting, load

KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


def manage(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE_DIR,
        env={name: os.environ[name] for name in KEPT if name in os.environ} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "http", "PORT is malformed"),
        ("PORT", "70000", "between 1 and 65535"),
        ("WEB_WORKERS", "0", "at least 1"),
        ("ISSUER", "https://Login.Example", "lower-case host"),
        ("ISSUER", "htps://login.example", "such as https://id.example.com"),
        ("ISSUER", "https://login.example:99999", "a valid port"),
        ("ISSUER", "https://login.example/?tenant=1", "without query or fragment"),
        ("ISSUER", "login.example", "ISSUER is malformed"),
        ("DATABASE_URL", "mysql://root@db/x", "postgres:// or postgresql:// or sqlite://"),
        ("DATABASE_URL", "postgres://u:hunter2@db:notaport/x", "valid host and port"),
        ("DATABASE_URL", "postgres://u:hunter2#1@db/x", "# %23"),
        ("BROKER_URL", "kafka://broker", "redis://"),
        ("CACHE_URL", "memcached://cache", "redis://"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy", "TRUSTED_PROXIES is malformed"),
        ("OUTBOUND_ALLOW", "10.0.0.1/8", "10.0.0.0/8 for 10.0.0.1/8"),
        ("OUTBOUND_CA_FILE", "/none.pem", "/none.pem, which is no file"),
        ("RESOURCES", "/none.json", "/none.json, which cannot be read: No such file or directory"),
        ("SOFTWARE_STATEMENT_ISSUERS", "README.md", "README.md, which is no JSON"),
        ("EMAIL_URL", "smtp.example:587", "smtp+tls://"),
        ("EMAIL_URL", "smtp://us:hunter2@smtp.example:notaport", "valid host and port"),
        ("EMAIL_FROM", "Example <no-reply@example.com", "Example <no-reply@example.com>"),
        ("SIGN_UP_DOMAINS", "@example.com", "such as example.com"),
        ("CLIENT_CERTIFICATE_HEADER", "X_Client_Cert", "letters, digits and hyphens"),
        ("FEATURES", "refresh_tokens", "Did you mean refresh_token?"),
        ("FEATURES", "al", "Did you mean all?"),
        ("FEATURES", "-Portal", "Did you mean portal?"),
        ("THROTTLES", "maybe", "one of on, off"),
        ("THROTTLES", "of", "Did you mean off?"),
        ("REGISTRATION", "yes", "one of closed, token, open"),
        ("REGISTRATION_PROFILE", "oauth2.1", "Did you mean oauth21?"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is malformed"),
        ("REFRESH_BURST", "20", "REFRESH_BURST is malformed"),
        ("NETWORK_CHANGES", "6/0", "NETWORK_CHANGES is malformed"),
        ("NETWORK_CHANGES_POLICY", "panic", "NETWORK_CHANGES_POLICY is malformed"),
        ("NETWORK_PREFIXES", "33,48", "NETWORK_PREFIXES is malformed"),
        ("LOG_LEVEL", "warn", "Did you mean warning?"),
        ("ACCESS_TOKEN_LIFETIME", "1h", "3600 for 1h"),
        ("SESSION_LIFETIME", "14 days", "1209600 for 14 days"),
        ("REQUEST_BYTES_LIMIT", "-1", "REQUEST_BYTES_LIMIT is malformed"),
        ("DATABSE_URL", "postgres://db/x", "DATABSE_URL is not known. Did you mean DATABASE_URL?"),
        ("ACCESS_TOKENS_LIFETIME", "300", "Did you mean ACCESS_TOKEN_LIFETIME?"),
        ("GATEHOUSE_DEBUG", "1", "GATEHOUSE_DEBUG is not known"),
        ("GATEHOUSE_PORTS", "1", "Did you mean PORT?"),
    ],
)
def test_a_malformed_or_misspelt_variable_is_refused_in_one_sentence_that_names_it(
    name: str, value: str, says: str
) -> None:
    with pytest.raises(BadSetting) as refusal:
        load({name: value})
    sentence = str(refusal.value)
    assert name in sentence
    assert says in sentence
    assert "\n" not in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "eighty", "Gatehouse: the setting PORT is malformed"),
        ("DJANGO_SETTINGS_MODULE", "production", "oauth_server.settings.production"),
        ("DATABASE_URL", "sqlite:////none/gatehouse.sqlite3", "cannot be written (No such file or directory)"),
    ],
)
def test_a_bad_variable_stops_the_start_with_exit_code_1_and_no_traceback(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    """One sentence."""
    done = manage("check", **{"DATA_DIR": str(tmp_path / "var"), name: value})
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


@pytest.mark.parametrize("make", [True, False])
def test_a_start_that_one_bad_secret_stops_makes_nothing(tmp_path: Path, make: bool) -> None:
    """What is there is judged before anything is made."""
    folder, bad = tmp_path / "var", tmp_path / "key"
    bad.write_text("short")
    database = {"ENGINE": "oauth_server.sqlite", "NAME": folder / "gatehouse.sqlite3"}
    secrets = {"SECRET_KEY_FILE": folder / "secret_key", "KEY_ENCRYPTION_KEY_FILE": bad}
    if not make:
        del secrets["SECRET_KEY_FILE"]  # it must be there
    with pytest.raises(BadSetting, match="KEY_ENCRYPTION_KEY_FILE"):
        files.settle(folder, database, secrets, make=make)
    assert not folder.exists()


def test_other_peoples_variables_are_left_alone() -> None:
    load({"PATH": "/bin", "HOSTNAME": "web-1", "EDITOR": "vi", "XDG_DATA_DIRS": "/usr/share", "lower": "x"})


def test_the_variables_that_kubernetes_sets_beside_a_service_called_gatehouse_do_not_stop_the_start() -> None:
    load(
        {
            "GATEHOUSE_PORT": "tcp://10.0.0.1:80",
            "GATEHOUSE_SERVICE_HOST": "10.0.0.1",
            "GATEHOUSE_PORT_80_TCP_ADDR": "10.0.0.1",
        }
    )


@given(st.sampled_from([variable.name for variable in VARIABLES] + [*DURATIONS, *SIZES]), st.text(max_size=40))
def test_no_value_of_any_variable_ends_in_a_traceback(name: str, value: str) -> None:
    try:
        load({name: value})
    except BadSetting as refusal:
        assert name in str(refusal)  # noqa: PT017  # most values are fine, so no error is an answer too


def test_a_domain_may_be_of_any_script_or_of_an_intranet() -> None:
    assert load({"SIGN_UP_DOMAINS": "Example.com, bücher.example corp"})["SIGN_UP_DOMAINS"] == (
        "example.com",
        "bücher.example",
        "corp",
    )


def test_an_unset_and_an_empty_variable_mean_the_default() -> None:
    assert load({"PORT": "", "FEATURES": ""}).values == load({}).values


def test_features_are_turned_on_and_off_by_name() -> None:
    features = load({"FEATURES": "-revocation,pkce_plain"})["FEATURES"]
    assert not features.revocation
    assert features.pkce_plain
    assert features.introspection
    assert load({"FEATURES": "all,-portal"})["FEATURES"].pkce_plain


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, "ISSUER must begin with https://"),
        ({"ISSUER": "https://login.example", "THROTTLES": "off"}, "THROTTLES may not be off"),
        ({"ISSUER": "https://login.example"}, "SECRET_KEY_FILE names"),
    ],
)
def test_production_refuses_what_would_be_unsafe(tmp_path: Path, environment: dict[str, str], says: str) -> None:
    """OpenID Connect Core §16.17, RFC 7591 §3: TLS, among others."""
    done = manage(
        "check",
        DJANGO_SETTINGS_MODULE="oauth_server.settings.production",
        DATA_DIR=str(tmp_path / "data"),
        **environment,
    )
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_deployment_check_is_silent_in_production(tmp_path: Path) -> None:
    for name, octets in (("secret_key", 64), ("key_encryption_key", 32)):
        files.make_secret(tmp_path / name, octets)
    done = manage(
        "check", "--deploy", "--fail-level", "DEBUG",
        DJANGO_SETTINGS_MODULE="oauth_server.settings.production", DATA_DIR=str(tmp_path), ISSUER="https://login.example",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


def test_development_makes_a_private_data_folder_and_its_secrets_once(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    assert manage("check", DATA_DIR=str(folder)).returncode == 0
    made = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    assert {"secret_key", "key_encryption_key"} <= made.keys()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in made:
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert manage("check", DATA_DIR=str(folder)).returncode == 0
    assert {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()} == made


def test_a_data_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = manage("check", DATA_DIR=str(tmp_path / "file" / "var"))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "DATA_DIR names" in done.stderr


@pytest.mark.parametrize("content", ["", "short", "not base64 at all! " * 4, "é" * 50])
def test_a_secret_file_that_is_too_short_or_no_base64url_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key"
    file.write_text(content)
    with pytest.raises(BadSetting, match="KEY_ENCRYPTION_KEY_FILE") as refusal:
        files.read_secret(file, "KEY_ENCRYPTION_KEY_FILE", make=False)
    assert ">" not in str(refusal.value), "a line to paste must not overwrite what is there"


def test_processes_that_start_together_agree_on_one_secret(tmp_path: Path) -> None:
    program = f"from pathlib import Path; from oauth_server.settings.files import *; print(read_secret(Path({str(tmp_path / 'k')!r}), 'SECRET_KEY_FILE', make=True))"
    racers = [
        subprocess.Popen([sys.executable, "-c", program], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    assert len({racer.communicate(timeout=60)[0] for racer in racers}) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["k"]


def test_postgresql_never_lets_a_request_hang() -> None:
    config = database("postgres://u:p%40ss@db:5433/name?sslmode=require", Path("/data"))
    assert (config["HOST"], config["PORT"], config["PASSWORD"], config["NAME"]) == ("db", 5433, "p@ss", "name")
    assert config["OPTIONS"]["sslmode"] == "require"
    assert "statement_timeout" in config["OPTIONS"]["options"]
    assert config["OPTIONS"]["connect_timeout"] <= 5


def test_a_database_url_without_a_name_is_refused() -> None:
    with pytest.raises(BadSetting, match="names no database"):
        database("postgres://u@db:5432", Path("/data"))


def test_settings_that_contradict_each_other_are_errors(settings) -> None:  # type: ignore[no-untyped-def]
    settings.LIFETIMES = load({"JWKS_MAX_AGE_LIFETIME": "86400", "REFRESH_TOKEN_IDLE_LIFETIME": "99999999"}).lifetimes
    found = {message.id for message in checks.settings_agree(None)}
    assert found == {"gatehouse.E001", "gatehouse.E003"}


def test_the_settings_that_the_tests_run_on_pass_every_check() -> None:
    assert run_checks(tags=["gatehouse"]) == []
    assert settings.ISSUER == "http://127.0.0.1:8000"


def test_cookies_carry_the_host_prefix_when_the_issuer_is_https(tmp_path: Path) -> None:
    program = (
        "from django.conf import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS, s.ALLOWED_HOSTS)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=BASE_DIR,
        env={
            "DJANGO_SETTINGS_MODULE": "oauth_server.settings.development",
            "DATA_DIR": str(tmp_path),
            "ISSUER": "https://login.example/tenant",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[:4] == ["__Host-gatehouse_session", "__Host-gatehouse_csrf", "True", "True"]
    assert int(done.stdout.split()[4]) >= 365 * 86_400
    assert "login.example" in done.stdout


def test_mail_leaves_through_the_server_that_the_address_names() -> None:
    mail = load({"EMAIL_URL": "smtp+tls://us:p%40ss@smtp.example:587"})["EMAIL_URL"]
    assert (mail["EMAIL_HOST"], mail["EMAIL_PORT"], mail["EMAIL_USE_TLS"]) == ("smtp.example", 587, True)
    assert (mail["EMAIL_HOST_USER"], mail["EMAIL_HOST_PASSWORD"]) == ("us", "p@ss")


def test_mail_may_be_written_into_a_folder_or_onto_the_terminal_instead() -> None:
    mail = load({"EMAIL_URL": "filemail:///srv/mail"})["EMAIL_URL"]
    assert mail["EMAIL_BACKEND"] == "django.core.mail.backends.filebased.EmailBackend"
    assert mail["EMAIL_FILE_PATH"] == "/srv/mail"
    mail = load({"EMAIL_URL": "consolemail://"})["EMAIL_URL"]
    assert mail["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"


def test_a_malformed_mail_address_is_told_without_its_password() -> None:
    with pytest.raises(BadSetting) as refused:
        load({"EMAIL_URL": "imap://us:hunter2@smtp.example"})
    assert "EMAIL_URL" in str(refused.value)
    assert "hunter2" not in str(refused.value)
