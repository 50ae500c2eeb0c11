"""Requests that no honest client sends, and what every answer to one must be (scorecard S-01).

A request is octets for WSGI, so that nothing between the test and the server repairs it. ENDPOINTS says what a right request
to each address looks like; MUTATIONS bend one parameter of it, DISTORTIONS the request as a whole.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote, urlsplit

REDIRECT: Final = "https://app.example/callback"
FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``fields`` are raw pairs, already percent-encoded."""

    name: str
    path: str
    method: str = "POST"
    fields: tuple[tuple[bytes, bytes], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = FORM
    body: bytes | None = None
    query: bytes | None = None
    length: str | None = None
    environ: Mapping[str, Any] = field(default_factory=dict)

    def encoded(self) -> bytes:
        return b"&".join(name + b"=" + value for name, value in self.fields)

    def as_environ(self) -> dict[str, Any]:
        """What a WSGI server makes of it."""
        reads = self.method in {"GET", "HEAD"}
        query = self.query if self.query is not None else (self.encoded() if reads else b"")
        body = self.body if self.body is not None else (b"" if reads else self.encoded())
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "127.0.0.1:8000",
            "CONTENT_LENGTH": str(len(body)) if self.length is None else self.length,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if self.content_type is not None and not reads:
            environ["CONTENT_TYPE"] = self.content_type
        for name, value in self.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return environ | dict(self.environ)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A right request, and what its errors look like.

    Attributes:
        request: a right one.
        kind: ``client`` (JSON, Basic challenge), ``bearer`` (JSON, Bearer challenge), ``public`` (JSON), ``page`` (HTML or a
            redirect).
    """

    request: Request
    kind: str


# Percent-encoded octets that stand in place of a value or follow it.
POISONS: Final[dict[str, bytes]] = {
    "empty": b"",
    "NUL": b"%00",
    "NUL after": b"x%00y",
    "raw NUL": b"a\x00b",
    "invalid UTF-8": b"%ff%fe",
    "raw invalid UTF-8": b"\xff\xfe",
    "cut UTF-8": b"%e2%82",
    "overlong UTF-8": b"%c0%af",
    "overlong NUL": b"%c0%80",
    "lone surrogate": b"%ED%A0%80",
    "surrogate pair": b"%ED%A0%80%ED%B0%80",
    "beyond Unicode": b"%F4%90%80%80",
    "half an escape": b"%",
    "no escape": b"%zz",
    "1 MB": b"A" * 1_000_000,
    "9 KB": b"A" * 9_000,
    "2 KB": b"A" * 2_000,
    "300": b"A" * 300,
    "unicode digits": quote("١٢٣٤٥").encode(),
    "full width": quote("\uff43\uff4f\uff44\uff45").encode(),
    "CRLF": b"a%0d%0aSet-Cookie:%20x=y",
    "raw CRLF": b"a\r\nX-Evil: 1",
    "template": b"%24%7b7*7%7d%7b%7b7*7%7d",
    "format": b"%25s%25n%7b0%7d%7b__class__%7d",
    "SQL": quote("' OR '1'='1'; DROP TABLE oauth_server_client;--").encode(),
    "HTML": quote("<script>alert(1)</script>\"'>").encode(),
    "bidi": quote("\u202eevil\u2066").encode(),
    "emoji": quote("😀" * 20).encode(),
    "spaces": b"+++",
    "huge integer": b"9" * 400,
    "negative": b"-1",
    "exponent": b"1e308",
    "infinity": b"Infinity",
    "not a number": b"NaN",
    "true": b"true",
    "null": b"null",
    "deep JSON": b"[" * 2_000,
    "JSON": quote('{"a":{"b":[1,2,{"c":null}]}}').encode(),
    "evil URL": quote("https://evil.example/cb").encode(),
    "evil user": quote(REDIRECT.replace("https://", "https://app.example@evil.example/")).encode(),
    "backslash": quote("https://app.example\\@evil.example/callback").encode(),
    "script": b"javascript:alert(1)",
    "scheme relative": b"//evil.example/",
    "bad IPv6": b"http://[::1",
    "bad port": b"http://127.0.0.1:99999999999/cb",
    "path": b"..%2f..%2f..%2fetc%2fpasswd",
    "JWT": b"eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
    "JWT of arrays": b"W10.W10.W10",
    "dots": b"." * 5_000,
    "our prefix": b"gth_at_" + b"0" * 49,
}


def _with(request: Request, index: int, *pairs: tuple[bytes, bytes], why: str) -> Request:
    fields = (*request.fields[:index], *pairs, *request.fields[index + 1 :])
    return replace(request, fields=fields, name=f"{request.name} · {request.fields[index][0].decode()} · {why}")


def mutations(request: Request) -> Iterator[Request]:
    """Each parameter in turn: poisoned, followed by poison, doubled, renamed, gone."""
    for index, (name, value) in enumerate(request.fields):
        for why, poison in POISONS.items():
            yield _with(request, index, (name, poison), why=why)
        for why in ("NUL", "invalid UTF-8", "lone surrogate", "CRLF", "SQL", "300", "unicode digits"):
            yield _with(request, index, (name, value + POISONS[why]), why=f"and {why}")
            yield _with(request, index, (name + POISONS[why], value), why=f"name and {why}")
        yield _with(request, index, (name, value), (name, value), why="twice")
        yield _with(request, index, (name, value), (name, b"other"), why="two values")
        yield _with(request, index, (name, b""), (name, value), why="empty and full")
        yield _with(request, index, (name + b"[]", value), why="array")
        yield _with(request, index, (name + b"[0][a]", value), why="nested array")
        yield _with(request, index, (name.upper(), value), why="upper case")
        yield _with(request, index, (b"%" + name.hex().encode()[:2] + name[1:], value), why="encoded name")
        yield _with(request, index, (b"", value), why="no name")
        yield _with(request, index, why="gone")


def _basic(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


_AUTHORIZATIONS: Final[dict[str, str]] = {
    "empty": "",
    "scheme only": "Basic",
    "scheme and space": "Basic ",
    "not base64": "Basic !!!!",
    "cut base64": "Basic YQ",
    "wrong padding": "Basic YTpi=====",
    "no colon": _basic(b"abc"),
    "empty pair": _basic(b":"),
    "NUL": _basic(b"a\x00:b\x00"),
    "invalid UTF-8": _basic(b"\xff\xfe:\xff"),
    "lone surrogate": _basic(b"\xed\xa0\x80:x"),
    "bad escape": _basic(b"%zz:%"),
    "encoded NUL": _basic(b"%00:%00"),
    "huge": _basic(b"a" * 20_000 + b":b"),
    "two": "Basic YTpi, Basic YTpi",
    "Latin-1": "Basic \xe4\xf6",
    "bearer": "Bearer x",
    "bearer NUL": "Bearer a\x00b",
    "bearer Latin-1": "Bearer \xff\xfe",
    "bearer surrogate": "Bearer \xed\xa0\x80",
    "bearer huge": "Bearer " + "a" * 60_000,
    "bearer parts": "Bearer a b c",
    "bearer JWT": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
    "bearer arrays": "Bearer W10.W10.W10",
    "bearer dots": "Bearer " + "." * 5_000,
    "digest": 'Digest username="a"',
    "negotiate": "Negotiate YQ==",
    "DPoP": "DPoP abc",
    "no scheme": "x" * 100,
}

_HEADERS: Final[dict[str, Mapping[str, str]]] = {
    **{f"Authorization {why}": {"Authorization": value} for why, value in _AUTHORIZATIONS.items()},
    **{
        f"Cookie {why}": {"Cookie": value}
        for why, value in {
            "garbage": ";;;=;=;,",
            "invalid": "gatehouse_session=\xff\xfe; gatehouse_csrf=\x00",
            "long": "gatehouse_session=" + "a" * 9_000,
            "NUL": "gatehouse_session=a\x00b; gatehouse_browser=\x00",
            "surrogate": "gatehouse_session=\xed\xa0\x80; gatehouse_browser=\xed\xa0\x80",
            "quoted": 'gatehouse_session="\\000\\377"; gatehouse_browser="\\"',
            "twice": "gatehouse_session=a; gatehouse_session=b",
            "many": "; ".join(f"c{n}=v" for n in range(500)),
            "language": "gatehouse_language=../../etc; django_language=\x00",
        }.items()
    },
    **{
        f"Host {why}": {"Host": value}
        for why, value in {
            "other": "evil.example",
            "empty": "",
            "port": "127.0.0.1:99999999",
            "path": "127.0.0.1/evil",
            "two": "127.0.0.1, evil.example",
            "user": "a@127.0.0.1",
            "CRLF": "127.0.0.1\r\nX: y",
            "Latin-1": "\xff\xfe",
            "IPv6": "[::1",
        }.items()
    },
    "X-Forwarded-Host": {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "\xff, ::",
    },
    "Forwarded": {"Forwarded": "for=\x00;host=evil.example"},
    "Origin null": {"Origin": "null"},
    "Origin evil": {"Origin": "https://evil.example"},
    "Origin garbage": {"Origin": "\xff\x00"},
    "Referer": {"Referer": "http://[::1"},
    "Accept": {"Accept": "\xff;q=x"},
    "Accept-Language": {"Accept-Language": "../../etc/passwd;q=9, \xff, " + "a-" * 2_000},
    "Accept-Encoding": {"Accept-Encoding": "gzip;q=x, \xff"},
    "If-None-Match": {"If-None-Match": '"\xff", W/, ,,'},
    "If-Modified-Since": {"If-Modified-Since": "Thu, 99 Foo 99999 99:99:99 GMT"},
    "Range": {"Range": "bytes=99999999999999999999-0"},
    "Expect": {"Expect": "100-continue, \xff"},
    "method override": {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "PUT"},
    "User-Agent": {"User-Agent": "\x00${jndi:ldap://x}\xff" + "a" * 5_000},
    "certificate": {"X-Client-Cert": "-----BEGIN CERTIFICATE-----\x00"},
    "DPoP": {"DPoP": "a.b.c"},
    "preflight": {"Access-Control-Request-Method": "\xff", "Access-Control-Request-Headers": "x" * 3_000},
    "gzip": {"Content-Encoding": "gzip"},
    "unknown coding": {"Content-Encoding": "\xff"},
}

_TYPES: Final[dict[str, str | None]] = {
    "none": None,
    "empty": "",
    "JSON": "application/json",
    "text": "text/plain",
    "multipart": "multipart/form-data; boundary=x",
    "multipart without boundary": "multipart/form-data",
    "multipart bad boundary": "multipart/form-data; boundary=\xff\x00",
    "XML": "application/xml",
    "charset": FORM + "; charset=utf-16",
    "unknown charset": FORM + "; charset=nonsense",
    "Latin-1 charset": FORM + "; charset=iso-8859-1",
    "garbage": "\xff;;;=",
    "comma": FORM + ", text/html",
}

_METHODS: Final = (
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "FOO", "", "G\xcbT",
)  # fmt: skip


def distortions(request: Request) -> Iterator[Request]:
    """The request as a whole: headers, media types, methods, bodies that are no form, sizes, lengths."""

    def say(why: str, **changes: Any) -> Request:
        return replace(request, name=f"{request.name} · {why}", **changes)

    for why, headers in _HEADERS.items():
        yield say(why, headers={**request.headers, **headers})
        if "Authorization" in headers:
            yield say(f"{why} alone", headers=headers)
    for why, content_type in _TYPES.items():
        yield say(f"type {why}", content_type=content_type)
    for method in _METHODS:
        yield say(f"method {method}", method=method)
    pairs = {name.decode(): value.decode() for name, value in request.fields}
    bodies = {
        "JSON body": json.dumps(pairs).encode(),
        "deep JSON body": b"[" * 100_000,
        "huge integer body": b'{"a":' + b"9" * 5_000 + b"}",
        "gzip body": gzip.compress(request.encoded()),
        "gzip bomb": gzip.compress(b"a" * 10_000_000),
        "10,000 parameters": b"&".join(b"p%d=v" % n for n in range(10_000)),
        "same parameter 10,000 times": b"&".join([b"a=b"] * 10_000),
        "ampersands": b"&" * 60_000,
        "equals": b"=" * 60_000,
        "percents": b"%" * 60_000,
        "NUL body": b"\x00" * 1_000,
        "2 MB body": b"a=" + b"b" * 2_000_000,
        "no body": b"",
        "multipart body": b'--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\ncode\r\n--x--\r\n',
        "binary": bytes(range(256)) * 4,
        "semicolons": request.encoded().replace(b"&", b";"),
    }
    for why, body in bodies.items():
        yield say(why, body=body)
        yield say(f"{why} as query", query=body[:200_000])
    yield say("JSON body as JSON", body=bodies["JSON body"], content_type="application/json")
    yield say("deep JSON as JSON", body=bodies["deep JSON body"], content_type="application/json")
    yield say("multipart as such", body=bodies["multipart body"], content_type="multipart/form-data; boundary=x")
    yield say("gzip as gzip", body=bodies["gzip body"], headers={**request.headers, "Content-Encoding": "gzip"})
    for length in ("", "abc", "-1", "0", "1", "99999999999999999999", "٣", "1, 1", "1e3"):
        yield say(f"length {length}", length=length)
    yield say("chunked", length="", environ={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"})
    yield say("everything twice", fields=request.fields * 2)
    yield say("reversed", fields=request.fields[::-1])
    yield say("query and body", query=request.encoded())
    for why, tail in {
        "slash": "/",
        "NUL": "\x00",
        "bytes": "\xff\xfe",
        "dots": "/../../",
        "long": "/" + "a" * 5_000,
    }.items():
        yield say(f"path {why}", path=request.path + tail)
    yield say("double slash", path="/" + request.path)


def challenge_is_right(kind: str, status: int, headers: Mapping[str, str]) -> bool:
    """RFC 6749 §5.2, RFC 6750 §3: a 401 says how to authenticate."""
    said = headers.get("www-authenticate", "")
    if status != 401:
        return True
    return said.startswith("Bearer realm=" if kind == "bearer" else "Basic realm=")


def leads_astray(location: str) -> bool:
    """Whether a redirect leaves this server for an address that nobody registered."""
    if location.startswith((REDIRECT + "?", REDIRECT + "#")) or location == REDIRECT:
        return False
    parts = urlsplit(location)
    if not parts.scheme and not parts.netloc:
        return location.startswith(("//", "\\", "/\\"))
    return f"{parts.scheme}://{parts.netloc}" != "http://127.0.0.1:8000"


def wrongs(endpoint: Endpoint, request: Request, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
    """What is wrong about an answer; nothing when all is well."""
    found: list[str] = []
    if status >= 500:
        found.append(f"status {status}")
    if any("\r" in value or "\n" in value for value in headers.values()):
        found.append("a line break in a header")
    if leads_astray(headers.get("location", "")):
        found.append(f"leads to {headers['location'][:100]}")
    at_home = request.path == endpoint.request.path
    if endpoint.kind != "page" and at_home and status >= 400:
        found += _wrongs_of_a_refusal(endpoint.kind, request, status, headers, body)
    return found


def _wrongs_of_a_refusal(
    kind: str, request: Request, status: int, headers: Mapping[str, str], body: bytes
) -> Iterator[str]:
    if "no-store" not in headers.get("cache-control", ""):
        yield "may be stored"
    if not challenge_is_right(kind, status, headers):
        yield f"challenge {headers.get('www-authenticate')!r}"
    if request.method == "HEAD":
        return
    if headers.get("content-type") != "application/json":
        yield f"type {headers.get('content-type')}"
        return
    error = json.loads(body)
    if not isinstance(error.get("error"), str) or not error["error"]:
        yield "no error member"
    # RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
    if not all(" " <= letter <= "~" and letter not in '"\\' for letter in error.get("error_description", "")):
        yield f"description {error['error_description']!r}"


def call(application: Callable[..., Any], environ: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Ask a WSGI application."""
    said: list[tuple[int, dict[str, str]]] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
        said.append((int(status[:3]), {name.lower(): value for name, value in headers}))

    answer = application(environ, start)
    try:
        body = b"".join(answer)
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return (*said[-1], body)
