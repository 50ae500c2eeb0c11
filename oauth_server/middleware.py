"""What every request passes, in the order of settings.MIDDLEWARE: who is calling, a name for the log, headers on the way out."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any, Final

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.urls import reverse
from django.utils.module_loading import import_string

from oauth_server.audit import context
from oauth_server.endpoints import browser_state, faults, headers

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# Headers in which a proxy speaks about its client. From anybody else they are lies, so they are taken out of the request.
FORWARDED: Final = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_SERVER",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_SSL",
    "HTTP_X_FORWARDED_SCHEME",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
)


@lru_cache(maxsize=4_096)
def is_trusted(address: str) -> bool:
    """Whether the address belongs to one of settings.TRUSTED_PROXIES."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None) or ip
    return any(mapped in network for network in settings.TRUSTED_PROXIES)


def caller(forwarded_for: str, peer: str) -> str:
    """The client's address: the rightmost of X-Forwarded-For that is no proxy of ours.

    Whatever stands to the left of it was written by the client itself.
    """
    address = peer
    for hop in reversed([hop.strip() for hop in forwarded_for.split(",") if hop.strip()]):
        try:
            address = str(ipaddress.ip_address(hop))
        except ValueError:
            return address
        if not is_trusted(address):
            return address
    return address


class TrustedProxy:
    """Believe X-Forwarded-For, -Proto, -Host and the client certificate from settings.TRUSTED_PROXIES alone.

    Afterwards REMOTE_ADDR, the scheme and HTTP_HOST are the client's, and no such header is left. WSGI cannot tell
    ``X_Client_Cert`` from ``X-Client-Cert``: whoever is not trusted loses both spellings, and a trusted proxy must drop
    header names with underscores (nginx does, unless told otherwise).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.certificate = "HTTP_" + settings.CLIENT_CERTIFICATE_HEADER.upper().replace("-", "_")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Rewrite the request's META in place."""
        meta = request.META
        peer = meta.get("REMOTE_ADDR", "")
        said = {name: meta.pop(name) for name in FORWARDED if name in meta}
        if not is_trusted(peer):
            meta.pop(self.certificate, None)
            return self.get_response(request)
        meta["REMOTE_ADDR"] = caller(said.get("HTTP_X_FORWARDED_FOR", ""), peer)
        if said.get("HTTP_X_FORWARDED_PROTO") in {"http", "https"}:
            meta["wsgi.url_scheme"] = said["HTTP_X_FORWARDED_PROTO"]
        if said.get("HTTP_X_FORWARDED_HOST"):
            meta["HTTP_HOST"] = said["HTTP_X_FORWARDED_HOST"]
        return self.get_response(request)


class RequestIdentity:
    """Give the request a name that the log, the audit event and the answer share."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The name is ours alone: one that a client chose could forge or merge lines of the log."""
        request_id = secrets.token_hex(12)
        context.enter(context.RequestContext(request_id, request.META.get("REMOTE_ADDR") or None))
        try:
            response = self.get_response(request)
        finally:
            context.enter(context.RequestContext())
        response.headers["X-Request-Id"] = request_id
        return response


class MachineEndpoints:
    """Answer the machine endpoints at once: they need no session, message, CSRF token, language or CSP.

    Everything below this row of MIDDLEWARE would cost them more than their own work does.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    @cached_property
    def views(self) -> dict[str, Callable[[HttpRequest], HttpResponseBase]]:
        """Address → view; read at the first request, when the URL table can be imported."""
        machine_patterns = import_string(f"{settings.ROOT_URLCONF}.machine_patterns")
        # An address with a variable part is not a key; it takes the long way.
        plain = [found for found in machine_patterns if not found.pattern.converters]
        return {f"/{found.pattern}": found.callback for found in plain}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The view's answer, or whatever the rest of the chain says."""
        view = self.views.get(request.path_info)
        return self.get_response(request) if view is None else view(request)


class BrowserState:
    """Keep the cookie of Session Management in step with the sign-in, on whichever page that begins, changes or ends."""

    def __init__(self, get_response: GetResponse) -> None:
        if not settings.FEATURES.session_management:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Below SessionMiddleware, which writes what the page left in the session."""
        response = self.get_response(request)
        # A page that never looked at the session cannot have changed it, and looking now would cost a statement.
        if request.session.accessed:
            browser_state.keep(request, response)
        return response


class WrongMethods:
    """Give Django's empty 405 a page, or problem details; the innermost, so that it is written in the person's language."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, or the page for it."""
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return faults.wrong_method(request, response)
        return response


class SecurityHeaders:
    """The defences that neither Django nor django-csp sends; a view may set its own."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.headers = headers.checked(
            {
                "Cross-Origin-Resource-Policy": settings.CROSS_ORIGIN_RESOURCE_POLICY,
                "Permissions-Policy": settings.PERMISSIONS_POLICY,
                # Whatever does not say how long it keeps is not kept: an error page, or a page behind a mailed link.
                "Cache-Control": "no-store",
                # The app server would name itself.
                "Server": "Gatehouse",
            }
        )

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add what is missing."""
        response = self.get_response(request)
        headers.put_missing(response, self.headers)
        if request.path_info.startswith(settings.POPUP_PATHS):
            response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
        return response


class ContentSecurityPolicy(CSPMiddleware):
    """One strict policy for every page, and a wider one for the admin theme."""

    def get_policy_parts(self, request: HttpRequest, response: HttpResponseBase, **options: Any) -> PolicyParts:
        """The policy, widened below the admin's address unless the view has its own."""
        parts = super().get_policy_parts(request, response, **options)
        if parts.replace is None and request.path_info.startswith(reverse("admin:index")):
            parts.replace = settings.ADMIN_CONTENT_SECURITY_POLICY
        return parts
