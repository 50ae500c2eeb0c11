"""Octets on a real socket to the real server: what an HTTP library would never send (scorecard S-01, S-10)."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from urllib.parse import urlencode

import pytest

from tests.races.storm import Client, ask, request
from tests.support import services
from tests.support.balancer import balancer
from tests.support.server import House, Server, house

pytestmark = pytest.mark.storm

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def home() -> Iterator[House]:
    """A house on SQLite."""
    with house() as made:
        yield made


@pytest.fixture(scope="module")
def server(home: House) -> Iterator[Server]:
    """One web process, as `make run` starts it."""
    with home.server(workers=1) as started:
        yield started


@pytest.fixture(scope="module")
def service(home: House, server: Server) -> Client:
    """A client that asks for itself."""
    made = home.seeder("client", grant_types=["client_credentials"], response_types=[], scope="api")
    return Client(made["client_id"], made["client_secret"])


def exchange(server: Server, octets: bytes, patience: float = 15.0) -> bytes:
    """Send, and read until the server closes or has nothing more to say."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=patience) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(octets)
        said = b""
        with contextlib.suppress(OSError):
            connection.settimeout(patience)
            while more := connection.recv(65_536):
                said += more
                connection.settimeout(0.5)
        return said


def statuses(said: bytes) -> list[int]:
    """The status of each answer in a stream."""
    return [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]]


def post(body: bytes, *headers: str, path: str = "/oauth/token") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", FORM.strip(), *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


