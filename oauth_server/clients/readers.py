"""How one member of client metadata is read: each reader answers the value to store or refuses (RFC 7591 §2).

A reader gets the value and the member's name, and names the member when it refuses.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings

from identity.look import colours
from oauth_server.protocol import scopes, uris
from oauth_server.protocol.errors import InvalidClientMetadata, InvalidRedirectURI, InvalidScope

Reader = Callable[[Any, str], Any]

_LONGEST_URI: Final = 2_048
_LONGEST_TEXT: Final = 255
_MOST: Final = 100
_MOST_KEYS: Final = 20
_URI: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_.\-]{1,32768}")
_FRAGMENT: Final = re.compile(r"[A-Za-z0-9\-._~:/?@!$&'()*+,;=%]*")
_IDENTIFIER: Final = re.compile(r"[\x21-\x7e]{1,2048}")
# Characters that reorder or hide text make one client's name look like another's; the joiners are spelling in some scripts.
_JOINERS: Final = frozenset("\u200c\u200d")
_UNSHOWN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# RFC 7517 §4.4, RFC 7518 §6: members that would give a private or symmetric key away.
_PUBLIC: Final = frozenset(
    {"kty", "use", "key_ops", "alg", "kid", "crv", "x", "y", "n", "e", "x5u", "x5c", "x5t", "x5t#S256"}
)
_MEMBER: Final = re.compile(r"[\x20-\x7e]{0,8192}")
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def refuse(name: str, why: str, detail: str = "") -> InvalidClientMetadata:
    """The refusal of one member; ``why`` continues the sentence that its name begins, ``detail`` is for the log alone."""
    return InvalidClientMetadata(f"{name} {why}.", detail=detail)


def boolean(value: Any, name: str) -> bool:
    """``true`` or ``false``, not a word for it."""
    if not isinstance(value, bool):
        raise refuse(name, "must be true or false")
    return value


def seconds(value: Any, name: str) -> int:
    """A whole, non-negative number of seconds."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise refuse(name, "must be a whole number of seconds, 0 or more")
    return value


def text(value: Any, name: str) -> str:
    """Text that people will read: no control characters, nothing that reorders or hides it."""
    if not isinstance(value, str):
        raise refuse(name, "must be a string")
    if len(value) > _LONGEST_TEXT:
        raise refuse(name, f"is longer than {_LONGEST_TEXT} characters")
    if any(unicodedata.category(c) in _UNSHOWN and c not in _JOINERS for c in value):
        raise refuse(name, "has a control or direction character")
    return value.strip()


def colour(value: Any, name: str) -> str:
    """A colour as ``#rrggbb``."""
    if not isinstance(value, str):
        raise refuse(name, "must be a string")
    try:
        return colours.parse(value)
    except ValueError as error:
        raise refuse(name, str(error)) from None


def one_of(*words: str) -> Reader:
    """A reader of one word of a list."""

    def read(value: Any, name: str) -> str:
        if not isinstance(value, str) or value not in words:
            raise refuse(name, f"must be one of: {', '.join(words)}")
        return value

    return read


def words_of(choices: Collection[str]) -> Reader:
    """A reader of a list of words, each of which must be among ``choices``."""

    def read(value: Any, name: str) -> list[str]:
        found = strings(value, name)
        if foreign := [word for word in found if word not in choices]:
            raise refuse(name, f"has a value that is not supported: {foreign[0][:100]}")
        return found

    return read


def strings(value: Any, name: str) -> list[str]:
    """A list of non-empty strings, each once."""
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise refuse(name, "must be a list of strings")
    if len(value) > _MOST:
        raise refuse(name, f"has more than {_MOST} values")
    if any(len(item) > _LONGEST_URI for item in value):
        raise refuse(name, f"has a value longer than {_LONGEST_URI} characters")
    return list(dict.fromkeys(value))


