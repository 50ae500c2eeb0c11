"""The one guarded way out to the network (design rule 6, scorecard S-09).

A client's metadata names addresses, an upstream provider's discovery document too; whoever writes them must not reach our inside
through us. So: the name is resolved here,
every address it has is judged, the connection goes to a judged address and to no later answer of the resolver, TLS and Host
keep the name; https on port 443 only, no redirect, no proxy, a bound on size and one deadline over everything, name
resolution and TLS included. Ranges in ``OUTBOUND_ALLOW`` are free: any port, and http.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from oauth_server.outbound.addresses import Address, is_public, is_within
from oauth_server.outbound.places import NoPlaceError, Places

if TYPE_CHECKING:
    import httpcore2

MOST_OCTETS: Final = 262_144
SECONDS: Final = 5.0
_HTTPS_PORT: Final = 443
_LONGEST_URL: Final = 2_048
# Look-ups cannot be cancelled, so their threads are counted: a resolver that hangs costs this many and no more.
_resolving: Final = threading.BoundedSemaphore(8)
# A host that accepts and stays silent would otherwise hold every worker, or every place of the others.
places: Final = Places(8, 4, patience=1.0)

Resolve = Callable[[str, int], list[Address]]


class FetchError(Exception):
    """Nothing was fetched. Its sentence is for the log: it must not tell a client what stands inside."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer.

    Attributes:
        body: at most as long as asked for.
        media_type: the Content-Type without parameters, lower case.
        status: 200, unless the caller can read others.
    """

    body: bytes
    media_type: str
    status: int = 200


def get(
    url: str, *, accept: str, most_octets: int = MOST_OCTETS, seconds: float = SECONDS, authorization: str = ""
) -> Fetched:
    """Fetch ``url``.

    Args:
        url: http or https, from somebody else's metadata.
        accept: the Accept header.
        most_octets: a longer body is an error.
        seconds: the deadline over everything.
        authorization: the Authorization header, if any.

    Raises:
        FetchError: whatever goes wrong, and nothing else.
    """
    return _call(_Call("GET", url, accept, most_octets, authorization=authorization), seconds)


def ask(
    url: str,
    form: Mapping[str, str],
    *,
    accept: str,
    most_octets: int = MOST_OCTETS,
    seconds: float = SECONDS,
    authorization: str = "",
) -> Fetched:
    """Send a form to ``url`` and read the answer, a refusal included: a token endpoint says why in a body with 400 or 401.

    Args:
        url: http or https, from somebody else's metadata.
        form: the members.
        accept: the Accept header.
        most_octets: a longer body is an error.
        seconds: the deadline over everything.
        authorization: the Authorization header, if any.

    Raises:
        FetchError: whatever goes wrong, and nothing else.
    """
    octets = urlencode(form).encode("ascii")
    return _call(_Call("POST", url, accept, most_octets, octets, frozenset({200, 400, 401}), authorization), seconds)


def post(url: str, form: Mapping[str, str], *, seconds: float = SECONDS) -> None:
    """Send a form to ``url``; what the answer says beside its status is not read.

    Args:
        url: http or https, from somebody else's metadata.
        form: the members.
        seconds: the deadline over everything.

    Raises:
        FetchError: whatever goes wrong, an answer other than 200 or 204 included, and nothing else.
    """
    _call(_Call("POST", url, "*/*", 0, urlencode(form).encode("ascii"), frozenset({200, 204}), reads=False), seconds)


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: str
    accept: str
    most_octets: int
    form: bytes | None = None
    good: frozenset[int] = frozenset({200})
    authorization: str = field(default="", repr=False)
    reads: bool = True


def _call(call: _Call, seconds: float) -> Fetched:
    deadline = time.monotonic() + seconds
    try:
        with places.one(_destination(call.url)):
            return _exchange(call, deadline)
    except FetchError:
        raise
    except NoPlaceError:
        raise FetchError("Too many fetches are under way.") from None
    except Exception as error:
        # A hostile peer reaches every corner of a HTTP library: whatever it raises, the answer is no.
        raise FetchError(f"The fetch failed: {type(error).__name__}.") from error


def _destination(url: str) -> str:
    """Host and port; whether they are good is judged later."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or parts.scheme}"


