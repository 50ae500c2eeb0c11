"""The variables that an operator sets: one table with type, default and a sentence; the reference is generated from it.

A malformed value, or a variable that looks like one of ours and is not, stops the start with its name.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import environ

from oauth_server.settings import resources, scope_texts
from oauth_server.settings.features import Features, Lifetimes, Limits, describe

BASE_DIR: Final = Path(__file__).resolve().parent.parent.parent

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadSetting(SystemExit):
    """A setting that stops the start: one sentence on standard error, exit code 1, no traceback."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        super().__init__(f"Gatehouse: the setting {name} {why}")


def _text(value: str) -> str:
    return value


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"must be a whole number, and {text!r} is none") from None


def _port(value: str) -> int:
    port = _whole(value)
    if not 1 <= port <= 65_535:
        raise ValueError("must be between 1 and 65535")
    return port


def _count(value: str) -> int:
    number = _whole(value)
    if number < 1:
        raise ValueError("must be at least 1")
    return number


def _seconds(value: str) -> int:
    number = _whole(value)
    if number < 0:
        raise ValueError("must be 0 or more seconds")
    return number


def _path(value: str) -> Path:
    try:
        return (BASE_DIR / Path(value).expanduser()).resolve()
    except RuntimeError:
        raise ValueError("names the home of somebody who has none") from None


def _optional_path(value: str) -> Path | None:
    return _path(value) if value else None


def _networks(value: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())


def _words(value: str) -> tuple[str, ...]:
    return tuple(value.replace(",", " ").split())


