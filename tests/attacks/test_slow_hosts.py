"""A client chooses the host of its request objects, and how slowly it answers: other clients' pages are fetched all the same."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from oauth_server.clients import request_uris
from oauth_server.outbound import cached_fetch, fetch
from oauth_server.outbound.fetch import Fetched, FetchError
from tests.support.front_channel import Browser
from tests.support.parties import Party
from tests.support.running import running
from tests.support.services import wait_for

SLOW = "https://slow.example/"


class Web:
    """One host holds every request until it is let go; the others answer."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_held = threading.Event()
        self.let_go = threading.Event()

    def get(self, url: str, **_: Any) -> Fetched:
        self.asked.append(url)
        if url.startswith(SLOW):
            self.is_held.set()
            self.let_go.wait()
        return Fetched(b"octets", "text/plain")


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    made = Web()
    monkeypatch.setattr(fetch, "get", made.get)
    monkeypatch.setattr(cached_fetch, "_PATIENCE_SECONDS", 0.2)
    yield made
    made.let_go.set()


def look(url: str) -> Fetched:
    return cached_fetch.get(url, "test", accept="*/*", most_octets=100, seconds=1.0, keep=lambda _: 10)


def test_a_slow_host_keeps_nobody_but_itself_waiting(web: Web) -> None:
    """One fetch of a host at a time."""

    def visit(url: str) -> None:
        with suppress(FetchError):
            look(url)

    visits = [threading.Thread(target=visit, args=(f"{SLOW}{n}",)) for n in range(8)]
    for each in visits:
        each.start()
    assert web.is_held.wait(30)
    assert look("https://quick.example/").body == b"octets"
    with pytest.raises(FetchError):
        look(f"{SLOW}once more")
    wait_for(lambda: sum(each.is_alive() for each in visits) == 1, "the others' giving up")
    web.let_go.set()
    for each in visits:
        each.join()
    assert len([url for url in web.asked if url.startswith(SLOW)]) == 1
    assert look(f"{SLOW}afterwards").body == b"octets"


@pytest.mark.django_db
def test_one_address_causes_no_fetches_without_end(
    make_client: Callable[..., Party], browser: Browser, web: Web
) -> None:
    """Whatever fragment is made up to have each one fetched anew (OpenID Connect Core §6.2)."""
    address = "https://quick.example/object"
    party = make_client(request_uris=[address])
    with override_settings(LIMITS=replace(settings.LIMITS, request_uris_per_address=3)):
        answered = [
            browser.get("/oauth/authorize", client_id=party.client_id, request_uri=f"{address}#{n:043d}").status_code
            for n in range(5)
        ]
        assert answered[3:] == [429, 429]
        assert len(web.asked) == 3
        assert browser.authorize(party).status_code == 303, "others are not concerned"


@pytest.mark.parametrize("fragment", ["1", "v3", "a" * 42, "a" * 44, "." * 43])
def test_a_fragment_that_cannot_be_a_hash_makes_nobody_fetch_again(web: Web, fragment: str) -> None:
    """Core §6.2: the fragment is the base64url of a SHA-256; of others anybody has as many as they like."""
    request_uris.read("https://quick.example/object")
    request_uris.read(f"https://quick.example/object#{fragment}")
    assert len(web.asked) == 1


class _Held(BaseHTTPRequestHandler):
    server: Held

    def do_GET(self) -> None:
        self.server.came.release()
        self.server.let_go.wait()
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: Any) -> None:
        """Be silent."""


class Held(ThreadingHTTPServer):
    """Answers nobody until it is told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Held)
        self.came, self.let_go = threading.Semaphore(0), threading.Event()
        self.address = f"http://127.0.0.1:{self.server_address[1]}/"


def test_a_host_that_stays_silent_takes_half_of_all_places_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks: key sets, providers, logout tokens. A crowd waits a moment for its turn; the others' hosts are reached."""
    monkeypatch.setattr(fetch.places, "patience", 0.1)

    def look_at(server: Held) -> bytes:
        return fetch.get(server.address, accept="*/*", seconds=60).body

    with (
        override_settings(OUTBOUND_ALLOW=[ipaddress.ip_network("127.0.0.0/8")]),
        running(Held()) as silent,
        running(Held()) as swift,
        ThreadPoolExecutor(4) as pool,
    ):
        swift.let_go.set()
        held = [pool.submit(look_at, silent) for _ in range(4)]
        assert all(silent.came.acquire(timeout=60) for _ in held)
        with pytest.raises(FetchError, match="Too many"):
            look_at(silent)
        assert look_at(swift) == b"ok"
        silent.let_go.set()
        assert [each.result() for each in held] == [b"ok"] * 4
        assert look_at(silent) == b"ok"
