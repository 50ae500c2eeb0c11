"""The short way of the machine endpoints: from the app server to the view and back, past Django's handler.

The handler's signals, its URL table and its shield around each middleware cost a machine endpoint more than its own work: of an
introspection's 370 microseconds in process, 95. The answer is the same either way, since the same views stand
behind the same first rows of MIDDLEWARE; ``manage.py``, the tests' client and ASGI take the long one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponseBase
from django.utils.module_loading import import_string

from oauth_server.endpoints.base import as_oauth_error, error_response
from oauth_server.endpoints.headers import listed
from oauth_server.middleware import MachineEndpoints
from oauth_server.models.dead_connections import look_after_connections

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LAST = f"{MachineEndpoints.__module__}.{MachineEndpoints.__qualname__}"


def _nowhere(request: HttpRequest) -> HttpResponseBase:
    raise LookupError(request.path_info)


def _guarded(machines: MachineEndpoints) -> Callable[[HttpRequest], HttpResponseBase]:
    """The machine endpoints behind the rows of MIDDLEWARE that stand above them."""
    chain: Callable[[HttpRequest], HttpResponseBase] = machines
    for row in reversed(settings.MIDDLEWARE[: settings.MIDDLEWARE.index(_LAST)]):
        chain = import_string(row)(chain)
    return chain


def shortened(app: WSGIApplication) -> WSGIApplication:
    """Answer the machine endpoints here, and everything else by ``app``.

    Args:
        app: Django's handler, loaded.
    """
    machines = MachineEndpoints(_nowhere)
    chain = _guarded(machines)

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") not in machines.views:
            return app(environ, start_response)
        look_after_connections()
        try:
            response = chain(WSGIRequest(environ))
        except Exception as exception:  # the views answer for themselves; this is a fault of the rows above them
            response = error_response(as_oauth_error(exception))
        start_response(f"{response.status_code} {response.reason_phrase}", listed(response))
        return [response.getvalue()]

    return serve
