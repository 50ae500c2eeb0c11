"""Server-side request forgery through client metadata (scorecard S-09): the guarded way out reaches the public internet only.

A listener on this machine counts: whatever spelling of its address a client registers, nobody may come.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.test import override_settings

from oauth_server.outbound import addresses, fetch
from tests.support.running import running

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
ACCEPT = "application/json"


class Listener(ThreadingHTTPServer):
    """Answers what it is told to, and remembers who came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.hits: list[tuple[str, str | None]] = []
        self.over = threading.Event()
        self.answer: Callable[[Handler], None] = Handler.send_json
        self.port = self.server_address[1]


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        self.server.hits.append((self.path, self.headers.get("Host")))
        self.server.answer(self)

    def send_json(self, body: bytes = b'{"keys": []}') -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Be silent."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with running(Listener()) as server:
        yield server
        server.over.set()


@pytest.fixture
def opened() -> Iterator[None]:
    with override_settings(OUTBOUND_ALLOW=LOOPBACK):
        yield


SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.0.0.1.",
    "0", "0.0.0.0", "localhost", "LOCALHOST", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",  # noqa: S104  # asked for and refused, not bound
    "[64:ff9b::127.0.0.1]", "[64:ff9b:1::127.0.0.1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[0:0:0:0:0:ffff:127.0.0.1]",
    "[fe80::1%25lo]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "169.254.169.254", "100.64.0.1", "10.0.0.1", "172.16.0.1",
    "192.168.0.1", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "user@127.0.0.1", "public.example@127.0.0.1", "127.0.0.1#@public.example", "127。0。0。1", "①②⑦.0.0.1", "127.0.0.1%00",
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_an_inside_address_is_called(listener: Listener, host: str, scheme: str) -> None:
    """Scorecard S-09: no hit, whatever the form of the address."""
    bare, _, rest = host.partition("#")
    with pytest.raises(fetch.FetchError):
        fetch.get(f"{scheme}://{bare}:{listener.port}/jwks{'#' + rest if rest else ''}", accept=ACCEPT, seconds=1)
    assert listener.hits == []


@pytest.mark.parametrize(
    "url",
    ["", "x", "//127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "HTTP:///x", "https://",
     "https://a b/", "https://a\r\nHost: b/", "https://a\\@b/", "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "https://[/",
     "https://" + "a" * 3_000, "https://é.example/", "unix:/tmp/x", "data:,x", "javascript:1"],
)  # fmt: skip
def test_anything_that_is_no_plain_web_address_is_refused(url: str) -> None:
    """Nothing but FetchError comes out, whatever goes in."""
    with pytest.raises(fetch.FetchError):
        fetch.get(url, accept=ACCEPT, seconds=1)


@pytest.mark.parametrize(
    "answer",
    [["93.184.215.14", "127.0.0.1"], ["127.0.0.1", "93.184.215.14"], ["::ffff:127.0.0.1"], ["2606:4700::1", "::1"]],
)
def test_one_inside_address_among_public_ones_condemns_the_name(
    monkeypatch: pytest.MonkeyPatch, listener: Listener, answer: list[str]
) -> None:
    """A resolver that lies may mix its answers."""
    monkeypatch.setattr(fetch, "resolve", lambda *_: [ipaddress.ip_address(text) for text in answer])
    with pytest.raises(fetch.FetchError, match="not public"):
        fetch.get("https://rebind.example/jwks", accept=ACCEPT, seconds=1)
    assert listener.hits == []


def test_the_connection_goes_to_the_judged_address_and_the_name_is_asked_once(
    monkeypatch: pytest.MonkeyPatch, listener: Listener, opened: None
) -> None:
    """DNS rebinding: a second look-up would hear another answer, so there is none; Host keeps the name."""
    asked = []

    def resolve(host: str, port: int) -> list[addresses.Address]:
        asked.append(host)
        return [ipaddress.ip_address("127.0.0.1" if len(asked) == 1 else "10.0.0.1")]

    monkeypatch.setattr(fetch, "resolve", resolve)
    monkeypatch.setattr(socket, "getaddrinfo", _no_other_resolver(socket.getaddrinfo))
    fetched = fetch.get(f"http://rebind.example:{listener.port}/jwks?x=1", accept=ACCEPT)
    assert fetched.body == b'{"keys": []}'
    assert fetched.media_type == "application/json"
    assert asked == ["rebind.example"]
    assert listener.hits == [("/jwks?x=1", f"rebind.example:{listener.port}")]


def _no_other_resolver(original: Callable[..., Any]) -> Callable[..., Any]:
    def only_literals(host: str, *args: Any, **kwargs: Any) -> Any:
        ipaddress.ip_address(host)
        return original(host, *args, **kwargs)

    return only_literals


