"""Who is calling, and what every answer carries. Forwarded headers are believed from named proxies alone."""

import ipaddress
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from oauth_server import middleware
from oauth_server.audit import context

PROXY = "10.1.2.3"


@pytest.fixture(autouse=True)
def one_proxy(settings: Any) -> Any:
    settings.TRUSTED_PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("2001:db8::/32"))
    settings.CLIENT_CERTIFICATE_HEADER = "X-Client-Cert"
    middleware.is_trusted.cache_clear()
    yield
    middleware.is_trusted.cache_clear()


def seen(peer: str, **headers: str) -> HttpRequest:
    """The request as the views see it."""
    requests: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        requests.append(request)
        return HttpResponse()

    middleware.TrustedProxy(view)(RequestFactory().get("/", REMOTE_ADDR=peer, **headers))
    return requests[0]


def test_a_stranger_is_not_believed_about_anything() -> None:
    request = seen(
        "203.0.113.9",
        HTTP_X_FORWARDED_FOR="192.0.2.1",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_HOST="evil.example",
        HTTP_FORWARDED="for=192.0.2.1",
        HTTP_X_REAL_IP="192.0.2.1",
        HTTP_X_CLIENT_CERT="-----BEGIN",
    )
    assert request.META["REMOTE_ADDR"] == "203.0.113.9"
    assert request.scheme == "http"
    assert request.get_host() == "testserver"
    assert [name for name in request.META if "FORWARDED" in name or "CERT" in name or "REAL_IP" in name] == []


def test_a_trusted_proxy_is_believed() -> None:
    request = seen(
        PROXY,
        HTTP_X_FORWARDED_FOR="192.0.2.1",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_HOST="127.0.0.1",
        HTTP_X_CLIENT_CERT="cert",
    )
    assert request.META["REMOTE_ADDR"] == "192.0.2.1"
    assert request.is_secure()
    assert request.get_host() == "127.0.0.1"
    assert request.META["HTTP_X_CLIENT_CERT"] == "cert"


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1", "192.0.2.1"),  # the client wrote the left part
        ("6.6.6.6, 192.0.2.1, 10.9.9.9", "192.0.2.1"),  # two proxies of ours
        ("10.9.9.9", "10.9.9.9"),
        ("6.6.6.6, nonsense", PROXY),
        ("", PROXY),
        (" , ", PROXY),
        ("2001:DB8:0::1, 192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", PROXY),
    ],
)
def test_the_callers_address_is_the_rightmost_that_is_no_proxy_of_ours(forwarded_for: str, address: str) -> None:
    assert seen(PROXY, HTTP_X_FORWARDED_FOR=forwarded_for).META["REMOTE_ADDR"] == address


def test_a_proxy_that_names_no_scheme_we_know_is_not_believed_about_it() -> None:
    assert seen(PROXY, HTTP_X_FORWARDED_PROTO="https, http").scheme == "http"


def test_an_ipv4_proxy_seen_over_an_ipv6_socket_is_the_same_proxy() -> None:
    assert middleware.is_trusted("::ffff:10.0.0.1")
    assert not middleware.is_trusted("::ffff:11.0.0.1")
    assert not middleware.is_trusted("")


def test_a_request_has_one_name_in_the_answer_and_in_the_context_and_none_afterwards() -> None:
    inside: list[context.RequestContext] = []

    def view(request: HttpRequest) -> HttpResponse:
        inside.append(context.current())
        return HttpResponse()

    answer = middleware.RequestIdentity(view)(
        RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_REQUEST_ID="chosen by the client")
    )
    assert answer["X-Request-Id"] == inside[0].request_id
    assert len(inside[0].request_id) >= 16
    assert inside[0].ip_address == "192.0.2.1"
    assert context.current() == context.RequestContext()


def test_the_context_ends_with_the_request_even_when_the_view_fails() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        middleware.RequestIdentity(view)(RequestFactory().get("/"))
    assert context.current() == context.RequestContext()


def policy(path: str, view: Any = lambda request: HttpResponse()) -> dict[str, str]:
    header = middleware.ContentSecurityPolicy(view)(RequestFactory().get(path))["Content-Security-Policy"]
    return {part.strip().partition(" ")[0]: part.strip().partition(" ")[2] for part in header.split(";")}


def test_every_page_has_a_policy_that_allows_nothing_from_elsewhere_and_nothing_inline() -> None:
    directives = policy("/account/login/")
    assert directives == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


def test_a_view_that_asks_for_a_nonce_gets_it_into_the_policy() -> None:
    nonces: list[str] = []

    def view(request: Any) -> HttpResponse:
        nonces.append(str(request.csp_nonce))
        return HttpResponse()

    assert policy("/account/login/", view)["script-src"] == f"'self' 'nonce-{nonces[0]}'"
    assert len(nonces[0]) >= 22


def test_the_admin_theme_gets_the_eval_it_needs_and_still_no_frames() -> None:
    directives = policy("/admin/")
    assert "'unsafe-eval'" in directives["script-src"]
    assert directives["frame-ancestors"] == "'none'"
    assert directives["default-src"] == "'none'"


def test_headers_that_a_view_set_itself_are_kept() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Cross-Origin-Resource-Policy": "cross-origin"})

    answer = middleware.SecurityHeaders(view)(RequestFactory().get("/"))
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "camera=()" in answer["Permissions-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "policy"), [("/account/login/", "unsafe-none"), ("/oauth/authorize", "unsafe-none"), ("/", "same-origin")]
)
def test_a_popup_keeps_its_opener_on_the_way_through_sign_in(client: Client, path: str, policy: str) -> None:
    """A relying party that signs people in through a popup hears of the end of it from that popup."""
    assert client.get(path)["Cross-Origin-Opener-Policy"] == policy


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/nothing-here", "/account/confirm-email/x/", "/account/password/reset/key/1-x/", "/account/login/", "/"]
)
def test_what_does_not_say_how_long_it_keeps_is_not_kept(client: Client, path: str) -> None:
    """ASVS 5.0 §14.3.2: also error pages, and pages behind mailed links."""
    answered = client.get(path)
    assert {"no-store", "private"} & set(answered.headers["Cache-Control"].replace(" ", "").split(","))


@pytest.mark.django_db
def test_the_app_server_does_not_name_itself(client: Client) -> None:
    """ASVS 5.0 §13.4.6."""
    for path in ("/account/login/", "/oauth/jwks", "/nothing-here"):
        assert client.get(path).headers["Server"] == "Gatehouse"