def _exchange(call: _Call, deadline: float) -> Fetched:
    # Only now: the HTTP library takes megabytes of a process that most never fetch with.
    import httpcore2  # noqa: PLC0415

    from oauth_server.outbound.pinned import PinnedBackend  # noqa: PLC0415

    target = _target(call.url)
    host = target.host.decode("ascii")
    port = target.port or (_HTTPS_PORT if target.scheme == b"https" else 80)
    addresses = _resolve_in_time(host, port, deadline)
    for address in addresses:
        _judge(address, target.scheme, port)
    headers: dict[bytes | str, bytes | str] = {
        "Host": call.url.partition("://")[2].partition("/")[0].partition("?")[0].partition("#")[0],
        "Accept": call.accept,
        "Accept-Encoding": "identity",
        "User-Agent": "Gatehouse",
        "Connection": "close",
    }
    if call.authorization:
        headers["Authorization"] = call.authorization
    if call.form is not None:
        headers |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(call.form))}
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), _left(deadline))
    with (
        closing(PinnedBackend(addresses, lambda: _left(deadline))) as backend,
        httpcore2.ConnectionPool(
            ssl_context=_tls(settings.OUTBOUND_CA_FILE), network_backend=backend, retries=0, http2=False
        ) as pool,
        pool.stream(
            call.method, target, headers=headers, content=call.form, extensions={"timeout": timeouts}
        ) as response,
    ):
        if response.status not in call.good:
            raise FetchError(f"The answer is {response.status}.")
        if not call.reads:
            return Fetched(b"", "", response.status)
        answered = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        # A compressed body could unfold to any size.
        if answered.get(b"content-encoding", "identity").lower() != "identity":
            raise FetchError("The answer is compressed.")
        body = bytearray()
        for chunk in response.iter_stream():
            body += chunk
            if len(body) > call.most_octets:
                raise FetchError("The answer is too long.")
        # A body that ends with its connection would look whole when it was cut at the deadline.
        _left(deadline)
    return Fetched(bytes(body), answered.get(b"content-type", "").partition(";")[0].strip().lower(), response.status)


def _target(url: str) -> httpcore2.URL:
    """The parts of ``url``, in the one spelling that httpcore2 and we read alike."""
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or any(c in url for c in ' \\"<>^`{|}'):
        raise FetchError("The URL is malformed.")
    import httpcore2  # noqa: PLC0415  # as in _exchange

    target = httpcore2.URL(url.partition("#")[0])
    if target.scheme not in {b"https", b"http"}:
        raise FetchError("The URL is neither https nor http.")
    if not target.host or b"@" in url.encode().partition(b"://")[2].partition(b"/")[0] or b"%" in target.host:
        raise FetchError("The URL has no plain host.")
    return target


def _judge(address: Address, scheme: bytes, port: int) -> None:
    if is_within(address, settings.OUTBOUND_ALLOW):
        return
    # One bad address condemns the name: a mixture is how a resolver that lies would look.
    if not is_public(address):
        raise FetchError("The host has an address that is not public, and OUTBOUND_ALLOW does not name it.")
    if scheme != b"https" or port != _HTTPS_PORT:
        raise FetchError("A public host takes https on port 443.")


def _getaddrinfo(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(entry[4][0]) for entry in found]


resolve: Resolve = _getaddrinfo


def _resolve_in_time(host: str, port: int, deadline: float) -> list[Address]:
    """Every address of ``host``, each once; in a thread of its own, since a look-up knows no deadline."""
    if not _resolving.acquire(blocking=False):
        raise FetchError("Too many names are being looked up.")
    answer: list[list[Address]] = []

    def look_up() -> None:
        try:
            answer.append(resolve(host.strip("[]"), port))
        except (OSError, ValueError):
            pass
        finally:
            _resolving.release()

    thread = threading.Thread(target=look_up, name="resolver", daemon=True)
    thread.start()
    thread.join(_left(deadline))
    if not answer or not answer[0]:
        raise FetchError("The host has no address, or its look-up took too long.")
    return list(dict.fromkeys(answer[0]))


def _left(deadline: float) -> float:
    """Seconds until ``deadline``."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise FetchError("The deadline has passed.")
    return left


@lru_cache(maxsize=4)
def _tls(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
