"""A relying party on the loopback interface that takes logout tokens, and serves whatever pages a test gives it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.running import running


class Receiver(ThreadingHTTPServer):
    """Remembers what came.

    Attributes:
        forms: the form of each POST, as the other side wrote it.
        paths: the path and query of each request.
        pages: path → HTML for GET.
        statuses: what the next POSTs are answered; 204 when empty.
        pause: seconds before a POST is answered.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.forms: list[dict[str, list[str]]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.pages: dict[str, str] = {}
        self.statuses: list[int] = []
        self.pause = 0.0
        self.origin = f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def tokens(self) -> list[str]:
        """The logout tokens, in the order of their coming."""
        return [form["logout_token"][0] for form in self.forms]

    def wait(self, ready: Callable[[], bool], seconds: float = 60) -> bool:
        """Whether ``ready`` became true in time."""
        until = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        self.server.headers.append(dict(self.headers))
        self.server.forms.append(parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True))
        status = self.server.statuses.pop(0) if self.server.statuses else 204
        time.sleep(self.server.pause)
        self._answer(status, b"")

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        page = self.server.pages.get(urlsplit(self.path).path)
        self._answer(404 if page is None else 200, (page or "").encode())

    def _answer(self, status: int, body: bytes) -> None:
        try:
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{self.server.origin}/elsewhere")
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            """Whoever asked has gone."""

    def log_message(self, *_: Any) -> None:
        """Be silent."""


@contextmanager
def receiver() -> Iterator[Receiver]:
    """One that runs."""
    with running(Receiver()) as server:
        yield server