def _issuers(value: str) -> dict[str, Any]:
    if not value:
        return {}
    try:
        issuers = json.loads(_path(value).read_text("utf-8"))
    except (OSError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(issuers, dict) or not all(
        isinstance(jwks, dict) and isinstance(jwks.get("keys"), list) for jwks in issuers.values()
    ):
        raise ValueError("must be a JSON object of JWK Sets, by issuer")
    return issuers


def _resources(value: str) -> resources.Resources:
    return resources.read(_path(value)) if value else resources.Resources()


def _scope_texts(value: str) -> Mapping[str, Mapping[str, str]]:
    return scope_texts.read(_path(value)) if value else {}


def _one_of(*words: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return value.lower()

    return read


def _issuer(value: str) -> str:
    if not value:
        return ""
    if not re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+(?:/[A-Za-z0-9\-._~/]*)?", value):
        raise ValueError("must be an http(s) URL with a lower-case host, without query or fragment")
    return value.rstrip("/")


def _url(*schemes: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        # The value may hold a password: no message repeats it.
        if value and not re.fullmatch(rf"(?:{'|'.join(schemes)})://[^\s]+", value):
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        if value and not _has_a_valid_port(value):
            raise ValueError("must be a URL with a valid host and port")
        return value

    return read


def _has_a_valid_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _name(value: str) -> str:
    if not value.isprintable() or len(value) > 60:
        raise ValueError("must be at most 60 characters on one line")
    return value


def _colour(value: str) -> str:
    if value and not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise ValueError("must be a colour such as #1e5b4f")
    return value.lower()


def _file(*suffixes: str) -> Callable[[str], Path | None]:
    def read(value: str) -> Path | None:
        path = _optional_path(value)
        if path and path.suffix.lower() not in suffixes:
            raise ValueError(f"must name a file that ends in {', '.join(suffixes)}")
        if path and not path.is_file():
            raise ValueError(f"names {path}, which is no file")
        return path

    return read


def _folder(value: str) -> Path | None:
    path = _optional_path(value)
    if path and not path.is_dir():
        raise ValueError(f"names {path}, which is no folder")
    return path


def _header(value: str) -> str:
    # An underscore would be indistinguishable from a hyphen once the header is a WSGI variable.
    if not re.fullmatch(r"[A-Za-z0-9-]+", value):
        raise ValueError("must be a header name of letters, digits and hyphens")
    return value


def _features(value: str) -> Features:
    known = {name for name, *_ in describe(Features)}
    chosen: dict[str, bool] = {}
    for word in (part.strip() for part in value.split(",") if part.strip()):
        name = word.lstrip("-+")
        if name == "all":
            chosen.update(dict.fromkeys(known, True))
        elif name in known:
            chosen[name] = not word.startswith("-")
        else:
            near = difflib.get_close_matches(name, known, 1)
            raise ValueError(f"names no feature: {name}" + (f" (did you mean {near[0]}?)" if near else ""))
    return Features(**chosen)


_MAIL: Final = frozenset({"smtp", "smtps", "smtp+tls", "smtp+ssl", "consolemail", "filemail"})


def _mail(value: str) -> dict[str, Any]:
    """Django's EMAIL_* settings; empty when mail goes to where it goes by default."""
    if not value:
        return {}
    if urlsplit(value).scheme not in _MAIL:
        # The value may hold a password, so the sentence does not repeat it.
        raise ValueError(f"must begin with one of {', '.join(sorted(_MAIL))}")
    return {name: given or "" for name, given in environ.Env.email_url_config(value).items()}


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: how it is read, what it is when unset, and what it means."""

    name: str
    read: Callable[[str], Any]
    default: str
    sentence: str


VARIABLES: Final = (
    Variable("PORT", _port, "8000", "The port that the web process listens on."),
    Variable("HOST", _text, "127.0.0.1", "The address that the web process listens on."),
    Variable("ISSUER", _issuer, "", "The issuer identifier; http://127.0.0.1:$PORT when empty. https in production."),
    Variable("DATABASE_URL", _url("postgres", "postgresql", "sqlite"), "", "postgres://user:password@host:port/name; SQLite in DATA_DIR when empty."),
    Variable("DATABASE_POOLER", _one_of("none", "transaction"), "none", "transaction: behind PgBouncer in that mode, where no session outlasts a transaction."),
    Variable("BROKER_URL", _url("redis", "rediss", "amqp", "amqps"), "", "redis:// or amqp://; an embedded broker in DATA_DIR when empty."),
    Variable("CACHE_URL", _url("redis", "rediss"), "", "redis://; a cache in process memory when empty."),
    Variable("EMAIL_URL", _mail, "", "smtp+tls://user:password@host:587 or smtp+ssl://…:465; smtp://localhost:25 when empty."),
    Variable("EMAIL_FROM", _text, "", "The sender of mail; no-reply@ the issuer's host when empty."),
    Variable("DATA_DIR", _path, "var", "Where the database, keys and the embedded broker live; mode 0700."),
    Variable("SECRET_KEY_FILE", _optional_path, "", "Django's secret key; DATA_DIR/secret_key when empty."),
    Variable(
        "KEY_ENCRYPTION_KEY_FILE",
        _optional_path,
        "",
        "32 octets, base64url: encrypts private keys and peppers digests; DATA_DIR/key_encryption_key when empty.",
    ),
    Variable("METRICS_TOKEN_FILE", _optional_path, "", "The bearer token that opens /metrics; DATA_DIR/metrics_token when empty."),
    Variable("TRUSTED_PROXIES", _networks, "", "Addresses or ranges whose X-Forwarded-* and certificate headers are believed."),
    Variable("CLIENT_CERTIFICATE_HEADER", _header, "X-Client-Cert", "The header in which a trusted proxy passes a client certificate."),
    Variable("OUTBOUND_ALLOW", _networks, "", "Private address ranges that the guarded fetcher may reach."),
    Variable("OUTBOUND_CA_FILE", _optional_path, "", "More certificate authorities for outgoing TLS, PEM."),
    Variable("FEATURES", _features, "", "Features by name; -name turns one off, all turns every finished one on."),
    Variable("THROTTLES", _one_of("on", "off"), "on", "Limits on guessing and on what strangers may store; off is refused in production."),
    Variable("REGISTRATION", _one_of("closed", "token", "open"), "closed", "Who may register a client over the network."),
    Variable("REGISTRATION_PROFILE", _one_of("oauth21", "openid"), "oauth21", "The security profile of clients that register."),
    Variable("REGISTRATION_SCOPES", _words, "", "Scopes, beside those of OpenID Connect, that a client may register for itself, over the network or in the portal."),
    Variable("REGISTRATION_AUDIENCES", _words, "", "APIs, by their identifiers, that a client may register for itself as the audience of its tokens."),
    Variable("SOFTWARE_STATEMENT_ISSUERS", _issuers, "", "A JSON file, {issuer: JWK Set}: whose software statements count (RFC 7591 §2.3)."),
    Variable("RESOURCES", _resources, "", "A JSON file, {API: options}: who may ask for tokens for it, and what they look like (RFC 8707)."),
    Variable("SCOPE_TEXTS", _scope_texts, "", "A JSON file, {scope: texts}: in which words people are asked for the scopes of your APIs, in their languages."),
    Variable("SIGN_UP", _one_of("open", "invited", "closed"), "open", "Who may make an account: anybody, whoever was invited, nobody."),
    Variable("SIGN_UP_DOMAINS", _words, "", "Domains whose addresses may sign up, such as example.com; any when empty. Whoever was invited may come from elsewhere."),
    Variable("IDENTIFIER_FIRST", _one_of("on", "off"), "off", "Whether the sign-in page asks for the name alone, and the next one for the password; off asks for both at once."),
    Variable("BREACHED_PASSWORDS_URL", _url("https", "http"), "", "A service that knows stolen passwords by the first five digits of their SHA-1, such as https://api.pwnedpasswords.com/range/; asked for new passwords, nobody when empty."),
    Variable("ADMIN_MINIMUM_ACR", _one_of("off", "1", "2", "phr"), "2", "How strong an operator's sign-in must be for /admin/; off, the default in development, takes any that lives."),
    Variable("WEB_WORKERS", _count, "1", "Web processes."),
    Variable("BRAND_NAME", _name, "Gatehouse", "What people call this server: on every page, in every mail, in their authenticator."),
    Variable("BRAND_COLOR", _colour, "", "The colour of buttons and links, such as #1e5b4f; made readable in light and in dark."),
    Variable("BRAND_LOGO_FILE", _file(".svg", ".png", ".webp", ".jpg", ".jpeg"), "", "A picture in place of ours at the top of every page."),
    Variable("BRAND_STYLE_FILE", _file(".css"), "", "A style sheet that is loaded after ours."),
    Variable("TEMPLATES_DIR", _folder, "", "A folder whose templates go before ours of the same name."),
    Variable("IMPRINT_URL", _url("https", "http"), "", "A link at the foot of every page: who runs this server."),
    Variable("PRIVACY_URL", _url("https", "http"), "", "A link at the foot of every page: the privacy policy."),
    Variable("TERMS_URL", _url("https", "http"), "", "A link at the foot of every page: the terms of service."),
    Variable("TERMS_VERSION", _name, "", "The version of the terms at TERMS_URL, such as 2026-11: accepted at sign-up, and at the next sign-in after it changes; nobody is asked when empty."),
    Variable("HELP_URL", _url("https", "http"), "", "A link at the foot of every page: where people get help."),
    Variable("LOG_LEVEL", _one_of("debug", "info", "warning", "error"), "info", "The least important line that is logged."),
    Variable("LOG_FORMAT", _one_of("console", "json"), "console", "Lines for people or for machines."),
)  # fmt: skip

# Kubernetes sets these in every pod beside a service called gatehouse: they are meant for us, and mean nothing to us.
_SERVICE_LINK: Final = re.compile(r"GATEHOUSE_(?:[A-Z0-9_]+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_\w+)?)")

# Lifetimes and limits are variables too: ACCESS_TOKEN_LIFETIME=300, PASSWORD_HASHES_AT_ONCE_LIMIT=2.
DURATIONS: Final = {f"{name.upper()}_LIFETIME": name for name, *_ in describe(Lifetimes)}
SIZES: Final = {f"{name.upper()}_LIMIT": name for name, *_ in describe(Limits)}


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables, read and judged."""

    values: Mapping[str, Any]
    lifetimes: Lifetimes
    limits: Limits

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def _read(name: str, read: Callable[[str], Any], raw: str) -> Any:
    try:
        return read(raw.strip())
    except ValueError as error:
        raise BadSetting(name, f"is malformed ({error}).") from None


def refuse_unknown(environ: Mapping[str, str], known: frozenset[str]) -> None:
    """Stop at a variable that was meant for us and is misspelt.

    The process environment carries other people's variables, so only a near miss of a known name, or our own prefix
    ``GATEHOUSE_``, counts as meant for us.

    Raises:
        BadSetting: with the name, and the one that was probably meant.
    """
    for name in environ:
        if name in known or not name.isupper() or _SERVICE_LINK.fullmatch(name):
            continue
        near = difflib.get_close_matches(name, known, 1, cutoff=0.88)
        if near or name.startswith("GATEHOUSE_"):
            raise BadSetting(name, "is not known." + (f" Did you mean {near[0]}?" if near else ""))


def load(environ: Mapping[str, str]) -> Environment:
    """Read every variable.

    Raises:
        BadSetting: one is malformed or unknown.
    """
    names = frozenset(variable.name for variable in VARIABLES) | DURATIONS.keys() | SIZES.keys()
    refuse_unknown(environ, names)
    values = {
        variable.name: _read(variable.name, variable.read, environ.get(variable.name) or variable.default)
        for variable in VARIABLES
    }
    lifetimes = {field: _read(name, _seconds, environ[name]) for name, field in DURATIONS.items() if environ.get(name)}
    limits = {field: _read(name, _count, environ[name]) for name, field in SIZES.items() if environ.get(name)}
    return Environment(values, Lifetimes(**lifetimes), Limits(**limits))
