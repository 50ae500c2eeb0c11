"""A code goes to a registered address, byte for byte, or nowhere (RFC 9700 §4.1; scorecard S-05, attack table 2A)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from oauth_server.clients import registry
from oauth_server.models import AuthorizationCode, Client
from tests.support.front_channel import Browser, location, request_of
from tests.support.parties import Party

pytestmark = pytest.mark.django_db

WEB = "https://app.example/callback"
WITH_QUERY = "https://app.example/cb?tenant=7"
LOOPBACK = "http://127.0.0.1/callback"
LOOPBACK_6 = "http://[::1]:8080/cb"
PRIVATE = "com.example.app:/oauth2redirect"

EVIL = "evil.example"

SCHEMES = (
    "javascript:alert(1)//", "data:text/html,x//", "vbscript:x//", "blob:https://app.example/", "file:///", "view-source:", "about:",
    "intent://", "ftp://", "ws://", "wss://", "mailto:", "//", "/", "\\\\", "http:", "https:", "HTTPS:", "jAvAsCrIpT:", " javascript:",
    "java\tscript:", "filesystem:https://app.example/", "content://", "chrome://", "x:", "app:", "com.evil.app:/",
)  # fmt: skip


def mutations(uri: str) -> Iterator[str]:
    """Everything that once got past somebody's comparison, applied to ``uri``."""
    scheme, _, rest = uri.partition(":")
    hierarchical = rest.startswith("//")
    authority = rest[2:].split("/", 1)[0] if hierarchical else ""
    path = "/" + rest[2:].split("/", 1)[1] if hierarchical and "/" in rest[2:] else rest
    host = authority.split(":")[0] if not authority.startswith("[") else authority.rsplit(":", 1)[0]

    # What is appended: path segments, parameters, fragments, encodings, white space, controls (CVE-2022-3782, CVE-2026-3872).
    for suffix in (
        "/", "//", "/.", "/..", "/../", "/../evil", "/..;/evil", ";x=1", ";", "?", "?x=1", "&x=1", "?code=1", "?iss=evil", "#", "#x", "%23",
        "%2f", "%2F..%2F", "%252f..%252f", "/%2e%2e/", "/%2e%2e;/", "\\", "\\..", "/\\evil", "%5c", "%00", "\t", "\n", "\r\n", "%0d%0aX: 1",
        " ", "%20", "+", ".", ",", "'", '"', "<", ">", "|", "*", "**", "@evil.example", ":", ":80", "\u200b", "\u2044evil",
        "\uff0fevil", "é", "%c0%af", "%e3%80%82", "?x[]=1", "?" + "a" * 3000, "/" + "a" * 3000,
    ):  # fmt: skip
        yield uri + suffix
    for prefix in (" ", "\t", "\n", "%20", "\u200b", "\ufeff", "/", "//", "url=", '"', "<", "@"):
        yield prefix + uri
    # Case, truncation, doubling (CVE-2020-15234).
    yield from (
        uri.upper(),
        uri.title(),
        scheme.upper() + ":" + rest,
        scheme.title() + ":" + rest,
        uri[:-1],
        uri[1:],
        uri * 2,
        f"{uri} {uri}",
        f"{uri},{uri}",
    )
    if path.upper() != path:
        yield uri.replace(path, path.upper())
    yield quote(uri, safe="")
    yield quote(uri)[:-1] + "%" + f"{ord(uri[-1]):02x}"
    yield uri.replace("/", "\\")
    yield uri.replace("/", "%2f")
    yield uri.replace("a", "\u0430")
    yield uri.replace("a", "%61", 1)
    # Other schemes with the same rest (GHSA-484q-784p-8m5h, CVE-2024-21637).
    for other in SCHEMES:
        yield other + rest.lstrip("/")
        yield other
    for other in ("http", "https", "httpss", "com.example.app"):
        if other != scheme:
            yield f"{other}:{rest}"
    if not hierarchical:
        yield from (
            f"{scheme}://{EVIL}{path}",
            f"{scheme}:/{EVIL}",
            f"{scheme}:{path[1:]}",
            f"{scheme}:/{path}",
            f"{scheme}.evil:{path}",
        )
        return
    # The authority: user names, look-alikes, subdomains, ports, addresses (CVE-2024-8883, CVE-2026-28512, CVE-2024-52289).
    dotless = host.replace(".", "x", 1)
    for other in (
        f"{EVIL}", f"{host}.{EVIL}", f"{EVIL}.{host}", f"x.{host}", f"www.{host}", f"{host}.", f"{host}..", f".{host}", f"{dotless}",
        f"{host}@{EVIL}", f"{host}:80@{EVIL}", f"{host}:x@{EVIL}", f"{EVIL}@{host}", f"user@{authority}", f"user:pw@{authority}",
        f"{EVIL}%40{host}", f"{host}%40{EVIL}", f"{EVIL}\\@{host}", f"{EVIL}#@{host}", f"{EVIL}?@{host}", f"{EVIL}/@{host}", f"{EVIL};{host}",
        f"{host}%00.{EVIL}", f"{host}%2e{EVIL}", f"{host}%23.{EVIL}", f"{host}\\.{EVIL}", f"{host}\u3002{EVIL}", f"{host}%E3%80%82{EVIL}",
        f"{host}:0", f"{host}:99999", f"{host}:65536", f"{host}:-1", f"{host}:", f"{host}:80:80", f"{host}:8080x", f"{host}:٣", f"{host}: 80",
        f"{host}:443.{EVIL}", "localhost", "localhost:8080", "localhost.", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.2",
        "127.0.0.1.nip.io", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]", "[::1%25lo]", "[::2]", "[" + ":" * 200 + "]",  # noqa: S104  # an address to refuse, not to bind to
        "xn--pp-2qa.example", "app.examp1e", "app\u2024example", "", ":80", "@", "*", "*.example",
    ):  # fmt: skip
        yield f"{scheme}://{other}{path}"
    yield f"{scheme}:/{authority}{path}"
    yield f"{scheme}:{authority}{path}"
    yield f"{scheme}:///{authority}{path}"
    yield f"{scheme}:\\\\{authority}{path}"
    yield f"{scheme}://{authority}/{path}"
    yield f"{scheme}://{authority}/x/..{path}"
    yield f"{scheme}://{authority}"
    yield f"//{authority}{path}"
    yield f"{authority}{path}"
    yield path