def test_a_range_that_the_operator_named_is_reached(listener: Listener, opened: None) -> None:
    """OUTBOUND_ALLOW: any port and http, for exactly those ranges (interop 10)."""
    assert fetch.get(f"http://127.0.0.1:{listener.port}/jwks", accept=ACCEPT).body


def test_a_named_range_opens_no_other_spelling(listener: Listener, opened: None) -> None:
    """An IPv4-mapped address is another address than the one that was named."""
    with pytest.raises(fetch.FetchError):
        fetch.get(f"http://[::ffff:127.0.0.1]:{listener.port}/jwks", accept=ACCEPT, seconds=1)
    assert listener.hits == []


@pytest.mark.parametrize(
    "url", ["http://public.example/", "https://public.example:8443/", "http://public.example:443/"]
)
def test_a_public_host_takes_https_on_port_443(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Design rule 6: no port scan and no plain text on the way out."""
    monkeypatch.setattr(fetch, "resolve", lambda *_: [ipaddress.ip_address("93.184.215.14")])
    with pytest.raises(fetch.FetchError, match="443"):
        fetch.get(url, accept=ACCEPT, seconds=1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(listener: Listener, opened: None, status: int) -> None:
    """A public page that redirects inside would undo every check."""

    def redirect(handler: Handler) -> None:
        handler.send_response(status)
        handler.send_header("Location", f"http://127.0.0.1:{listener.port}/inside")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    listener.answer = redirect
    with pytest.raises(fetch.FetchError, match=str(status)):
        fetch.get(f"http://127.0.0.1:{listener.port}/", accept=ACCEPT)
    assert [path for path, _ in listener.hits] == ["/"]


def test_a_long_answer_is_cut_off(listener: Listener, opened: None) -> None:
    """Memory is bounded whatever comes."""
    listener.answer = lambda handler: handler.send_json(b"x" * 10_000)
    with pytest.raises(fetch.FetchError, match="too long"):
        fetch.get(f"http://127.0.0.1:{listener.port}/", accept=ACCEPT, most_octets=9_999)


def test_a_compressed_answer_is_refused(listener: Listener, opened: None) -> None:
    """A small body could unfold to any size."""

    def compressed(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    listener.answer = compressed
    with pytest.raises(fetch.FetchError, match="compressed"):
        fetch.get(f"http://127.0.0.1:{listener.port}/", accept=ACCEPT)


def _drip_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    _drip(handler, b"X: y\r\n")


def _drip_body(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
    _drip(handler, b" ")


def _drip(handler: Handler, piece: bytes) -> None:
    while not handler.server.over.wait(0.05):
        try:
            handler.wfile.write(piece)
        except OSError:
            return


def _silence(handler: Handler) -> None:
    handler.server.over.wait()
    handler.close_connection = True


@pytest.mark.parametrize("answer", [_drip_headers, _drip_body, _silence])
def test_one_deadline_bounds_a_slow_answer(listener: Listener, opened: None, answer: Callable[[Handler], None]) -> None:
    """A peer that drips a byte at a time renews every read's timeout; the deadline does not care.

    The peer never comes to an end by itself: without a deadline this test would not either.
    """
    listener.answer = answer
    with pytest.raises(fetch.FetchError):
        fetch.get(f"http://127.0.0.1:{listener.port}/", accept=ACCEPT, seconds=0.4)


def test_the_deadline_holds_in_a_tls_handshake(opened: None) -> None:
    """A peer that never finishes its handshake is cut off too, or this would never end."""
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(fetch.FetchError):
        fetch.get(f"https://127.0.0.1:{silent.getsockname()[1]}/", accept=ACCEPT, seconds=0.4)


def test_the_deadline_holds_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name resolution knows no deadline of its own, and a hanging resolver costs a bounded number of threads."""
    release = threading.Event()
    monkeypatch.setattr(fetch, "resolve", lambda *_: release.wait(60) and [])
    for _ in range(9):
        with pytest.raises(fetch.FetchError):
            fetch.get("https://slow.example/", accept=ACCEPT, seconds=0.05)
    assert sum(thread.name == "resolver" for thread in threading.enumerate()) <= 8
    release.set()
    for thread in threading.enumerate():
        if thread.name == "resolver":
            thread.join()


@pytest.mark.parametrize("text", ["8.8.8.8", "93.184.215.14", "192.0.1.1", "2606:4700::1111", "2a00:1450::1"])
def test_public_addresses_are_public(text: str) -> None:
    """The table refuses nothing that clients really use."""
    assert addresses.is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "text", ["::127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1", "192.0.0.8", "5f00::1", "3fff::1", "fe80::1%1"]
)
def test_addresses_that_python_calls_global_are_not_public(text: str) -> None:
    """These have is_global True in some Pythons; the table does not ask Python."""
    assert not addresses.is_public(ipaddress.ip_address(text))
