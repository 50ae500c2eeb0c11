"""How the value of one variable is read: each reader answers what the server works with, or says in a ``ValueError`` what is wrong.

Its sentence goes on behind "is malformed". A value that may hold a password is not repeated.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import environ

from oauth_server.settings import scope_texts as scope_texts_file
from oauth_server.settings.features import Features, describe
from oauth_server.settings.resources import Resources
from oauth_server.settings.resources import read as read_resources

BASE_DIR: Final = Path(__file__).resolve().parent.parent.parent

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


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
    number = _whole(value)
    if number < 0:
        raise ValueError("must be 0 or more seconds")
    return number


def path(value: str) -> Path:
    """A path, relative to the checkout."""
    try:
        return (BASE_DIR / Path(value).expanduser()).resolve()
    except RuntimeError:
        raise ValueError("names the home of somebody who has none") from None


def optional_path(value: str) -> Path | None:
    """A path, or none."""
    return path(value) if value else None


def networks(value: str) -> tuple[Network, ...]:
    """Addresses and ranges, separated by commas."""
    return tuple(ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip())


def words(value: str) -> tuple[str, ...]:
    """Words, separated by commas or spaces."""
    return tuple(value.replace(",", " ").split())


def issuers(value: str) -> dict[str, Any]:
    """A JSON file of JWK Sets, by issuer."""
    if not value:
        return {}
    try:
        issuers = json.loads(path(value).read_text("utf-8"))
    except (OSError, RecursionError) as error:
        raise ValueError(str(error)) from None
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
            raise ValueError(f"must be one of {', '.join(words)}")
        return value.lower()

    return read


def issuer(value: str) -> str:
    """An issuer identifier (RFC 8414 §2)."""
    if not value:
        return ""
    if not re.fullmatch(r"https?://[a-z0-9.\-\[\]:]+(?:/[A-Za-z0-9\-._~/]*)?", value):
        raise ValueError("must be an http(s) URL with a lower-case host, without query or fragment")
    return value.rstrip("/")


def url(*schemes: str) -> Callable[[str], str]:
    """A reader of a URL that has one of these schemes."""

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


def name(value: str) -> str:
    """A short text on one line."""
    if not value.isprintable() or len(value) > 60:
        raise ValueError("must be at most 60 characters on one line")
    return value


def colour(value: str) -> str:
    """A colour, in lower case."""
    if value and not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise ValueError("must be a colour such as #1e5b4f")
    return value.lower()


def file(*suffixes: str) -> Callable[[str], Path | None]:
    """A reader of the path of a file that is there and ends in one of these suffixes."""

    def read(value: str) -> Path | None:
        path = optional_path(value)
        if path and path.suffix.lower() not in suffixes:
            raise ValueError(f"must name a file that ends in {', '.join(suffixes)}")
        if path and not path.is_file():
            raise ValueError(f"names {path}, which is no file")
        return path

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


def mail(value: str) -> dict[str, Any]:
    """Django's EMAIL_* settings; empty when mail goes to where it goes by default."""
    if not value:
        return {}
    if urlsplit(value).scheme not in _MAIL:
        # The value may hold a password, so the sentence does not repeat it.
        raise ValueError(f"must begin with one of {', '.join(sorted(_MAIL))}")
    return {name: given or "" for name, given in environ.Env.email_url_config(value).items()}