REGISTERED = {
    WEB: {},
    WITH_QUERY: {},
    LOOPBACK: {"application_type": "native", "token_endpoint_auth_method": "none"},
    LOOPBACK_6: {"application_type": "native", "token_endpoint_auth_method": "none"},
    PRIVATE: {"application_type": "native", "token_endpoint_auth_method": "none"},
}


def is_the_same(uri: str, registered: str) -> bool:
    """The only two that may be answered: the same bytes, or another port on a registered loopback address (RFC 8252 §7.3)."""
    pattern = {
        LOOPBACK: r"http://127\.0\.0\.1(?::([0-9]{1,5}))?/callback",
        LOOPBACK_6: r"http://\[::1\](?::([0-9]{1,5}))?/cb",
    }
    found = re.fullmatch(pattern[registered], uri) if registered in pattern else None
    return uri == registered or (found is not None and (found[1] is None or 0 < int(found[1]) < 65_536))


@pytest.mark.parametrize("registered", REGISTERED, ids=["web", "query", "loopback", "loopback6", "private"])
@pytest.mark.parametrize("mode", [None, "form_post"])
def test_no_mutation_of_a_registered_uri_is_followed(
    make_client: Callable[..., Party], browser: Browser, registered: str, mode: str | None
) -> None:
    """RFC 9700 §4.1.3: simple string comparison; never a Location, never a form, to another place.

    OpenID Connect Core §3.1.2.1, RFC 6749 §3.1.2.4.
    """
    app = make_client(redirect_uris=[registered], **REGISTERED[registered])
    tried = [uri for uri in dict.fromkeys(mutations(registered)) if not is_the_same(uri, registered)]
    assert len(tried) >= 120 if registered != PRIVATE else len(tried) >= 100
    for uri in tried:
        shown = browser.authorize(app, redirect_uri=uri, response_mode=mode, prompt="none")
        assert shown.status_code == 400, uri
        assert not location(shown), uri
        assert b"<form" not in shown.content, uri


@pytest.mark.parametrize(
    "broken",
    [
        {"response_type": "foo"}, {"response_type": "code token"}, {"response_type": None}, {"scope": "admin"}, {"prompt": "x"},
        {"response_mode": "form_post"}, {"response_mode": "x"}, {"request": "x"}, {"request_uri": "https://evil.example/"},
    ],
)  # fmt: skip
def test_no_other_error_comes_first(
    make_client: Callable[..., Party], browser: Browser, broken: dict[str, str]
) -> None:
    """CVE-2026-41479, CVE-2026-44681: another mistake in the request must not let an unregistered address through."""
    app = make_client(redirect_uris=[WEB])
    shown = browser.authorize(app, redirect_uri="https://evil.example/", **broken)
    assert shown.status_code == 400
    assert not location(shown)


def test_only_the_port_of_a_loopback_address_may_differ(make_client: Callable[..., Party], browser: Browser) -> None:
    """RFC 8252 §7.3; CVE-2020-15233."""
    app = make_client(redirect_uris=[LOOPBACK], **REGISTERED[LOOPBACK])
    for port in (1, 80, 8080, 65535):
        uri = f"http://127.0.0.1:{port}/callback"
        assert location(browser.authorize(app, redirect_uri=uri, prompt="none")).startswith(uri + "?error=")


def test_a_uri_of_another_client_is_not_ours(make_client: Callable[..., Party], browser: Browser) -> None:
    one, two = make_client(redirect_uris=[WEB]), make_client(redirect_uris=["https://other.example/cb"])
    assert browser.authorize(one, redirect_uri="https://other.example/cb").status_code == 400
    assert browser.authorize(two, redirect_uri=WEB).status_code == 400


def test_a_uri_that_was_unregistered_meanwhile_gets_nothing(
    make_client: Callable[..., Party], browser: Browser, person: object
) -> None:
    """The person was away; the address is judged again before it is answered."""
    app = make_client(redirect_uris=[WEB])
    asked = browser.authorize(app, redirect_uri=WEB)
    Client.objects.update(redirect_uris="https://app.example/new")
    registry.forget()
    last = browser.walk(asked, person)  # type: ignore[arg-type]
    assert last.status_code == 400
    assert not location(last)
    assert AuthorizationCode.objects.count() == 0


def test_a_long_address_costs_no_time(make_client: Callable[..., Party], browser: Browser) -> None:
    """CVE-2022-36087: a regular expression that backtracks on colons."""
    app = make_client(redirect_uris=[WEB])
    for uri in (
        "https://[" + ":" * 8000 + "]/",
        "http://127.0.0.1:" + "1" * 8000,
        "a" * 8000,
        "http://[::1]" + "/" * 8000,
    ):
        before = time.perf_counter()
        assert browser.get("/oauth/authorize", **request_of(app, redirect_uri=uri)).status_code == 400
        assert time.perf_counter() - before < 0.5
