"""Redirect URIs and issuers: what may be registered, and what matches (RFC 6749 §3.1.2, RFC 8252 §7.3, RFC 9700 §4.1.3)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from oauth_server.protocol.errors import InvalidRedirectURI

# Members of our own answers: a registered query with one of them would stand twice in the answer (CVE-2026-9689).
RESERVED_QUERY: Final = frozenset(
    {"code", "state", "iss", "error", "error_description", "error_uri", "response", "session_state", "id_token",
     "access_token", "token_type", "expires_in", "scope"}
)  # fmt: skip

# Schemes that a browser would run, read or treat as ours (GHSA-484q-784p-8m5h, CVE-2024-21637).
FORBIDDEN_SCHEMES: Final = frozenset(
    {"javascript", "data", "vbscript", "blob", "file", "about", "view-source", "filesystem", "ws", "wss", "ftp", "mailto",
     "intent", "content", "chrome", "resource"}
)  # fmt: skip

_LONGEST: Final = 2_048
# RFC 3986 §2: only these characters may stand in a URI. No backslash, white space, control or non-ASCII character.
_URI: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_ANY_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.\-]*")
# RFC 3986 §3.2.2 allows more in a host, but no name has it, and a ";" in a CSP source would begin a directive.
_AUTHORITY: Final = re.compile(r"(?:[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_LOOPBACK: Final = re.compile(r"http://(127\.0\.0\.1|\[::1\]|localhost)(?::[0-9]{1,5})?(?=[/?]|$)")
_LOOPBACK_IP: Final = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::([0-9]{1,5}))?([/?].*)?")


# What makes any URI unfit, in words that follow the URI itself; the first that applies is told.
_FLAWS: Final[tuple[tuple[Callable[[str, SplitResult], bool], str], ...]] = (
    (
        lambda uri, _: not _ANY_SCHEME.match(uri),
        "is no full address: it must begin with a scheme, as https://app.example/callback does",
    ),
    (lambda uri, _: not _URI.fullmatch(uri), "has a character that is not allowed in a URI"),
    (lambda uri, _: "#" in uri, "has a fragment"),
    (lambda uri, _: "*" in uri, "has a wildcard; register each URI in full"),
    (lambda uri, _: not _SCHEME.fullmatch(uri.partition(":")[0]), "needs a lower-case scheme"),
    (lambda _, parts: parts.scheme in FORBIDDEN_SCHEMES, "has a scheme that is never allowed"),
    (lambda _, parts: parts.port == 0, "has port 0"),
    (lambda _, parts: bool(_names(parts.query) & RESERVED_QUERY), "has a query parameter that our answers use"),
)
# What makes an http(s) URI unfit.
_WEB_FLAWS: Final[tuple[tuple[Callable[[str, SplitResult], bool], str], ...]] = (
    (lambda _, parts: not parts.hostname, "has no host"),
    (lambda _, parts: "@" in parts.netloc, "has a user name in it"),
    (lambda _, parts: not is_plain_authority(parts.netloc), "has a host that is no host name"),
    (lambda _, parts: _has_dot_segment(parts.path), "has a dot segment"),
    (lambda uri, parts: parts.scheme == "http" and not _LOOPBACK.match(uri), "must use https"),
)


def _names(query: str) -> set[str]:
    return {name for name, _ in parse_qsl(query, keep_blank_values=True)}


def _has_dot_segment(path: str) -> bool:
    return any(segment in {".", ".."} for segment in re.split(r"[/;]", re.sub("%2[eE]", ".", path)))


def check_registrable(uri: str, *, application_type: str = "web") -> None:
    """Judge a redirect URI before it is stored (RFC 7591 §2, RFC 8252 §7, OpenID Connect Registration §2).

    ``https`` anywhere; ``http`` on loopback hosts only; private-use schemes with a dot (RFC 8252 §7.1) for native clients.

    Raises:
        InvalidRedirectURI: it may not be registered; the description says why.
    """
    if len(uri) > _LONGEST:
        raise InvalidRedirectURI(f"A redirect URI is longer than {_LONGEST} characters.")
    try:
        parts = urlsplit(uri)
        flaw = next((why for has, why in _FLAWS if has(uri, parts)), None)
        if flaw is None and parts.scheme in {"http", "https"}:
            flaw = next((why for has, why in _WEB_FLAWS if has(uri, parts)), None)
        elif flaw is None and application_type != "native":
            flaw = "has a private-use scheme, which takes application_type native"
        elif flaw is None and "." not in parts.scheme:
            flaw = "needs a private-use scheme with a dot in it, such as com.example.app"
    except ValueError:
        flaw = "is malformed"
    if flaw is not None:
        raise InvalidRedirectURI(f"The redirect URI '{uri[:200]}' {flaw}.")


def matches(requested: str, registered: Iterable[str]) -> bool:
    """Whether a requested redirect URI equals a registered one, byte for byte (RFC 9700 §4.1.3).

    The one exception is the port of a loopback address (RFC 8252 §7.3): ``http://127.0.0.1`` or ``http://[::1]`` with
    everything but the port equal.
    """
    candidates = tuple(registered)
    if requested in candidates:
        return True
    wanted = _LOOPBACK_IP.fullmatch(requested)
    if wanted is None or (wanted[2] is not None and not 0 < int(wanted[2]) < 65_536):
        return False
    for candidate in candidates:
        known = _LOOPBACK_IP.fullmatch(candidate)
        if known is not None and known[1] == wanted[1] and known[3] == wanted[3]:
            return True
    return False


def origin(uri: str) -> str:
    """``scheme://host[:port]`` for http(s), ``scheme:`` for any other URI: what CSP and CORS compare."""
    parts = urlsplit(uri)
    if parts.scheme in {"http", "https"}:
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"


def is_plain_authority(netloc: str) -> bool:
    """Whether the part between ``//`` and the path is a host name or literal, and at most a port."""
    return _AUTHORITY.fullmatch(netloc) is not None


def is_loopback_host(host: str) -> bool:
    """Whether a host name or literal stays on this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def with_query(uri: str, members: dict[str, str]) -> str:
    """Add members to a URI's query, keeping what is there (RFC 6749 §3.1.2)."""
    separator = "&" if "?" in uri else "?"
    return f"{uri}{separator}{urlencode(members)}"


def with_fragment(uri: str, members: dict[str, str]) -> str:
    """Add members as the fragment (OAuth 2.0 Multiple Response Types §2.1)."""
    return f"{uri}#{urlencode(members)}"