MALFORMED = {
    "no version": b"GET /\r\n\r\n",
    "HTTP/0.9": b"GET /health/live HTTP/0.9\r\nHost: x\r\n\r\n",
    "HTTP/9.9": b"GET /health/live HTTP/9.9\r\nHost: x\r\n\r\n",
    "binary": bytes(range(256)) * 20,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "no host": b"GET /oauth/token HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /oauth/jwks HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
    "absolute target": b"GET http://evil.example/oauth/jwks HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "authority target": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "raw octets in the path": b"GET /oauth/\xff\xfe\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "raw octets in the query": b"GET /oauth/authorize?client_id=\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "1 MB path": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "1 MB header": b"GET /oauth/jwks HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "60 KB header": b"GET /oauth/jwks HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + b"a" * 60_000 + b"\r\n\r\n",
    "5,000 headers": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5_000)) + b"\r\n",
    "folded header": b"GET /oauth/jwks HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\r\n b\r\n\r\n",
    "NUL in a header": b"GET /oauth/jwks HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\x00b\r\n\r\n",
    "space before colon": post(b"a=b", "Content-Length : 3"),
    "negative length": post(b"a=b", "Content-Length: -3"),
    "plus length": post(b"a=b", "Content-Length: +3"),
    "huge length": post(b"a=b", "Content-Length: 99999999999999999999999"),
    "two lengths": post(b"a=b&c=d", "Content-Length: 3", "Content-Length: 7"),
    "length and chunks": post(b"0\r\n\r\nGET /evil HTTP/1.1\r\nX: ", "Content-Length: 6", "Transfer-Encoding: chunked"),
    "obscured chunks": post(b"0\r\n\r\n", "Transfer-Encoding: xchunked"),
    "chunks twice": post(b"0\r\n\r\n", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
    "bad chunk size": post(b"zz\r\nabc\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    "huge chunk size": post(b"fffffffffffffffff\r\nabc\r\n", "Transfer-Encoding: chunked"),
    "chunk extension": post(b"3;" + b"a" * 20_000 + b"\r\na=b\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    "endless chunks": post(b"1\r\na\r\n" * 200_000, "Transfer-Encoding: chunked"),
    "declared 100 MB": post(b"a=b", "Content-Length: 100000000"),
    "expects": post(b"a=b", "Expect: 100-continue", "Content-Length: 3"),
    "two credentials": post(b"a=b", "Authorization: Basic YTpi", "Authorization: Basic Yzpk", "Content-Length: 3"),
    "charset": post(b"a=b", "Content-Length: 3", path="/account/login/").replace(b"urlencoded", b"urlencoded; charset=utf-16"),
}  # fmt: skip


@pytest.mark.parametrize("why", MALFORMED)
def test_malformed_http_gets_no_server_error(server: Server, why: str) -> None:
    """A refusal of 4xx or a closed connection; the process goes on (S-01)."""
    patience = 3.0 if why in {"declared 100 MB", "expects"} else 15.0
    assert all(status < 500 for status in statuses(exchange(server, MALFORMED[why], patience)))
    assert ask(server.port, request("GET", "/health/live", {"Host": "127.0.0.1"})).status == 200


def test_chunks_make_the_same_form(server: Server, service: Client) -> None:
    """RFC 9112 §7.1: a body of unknown length is read to its end, however it is cut."""
    whole = service.form("/oauth/token", grant_type="client_credentials")
    head, _, body = whole.partition(b"\r\n\r\n")
    head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length"))
    chunks = b"".join(b"1\r\n%c\r\n" % octet for octet in body) + b"0\r\n\r\n"
    assert statuses(exchange(server, head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)) == [200]


def test_pipelined_requests_are_answered_each_by_its_own(server: Server, service: Client) -> None:
    """RFC 9112 §9.3.2: in order, and credentials of one never serve the next."""
    right = service.form("/oauth/token", grant_type="client_credentials")
    wrong = Client(service.client_id, "gth_cs_wrong").form("/oauth/token", grant_type="client_credentials")
    anonymous = Client("").form("/oauth/introspect", token="x")
    assert statuses(exchange(server, right + wrong + anonymous + right)) == [200, 401, 401, 200]


# The app server gives up on slow headers after ten seconds: whoever waited for a thread would wait about as long.
UNHINDERED_SECONDS = 7.0


def slow_headers(port: int) -> socket.socket:
    """Somebody who never finishes the headers."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(b"POST /oauth/token HTTP/1.1\r\nHost: 127.0.0.1\r\nX-")
    return connection


def slow_body(port: int) -> socket.socket:
    """Somebody who never finishes the body."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(post(b"grant_type=", "Content-Length: 1000"))
    return connection


@pytest.fixture
def proxy(server: Server) -> Iterator[Server]:
    """One that takes a request in before it passes it on, which is nginx's default."""
    try:
        with balancer([server.port]) as front:
            yield front
    except services.NotInstalled as missing:
        pytest.skip(str(missing))


def seconds_of_others(port: int, slow: Callable[[int], socket.socket], asked: bytes) -> list[float]:
    """How long twenty ordinary requests take while two hundred slow ones hang."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(slow(port)) for _ in range(200)]
        time.sleep(0.5)
        for connection in held:
            with contextlib.suppress(OSError):
                connection.sendall(b"a")
        took = []
        for _ in range(20):
            begun = time.monotonic()
            assert ask(port, asked).status == 200
            took.append(time.monotonic() - begun)
    return sorted(took)


def test_two_hundred_slow_headers_keep_nobody_waiting(server: Server, service: Client) -> None:
    """They hold sockets, not the threads that answer others (S-10)."""
    asked = service.form("/oauth/token", grant_type="client_credentials")
    assert seconds_of_others(server.port, slow_headers, asked)[-2] < UNHINDERED_SECONDS


@pytest.mark.parametrize("slow", [slow_headers, slow_body])
def test_behind_a_proxy_two_hundred_slow_requests_keep_nobody_waiting(
    proxy: Server, service: Client, slow: Callable[[int], socket.socket]
) -> None:
    """A slow body would hold a thread of ours: the proxy takes it in first (S-10)."""
    asked = service.form("/oauth/token", grant_type="client_credentials")
    assert seconds_of_others(proxy.port, slow, asked)[-2] < UNHINDERED_SECONDS


def test_while_sign_ins_wait_tokens_are_issued(home: House, server: Server, service: Client) -> None:
    """A flood of passwords holds no more threads than it may, and whoever comes then is asked to come back (T-08)."""
    username = home.seeder("person")["username"]
    home.seeder("make_costly", username=username, passes=15)
    form = ask(server.port, request("GET", "/account/login/", {"Host": "127.0.0.1"}))
    cookie = form.headers["set-cookie"].partition(";")[0]
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.body.decode())[0]
    typed = urlencode({"csrfmiddlewaretoken": token, "login": username, "password": "wrong"}).encode()
    headers = {"Host": "127.0.0.1", "Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    asked = request("POST", "/account/login/", headers, typed)
    with ThreadPoolExecutor(40) as people:
        sign_ins = [people.submit(ask, server.port, asked) for _ in range(40)]
        sent_away = [one.result() for one in islice(as_completed(sign_ins), 20)]
        tokens = [ask(server.port, service.form("/oauth/token", grant_type="client_credentials")) for _ in range(20)]
        still_waiting = [one for one in sign_ins if not one.done()]
    assert [one.status for one in tokens] == [200] * 20
    assert still_waiting
    assert {one.status for one in sent_away} == {503}
    assert all(2 <= int(one.headers["retry-after"]) <= 8 for one in sent_away)
    assert {one.result().status for one in sign_ins} == {200, 503}