def token(value: Any, name: str) -> str:
    """A JWT as it came; whoever stores it has verified it."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise refuse(name, "must be a JWT")
    return value


def texts(value: Any, name: str) -> list[str]:
    """A list of texts that people will read."""
    return [text(item, name) for item in strings(value, name)]


def identifiers(value: Any, name: str) -> list[str]:
    """A list of identifiers in printable ASCII without spaces; one alone may stand without the list."""
    found = strings([value] if isinstance(value, str) else value, name)
    if not all(_IDENTIFIER.fullmatch(item) for item in found):
        raise refuse(name, "has a character that is not allowed in an identifier")
    return found


def response_types(value: Any, name: str) -> list[str]:
    """Response types in normal form: the words of each in alphabetical order, since their order means nothing."""
    return list(dict.fromkeys(" ".join(sorted(item.split(" "))) for item in strings(value, name)))


def scope(value: Any, name: str) -> str:
    """A scope string (RFC 6749 §3.3)."""
    if not isinstance(value, str):
        raise refuse(name, "must be a string of scopes separated by spaces")
    try:
        return scopes.join(scopes.parse(value))
    except InvalidScope as error:
        raise refuse(name, f"is malformed: {error.description.rstrip('.')}") from None


def optional_scope(value: Any, name: str) -> str:
    """A scope string of what a person may leave out."""
    read = scope(value, name)
    if "openid" in read.split():
        raise refuse(name, "must not have openid: without it nobody signs in")
    return read


def _uri(value: Any, name: str, *, anywhere: bool) -> str:
    if not isinstance(value, str):
        raise refuse(name, "must be a string")
    if len(value) > _LONGEST_URI or not _URI.fullmatch(value):
        raise refuse(name, "is not a URI, or is too long")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise refuse(name, "is not a URI") from None
    if parts.scheme not in {"http", "https"}:
        raise refuse(name, "must be an address that begins with https://")
    if not host or port == 0 or "@" in parts.netloc:
        raise refuse(name, "needs a host, and must have no user name in it")
    if not uris.is_plain_authority(parts.netloc):
        raise refuse(name, "has a host that is no host name")
    if parts.scheme != "https" and not (parts.scheme == "http" and (anywhere or uris.is_loopback_host(host))):
        raise refuse(name, "must use https")
    return value


def web_page(value: Any, name: str) -> str:
    """A page or picture that people are shown: https, or http on this machine; never ``javascript:``."""
    return _uri(value, name, anywhere=False)


def https_page(value: Any, name: str) -> str:
    """A page that people are sent to: https and nothing else."""
    if isinstance(value, str) and not value.startswith("https://"):
        raise refuse(name, "must use https")
    return _uri(value, name, anywhere=False)


def _without_fragment(value: str, name: str) -> str:
    if "#" in value:
        raise refuse(name, "must have no fragment")
    return value


def framed(value: Any, name: str) -> str:
    """A page that ours shows in a frame when a sign-in ends (Front-Channel Logout §2); ``iss`` and ``sid`` are added to it."""
    uri = _without_fragment(web_page(value, name), name)
    if {"iss", "sid"} & {member for member, _ in parse_qsl(urlsplit(uri).query, keep_blank_values=True)}:
        raise refuse(name, "has a query parameter that we add: iss or sid")
    return uri


def told(value: Any, name: str) -> str:
    """An address that the server sends logout tokens to (Back-Channel Logout §2.2); it may have a query."""
    return _without_fragment(fetched(value, name), name)


def fetched(value: Any, name: str) -> str:
    """An address that the server itself will call: https; http where the operator opened private ranges.

    Nothing is fetched while registering; ``outbound.fetch`` judges the address at each call.
    """
    return _uri(value, name, anywhere=bool(settings.OUTBOUND_ALLOW))


def request_uris(value: Any, name: str) -> list[str]:
    """Addresses of request objects (OpenID Connect Registration §2); a fragment tells versions of one apart."""
    found = strings(value, name)
    for item in found:
        address, mark, fragment = item.partition("#")
        _uri(address, name, anywhere=bool(settings.OUTBOUND_ALLOW))
        if mark and not _FRAGMENT.fullmatch(fragment):
            raise refuse(name, "has a fragment with a character that is not allowed")
    return found


def redirect_uris(value: Any, name: str) -> list[str]:
    """A list of strings; ``metadata`` judges them once the application type is known."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidRedirectURI(f"{name} must be a list of strings.")
    if len(value) > _MOST:
        raise InvalidRedirectURI(f"{name} has more than {_MOST} values.")
    return list(dict.fromkeys(value))


def moment(value: Any, name: str) -> datetime:
    """A point in time: RFC 3339 with an offset, or seconds since 1970."""
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            if read.tzinfo is not None:
                return read.astimezone(UTC)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise refuse(name, "must be a time such as 2026-01-31T12:00:00Z")


def key_set(value: Any, name: str) -> dict[str, Any]:
    """A JWK Set of public keys (RFC 7517 §5).

    Keys that cannot be used are passed over later, as RFC 7517 §5 asks; a private or symmetric key is refused, since it has
    left its owner's hands.
    """
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise refuse(name, "must be an object with a list of keys")
    if not keys or len(keys) > _MOST_KEYS:
        raise refuse(name, f"must have between 1 and {_MOST_KEYS} keys")
    if any(key.get("kty") == "oct" or _PRIVATE & key.keys() for key in keys):
        raise refuse(name, "has a private or symmetric key")
    kept = [{member: value for member, value in key.items() if member in _PUBLIC} for key in keys]
    for key in kept:
        for member in key.values():
            if not all(
                isinstance(text, str) and _MEMBER.fullmatch(text)
                for text in (member if isinstance(member, list) else [member])
            ):
                raise refuse(name, "has a key with a member that is not printable text")
    return {"keys": kept}
