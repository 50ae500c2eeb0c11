"""How the value of one variable is read: each reader answers what the server works with, or says in a ``ValueError`` what is wrong.

Its sentence goes on behind "is malformed". A value that may hold a password is not repeated.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import environ

from oauth_server.settings import scope_texts as scope_texts_file
from oauth_server.settings.features import Features, Rate, describe
from oauth_server.settings.nearest import did_you_mean
from oauth_server.settings.resources import Resources, read_json
from oauth_server.settings.resources import read as read_resources

BASE_DIR: Final = Path(__file__).resolve().parent.parent.parent

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_DURATION: Final = re.compile(r"(\d{1,6}) ?([smhdw])(?:ec|econd|in|inute|r|our|ay|eek)?s?", re.IGNORECASE)
_SENDER: Final = re.compile(r"[^@\s<>]+@[^@\s<>]+|[^<>]*<[^@\s<>]+@[^@\s<>]+>")
_DOMAIN: Final = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63})*")


def text(value: str) -> str:
    """Any text."""
    return value


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"must be a whole number, and {text!r} is none") from None


def port(value: str) -> int:
    """The number of a port."""
    port = _whole(value)
    if not 1 <= port <= 65_535:
        raise ValueError("must be between 1 and 65535")
    return port


def count(value: str) -> int:
    """A number of things, at least one."""
    number = _whole(value)
    if number < 1:
        raise ValueError("must be at least 1")
    return number


def seconds(value: str) -> int:
    """A duration in seconds."""
    if written := _DURATION.fullmatch(value):
        meant = int(written[1]) * _UNITS[written[2].lower()]
        raise ValueError(f"must be a number of seconds without a unit: {meant} for {value}")
    number = _whole(value)
    if number < 0:
        raise ValueError("must be 0 or more seconds")
    return number


def rate(value: str) -> Rate:
    """So many in so many seconds, such as 20/60; 0 for no number at all."""
    if value == "0":
        return Rate(0, 1)
    amount, slash, stretch = value.partition("/")
    if not slash:
        raise ValueError("must be an amount, / and seconds, such as 20/60, or 0")
    return Rate(count(amount), count(stretch))


def prefixes(value: str) -> tuple[int, int]:
    """How many leading bits make a network, of IPv4 and of IPv6."""
    bits = [count(part) for part in words(value)]
    if len(bits) != 2 or bits[0] > 32 or bits[1] > 128:
        raise ValueError("must be two numbers of bits, of IPv4 and of IPv6, such as 24,48")
    return bits[0], bits[1]


def path(value: str) -> Path:
    """A path, relative to the checkout."""
    try:
        return (BASE_DIR / Path(value).expanduser()).resolve()
    except RuntimeError:
        raise ValueError("names the home of somebody who has none") from None


def optional_file(value: str) -> Path | None:
    """The path of a file that is there, or none."""
    found = optional_path(value)
    if found and not found.is_file():
        raise ValueError(f"names {found}, which is no file")
    return found


def optional_path(value: str) -> Path | None:
    """A path, or none."""
    return path(value) if value else None


def networks(value: str) -> tuple[Network, ...]:
    """Addresses and ranges, separated by commas or spaces."""
    return tuple(_network(part) for part in words(value))


def _network(text: str) -> Network:
    try:
        given = ipaddress.ip_interface(text)
    except ValueError:
        raise ValueError(
            f"must be addresses such as 127.0.0.1 or ranges such as 10.0.0.0/8, and {text} is none"
        ) from None
    if given.ip != given.network.network_address:
        raise ValueError(f"must have zeros behind the prefix of a range: {given.network} for {text}")
    return given.network


def words(value: str) -> tuple[str, ...]:
    """Words, separated by commas or spaces."""
    return tuple(value.replace(",", " ").split())


def domains(value: str) -> tuple[str, ...]:
    """Domains of e-mail addresses, in lower case."""
    found = words(value.lower())
    for domain in found:
        if not _DOMAIN.fullmatch(domain):
            raise ValueError(f"must be domains such as example.com, and {domain} is none")
    return found


def issuers(value: str) -> dict[str, Any]:
    """A JSON file of JWK Sets, by issuer."""
    if not value:
        return {}
    issuers = read_json(path(value))
    if not isinstance(issuers, dict) or not all(
        isinstance(jwks, dict) and isinstance(jwks.get("keys"), list) for jwks in issuers.values()
    ):
        raise ValueError("must be a JSON object of JWK Sets, by issuer")
    return issuers


def resources(value: str) -> Resources:
    """The file of ``resources``."""
    return read_resources(path(value)) if value else Resources()


def scope_texts(value: str) -> Mapping[str, Mapping[str, str]]:
    """The file of ``scope_texts``."""
    return scope_texts_file.read(path(value)) if value else {}


def one_of(*words: str) -> Callable[[str], str]:
    """A reader of one word of a list, in whatever case."""

    def read(value: str) -> str:
        if value.lower() not in words:
            raise ValueError(
                f"must be one of {', '.join(words)}, and {value!r} is none.{did_you_mean(value.lower(), words)}"
            )
        return value.lower()

    return read


def issuer(value: str) -> str:
    """An issuer identifier (RFC 8414 §2)."""
    if not value:
        return ""
    if not re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+(?:/[A-Za-z0-9\-._~/]*)?", value) or not _has_a_valid_port(value):
        raise ValueError(
            "must be a URL such as https://id.example.com, with a lower-case host and a valid port, without query or fragment"
        )
    return value.rstrip("/")


def url(*schemes: str) -> Callable[[str], str]:
    """A reader of a URL that has one of these schemes."""

    def read(value: str) -> str:
        # The value may hold a password: no message repeats it.
        if value and not re.fullmatch(rf"(?:{'|'.join(schemes)})://[^\s]+", value):
            raise ValueError(f"must be a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        if value and not _has_a_valid_port(value):
            raise ValueError(
                "must be a URL with a valid host and port; in a password : is written %3A, / %2F, @ %40, # %23 and ? %3F"
            )
        return value

    return read


def _has_a_valid_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def name(value: str) -> str:
    """A short text on one line."""
    if not value.isprintable() or len(value) > 60:
        raise ValueError("must be at most 60 characters on one line")
    return value


def sender(value: str) -> str:
    """Whom mail comes from: an address, or a name and an address in angle brackets (RFC 5322 §3.4)."""
    if value and not (value.isprintable() and _SENDER.fullmatch(value)):
        raise ValueError("must be an address such as no-reply@example.com or Example <no-reply@example.com>")
    return value


def colour(value: str) -> str:
    """A colour, in lower case."""
    if value and not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise ValueError("must be a colour such as #1e5b4f")
    return value.lower()


def file(*suffixes: str) -> Callable[[str], Path | None]:
    """A reader of the path of a file that is there and ends in one of these suffixes."""

    def read(value: str) -> Path | None:
        found = optional_path(value)
        if found and found.suffix.lower() not in suffixes:
            raise ValueError(f"must name a file that ends in {', '.join(suffixes)}")
        return optional_file(value)

    return read


def folder(value: str) -> Path | None:
    """The path of a folder that is there."""
    path = optional_path(value)
    if path and not path.is_dir():
        raise ValueError(f"names {path}, which is no folder")
    return path


def header(value: str) -> str:
    """The name of an HTTP header."""
    # An underscore would be indistinguishable from a hyphen once the header is a WSGI variable.
    if not re.fullmatch(r"[A-Za-z0-9-]+", value):
        raise ValueError("must be a header name of letters, digits and hyphens")
    return value


def features(value: str) -> Features:
    """The features, of which some were turned on or off."""
    known = {name for name, *_ in describe(Features)}
    chosen: dict[str, bool] = {}
    for word in words(value):
        name = word.lstrip("-+")
        if name == "all":
            chosen.update(dict.fromkeys(known, True))
        elif name in known:
            chosen[name] = not word.startswith("-")
        else:
            raise ValueError(f"names no feature: {name}.{did_you_mean(name.lower(), {*known, 'all'})}")
    return Features(**chosen)


_MAIL: Final = frozenset({"smtp", "smtps", "smtp+tls", "smtp+ssl", "consolemail", "filemail"})


def mail(value: str) -> dict[str, Any]:
    """Django's EMAIL_* settings; empty when mail goes to where it goes by default."""
    if not value:
        return {}
    if urlsplit(value).scheme not in _MAIL:
        # The value may hold a password, so the sentence does not repeat it.
        raise ValueError(f"must begin with one of {', '.join(f'{scheme}://' for scheme in sorted(_MAIL))}")
    if not _has_a_valid_port(value):
        raise ValueError("must have a valid host and port")
    found = {name: given or "" for name, given in environ.Env.email_url_config(value).items()}
    # django-environ takes the first slash away, and the folder would be one of whatever the process was started in.
    return found | ({"EMAIL_FILE_PATH": urlsplit(value).path} if found["EMAIL_FILE_PATH"] else {})
