"""A request handed to a WSGI application in this process, without a client that would do work of its own."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from wsgiref.util import setup_testing_defaults

FORM = "application/x-www-form-urlencoded"
# Status line, headers, body.
Answer = tuple[str, dict[str, str], bytes]


def environ(method: str, address: str, body: bytes = b"", query: str = "", **headers: str) -> dict[str, Any]:
    """What an app server makes of a request.

    Args:
        method: of HTTP.
        address: the path.
        body: a form.
        query: what follows ``?``.
        headers: by their CGI names, such as ``HTTP_AUTHORIZATION``.
    """
    made: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": address,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": FORM if body else "",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": BytesIO(body),
        **headers,
    }
    setup_testing_defaults(made)
    return made


def ask(app: Any, method: str, address: str, body: bytes = b"", **headers: str) -> Answer:
    """What an application answers."""
    said: list[Any] = []
    asked = environ(method, address, body, **headers)
    content = b"".join(app(asked, lambda status, names: said.extend((status, dict(names)))))
    return said[0], said[1], content
