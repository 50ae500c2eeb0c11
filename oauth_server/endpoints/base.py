"""The shell of every machine endpoint: method, parameters, CORS, caching, and errors turned into HTTP once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final

import orjson
import structlog
from django.conf import settings
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    close_old_connections,
)
from django.db.utils import Error as AnyDatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.utils import timezone

from oauth_server.audit import metrics
from oauth_server.audit.events import ServerFailed
from oauth_server.audit.record import record_later
from oauth_server.endpoints.headers import checked, put
from oauth_server.protocol import parameters as front_door
from oauth_server.protocol.errors import (
    InsufficientScope,
    InvalidClient,
    InvalidRequest,
    InvalidToken,
    OAuthError,
    ServerError,
    TemporarilyUnavailable,
)
from oauth_server.protocol.parameters import Parameters

Handler = Callable[..., HttpResponse]
OnError = Callable[[OAuthError, HttpRequest], None]

log = structlog.get_logger("gatehouse.endpoints")

_RETRY_AFTER: Final = "2"
_PREFLIGHT_SECONDS: Final = "7200"
_NOT_KEPT: Final = checked({"Cache-Control": "no-store", "Pragma": "no-cache"})
_ALWAYS: Final = checked({"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"})
_ANY_ORIGIN: Final = checked(
    {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "WWW-Authenticate, Retry-After, ETag"}
)


class WrongMediaType(InvalidRequest):
    """A body that is no form (RFC 6749 §3.2): 415."""

    status = 415


class WrongMethod(InvalidRequest):
    """A method that the endpoint does not answer: 405."""

    status = 405


def limits() -> front_door.Limits:
    """What the front door lets in, as the operator set it."""
    ours = settings.LIMITS
    return front_door.Limits(body=ours.request_bytes, value=ours.parameter_bytes, long_value=ours.jose_bytes)


def query_parameters(request: HttpRequest) -> Parameters:
    """The query, through the front door.

    Raises:
        InvalidRequest: see ``protocol.parameters``.
    """
    return front_door.parse(request.META.get("QUERY_STRING", "").encode("latin-1"), limits())


def form_parameters(request: HttpRequest) -> Parameters:
    """The form in the body, through the front door. Credentials in a query count as absent (RFC 6749 §2.3.1).

    Raises:
        WrongMediaType: the body is no form.
        InvalidRequest: oversize, cut off, or see ``protocol.parameters``.
    """
    if not front_door.is_form(request.META.get("CONTENT_TYPE", "")):
        raise WrongMediaType("The body must be application/x-www-form-urlencoded in UTF-8.")
    return front_door.parse(body(request), limits())


def body(request: HttpRequest) -> bytes:
    """The octets of the body, bounded before they are read.

    Raises:
        InvalidRequest: longer than ``LIMITS.request_bytes``, or it broke off.
    """
    try:
        declared = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise InvalidRequest("The Content-Length is malformed.") from None
    if declared > settings.LIMITS.request_bytes:
        raise InvalidRequest("The request is too large.")
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise WrongMediaType("A compressed body is not accepted.")
    try:
        octets: bytes = _stream(request).read(settings.LIMITS.request_bytes + 1)
    except (UnreadablePostError, RawPostDataException, OSError, ValueError):
        raise InvalidRequest("The body could not be read.") from None
    if len(octets) > settings.LIMITS.request_bytes:
        raise InvalidRequest("The request is too large.")
    return octets


def _stream(request: HttpRequest) -> Any:
    """Where the body is read from. Of one that comes in chunks (RFC 9112 §7.1) Django, which wants a length, sees nothing."""
    chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    if chunked and not request.META.get("CONTENT_LENGTH"):
        return request.META.get("wsgi.input", request)
    return request


def json_response(members: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """A JSON answer."""
    return HttpResponse(orjson.dumps(members), content_type="application/json", status=status)


def error_response(error: OAuthError) -> HttpResponse:
    """An error as JSON, with the challenge that its status asks for (RFC 6749 §5.2, RFC 6750 §3)."""
    response = json_response(error.members(), error.status)
    if isinstance(error, InvalidClient):
        response["WWW-Authenticate"] = f'Basic realm="{settings.ISSUER}", charset="UTF-8"'
    elif isinstance(error, (InvalidToken, InsufficientScope)):
        response["WWW-Authenticate"] = bearer_challenge(error)
    elif error.status in {429, 503}:
        response["Retry-After"] = _RETRY_AFTER
    return response


def bearer_challenge(error: OAuthError) -> str:
    """The ``WWW-Authenticate`` value of RFC 6750 §3; without an error code when no token was sent (§3.1)."""
    challenge = f'Bearer realm="{settings.ISSUER}"'
    if getattr(error, "unauthenticated", False):
        return challenge
    challenge += f', error="{error.error}", error_description="{error.description}"'
    if isinstance(error, InsufficientScope) and error.scope:
        challenge += f', scope="{error.scope}"'
    return challenge


def as_oauth_error(error: Exception) -> OAuthError:
    """Any exception as a refusal: an outage is 503 and may be tried again; a surprise is 500 and logged."""
    if isinstance(error, OAuthError):
        return error
    if isinstance(error, DataError):
        return InvalidRequest("A value does not fit.", detail=str(error))
    if isinstance(error, AnyDatabaseError) and not isinstance(error, (IntegrityError, ProgrammingError)):
        outage = isinstance(error, (OperationalError, InterfaceError))
        log.error("database:unavailable" if outage else "database:failed", error=type(error).__name__)
        return TemporarilyUnavailable(detail=type(error).__name__)
    log.error("endpoint:surprised", error=type(error).__name__, exc_info=error)
    failure = ServerError(detail=type(error).__name__)
    # Later, since nobody knows what state the surprise left the database in.
    record_later(ServerFailed(error=failure.error, description=failure.description, detail=failure.detail))
    return failure


def _cors(request: HttpRequest, response: HttpResponse) -> None:
    # No cookie is read on these endpoints, so any origin may call: credentials travel in the request itself.
    if request.META.get("HTTP_ORIGIN"):
        put(response, _ANY_ORIGIN)


def _preflight(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse:
    response = HttpResponse(status=204)
    del response["Content-Type"]
    response["Allow"] = ", ".join((*methods, "OPTIONS"))
    if request.META.get("HTTP_ORIGIN"):
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Allow-Methods"] = ", ".join(methods)
        response["Access-Control-Allow-Headers"] = "Authorization, Content-Type, DPoP"
        response["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
    return response


def protocol_endpoint(
    name: str,
    *methods: str,
    cors: bool = False,
    cacheable: bool = False,
    on_error: OnError | None = None,
) -> Callable[[Handler], Handler]:
    """Wrap a handler ``(request, now, …) -> HttpResponse`` in the shell.

    Args:
        name: for metrics and logs.
        methods: the HTTP methods that it answers; any other is 405.
        cors: whether pages of other origins may call it.
        cacheable: False adds ``Cache-Control: no-store`` (RFC 6749 §5.1).
        on_error: told of every refusal, to record it.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            started = time.perf_counter()
            if cors and request.method == "OPTIONS":
                return _preflight(request, methods)
            if request.method not in methods:
                response = _refusal(WrongMethod(f"This endpoint answers {' and '.join(methods)}."), request, on_error)
                response["Allow"] = ", ".join(methods)
            else:
                try:
                    response = handler(request, timezone.now(), *args, **kwargs)
                except Exception as exception:  # the one place where every error becomes HTTP
                    response = _refusal(as_oauth_error(exception), request, on_error)
            if not cacheable or response.status_code >= 400:
                put(response, _NOT_KEPT)
            if length := len(response.content):
                response["Content-Length"] = str(length)
            # The audit log has the refusal; Django would log it a second time.
            response._has_been_logged = True  # type: ignore[attr-defined]  # Django's own mark
            put(response, _ALWAYS)
            if cors:
                _cors(request, response)
            metrics.observe(name, response.status_code, time.perf_counter() - started)
            return response

        view.csrf_exempt = True  # type: ignore[attr-defined]  # no cookie is read here, so there is nothing to forge
        return view

    return decorate


def _refusal(error: OAuthError, request: HttpRequest, on_error: OnError | None) -> HttpResponse:
    if on_error is not None and error.status < 500:
        _tell(on_error, error, request)
    if error.status == 503:
        close_old_connections()
    return error_response(error)


def _tell(on_error: OnError, error: OAuthError, request: HttpRequest) -> None:
    try:
        on_error(error, request)
    except AnyDatabaseError:
        # The refusal stands and is in the log; an audit row that cannot be written must not turn a 400 into a 500.
        log.exception("audit:record:failed", error=error.error)
