"""The variables that an operator sets: one table with type, default and a sentence; the reference is generated from it.

A malformed value, or a variable that looks like one of ours and is not, stops the start with its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from oauth_server.settings import readers
from oauth_server.settings.features import Lifetimes, Limits, describe
from oauth_server.settings.nearest import did_you_mean

BASE_DIR: Final = readers.BASE_DIR
# What follows from a suspicious pattern, from the mildest; each does what stands before it too.
POLICIES: Final = ("record", "notice", "step_up", "end")


class BadSetting(SystemExit):
    """A setting that stops the start: one sentence on standard error, exit code 1, no traceback."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        super().__init__(f"Gatehouse: the setting {name} {why}")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: how it is read, what it is when unset, and what it means."""

    name: str
    read: Callable[[str], Any]
    default: str
    sentence: str


VARIABLES: Final = (
    Variable("PORT", readers.port, "8000", "The port that the web process listens on."),
    Variable("HOST", readers.text, "127.0.0.1", "The address that the web process listens on."),
    Variable("ISSUER", readers.issuer, "", "The issuer identifier; http://127.0.0.1:$PORT when empty. https in production."),
    Variable("DATABASE_URL", readers.url("postgres", "postgresql", "sqlite"), "", "postgres://user:password@host:port/name; SQLite in DATA_DIR when empty."),
    Variable("DATABASE_POOLER", readers.one_of("none", "transaction"), "none", "transaction: behind PgBouncer in that mode, where no session outlasts a transaction."),
    Variable("BROKER_URL", readers.url("redis", "rediss", "amqp", "amqps"), "", "redis:// or amqp://; an embedded broker in DATA_DIR when empty."),
    Variable("CACHE_URL", readers.url("redis", "rediss"), "", "redis://; a cache in process memory when empty."),
    Variable("EMAIL_URL", readers.mail, "", "smtp+tls://user:password@host:587 or smtp+ssl://…:465; filemail:///folder writes files instead, consolemail:// lines; smtp://localhost:25 when empty."),
    Variable("EMAIL_FROM", readers.sender, "", "The sender of mail; no-reply@ the issuer's host when empty."),
    Variable("DATA_DIR", readers.path, "var", "Where the database, keys and the embedded broker live; mode 0700."),
    Variable("SECRET_KEY_FILE", readers.optional_path, "", "Django's secret key; DATA_DIR/secret_key when empty."),
    Variable(
        "KEY_ENCRYPTION_KEY_FILE",
        readers.optional_path,
        "",
        "32 octets, base64url: encrypts private keys and peppers digests; DATA_DIR/key_encryption_key when empty.",
    ),
    Variable("METRICS_TOKEN_FILE", readers.optional_path, "", "The bearer token that opens /metrics; DATA_DIR/metrics_token when empty."),
    Variable("TRUSTED_PROXIES", readers.networks, "", "Addresses or ranges whose X-Forwarded-* and certificate headers are believed."),
    Variable("CLIENT_CERTIFICATE_HEADER", readers.header, "X-Client-Cert", "The header in which a trusted proxy passes a client certificate."),
    Variable("OUTBOUND_ALLOW", readers.networks, "", "Private address ranges that the guarded fetcher may reach."),
    Variable("OUTBOUND_CA_FILE", readers.optional_file, "", "More certificate authorities for outgoing TLS, PEM."),
    Variable("FEATURES", readers.features, "", "Features by name; -name turns one off, all turns every finished one on."),
    Variable("THROTTLES", readers.one_of("on", "off"), "on", "Limits on guessing and on what strangers may store; off is refused in production."),
    Variable("REGISTRATION", readers.one_of("closed", "token", "open"), "closed", "Who may register a client over the network."),
    Variable("REGISTRATION_PROFILE", readers.one_of("oauth21", "openid"), "oauth21", "The security profile of clients that register."),
    Variable("REGISTRATION_SCOPES", readers.words, "", "Scopes, beside those of OpenID Connect, that a client may register for itself, over the network or in the portal."),
    Variable("REGISTRATION_AUDIENCES", readers.words, "", "APIs, by their identifiers, that a client may register for itself as the audience of its tokens."),
    Variable("SOFTWARE_STATEMENT_ISSUERS", readers.issuers, "", "A JSON file, {issuer: JWK Set}: whose software statements count (RFC 7591 §2.3)."),
    Variable("RESOURCES", readers.resources, "", "A JSON file, {API: options}: who may ask for tokens for it, and what they look like (RFC 8707)."),
    Variable("SCOPE_TEXTS", readers.scope_texts, "", "A JSON file, {scope: texts}: in which words people are asked for the scopes of your APIs, in their languages."),
    Variable("SIGN_UP", readers.one_of("open", "invited", "closed"), "open", "Who may make an account: anybody, whoever was invited, nobody."),
    Variable("SIGN_UP_DOMAINS", readers.domains, "", "Domains whose addresses may sign up, such as example.com; any when empty. Whoever was invited may come from elsewhere."),
    Variable("IDENTIFIER_FIRST", readers.one_of("on", "off"), "off", "Whether the sign-in page asks for the name alone, and the next one for the password; off asks for both at once."),
    Variable("BREACHED_PASSWORDS_URL", readers.url("https", "http"), "", "A service that knows stolen passwords by the first five digits of their SHA-1, such as https://api.pwnedpasswords.com/range/; asked for new passwords, nobody when empty."),
    Variable("ADMIN_MINIMUM_ACR", readers.one_of("off", "1", "2", "phr"), "2", "How strong an operator's sign-in must be for /admin/; off, the default in development, takes any that lives."),
    Variable("REFRESH_BURST", readers.rate, "20/60", "More early refreshes of one grant than this in so many seconds are suspicious; 0: no number is."),
    Variable("REFRESH_BURST_POLICY", readers.one_of(*POLICIES), "notice", "What follows from that: record (an event), notice (a mail to the owner too), step_up, end."),
    Variable("NETWORK_CHANGES", readers.rate, "6/600", "More changes of the network than this in so many seconds, of one grant or one sign-in, are suspicious; 0: no number is."),
    Variable("NETWORK_CHANGES_POLICY", readers.one_of(*POLICIES), "notice", "What follows from that: record, notice, step_up, end."),
    Variable("NETWORK_PREFIXES", readers.prefixes, "24,48", "How many leading bits of an address make one network, of IPv4 and of IPv6."),
    Variable("WEB_WORKERS", readers.count, "1", "Web processes."),
    Variable("BRAND_NAME", readers.name, "Gatehouse", "What people call this server: on every page, in every mail, in their authenticator."),
    Variable("BRAND_COLOR", readers.colour, "", "The colour of buttons and links, such as #1e5b4f; made readable in light and in dark."),
    Variable("BRAND_LOGO_FILE", readers.file(".svg", ".png", ".webp", ".jpg", ".jpeg"), "", "A picture in place of ours at the top of every page."),
    Variable("BRAND_STYLE_FILE", readers.file(".css"), "", "A style sheet that is loaded after ours."),
    Variable("TEMPLATES_DIR", readers.folder, "", "A folder whose templates go before ours of the same name."),
    Variable("IMPRINT_URL", readers.url("https", "http"), "", "A link at the foot of every page: who runs this server."),
    Variable("PRIVACY_URL", readers.url("https", "http"), "", "A link at the foot of every page: the privacy policy."),
    Variable("TERMS_URL", readers.url("https", "http"), "", "A link at the foot of every page: the terms of service."),
    Variable("TERMS_VERSION", readers.name, "", "The version of the terms at TERMS_URL, such as 2026-11: accepted at sign-up, and at the next sign-in after it changes; nobody is asked when empty."),
    Variable("HELP_URL", readers.url("https", "http"), "", "A link at the foot of every page: where people get help."),
    Variable("LOG_LEVEL", readers.one_of("debug", "info", "warning", "error"), "info", "The least important line that is logged; warning for every command but run."),
    Variable("LOG_FORMAT", readers.one_of("console", "json"), "console", "Lines for people or for machines."),
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
        raise BadSetting(name, f"is malformed: it {error}{'' if str(error).endswith(('.', '?')) else '.'}") from None


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
        near = did_you_mean(name, known, cutoff=0.88)
        if near or name.startswith("GATEHOUSE_"):
            raise BadSetting(name, "is not known." + (near or did_you_mean(name.removeprefix("GATEHOUSE_"), known)))


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
    lifetimes = {
        field: _read(name, readers.seconds, environ[name]) for name, field in DURATIONS.items() if environ.get(name)
    }
    limits = {field: _read(name, readers.count, environ[name]) for name, field in SIZES.items() if environ.get(name)}
    return Environment(values, Lifetimes(**lifetimes), Limits(**limits))
