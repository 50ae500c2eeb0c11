"""Headers whose values never change, checked once. Django's mapping would check and fold each of them again in every answer.

Measured for the JWK Set, an answer that has little else: 333 calls of Python functions before and 209 after, 40 and 27 microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpResponseBase
from django.http.response import ResponseHeaders

# Folded name → the name as it is sent, and the value: what Django's mapping is made of.
Checked = Mapping[str, tuple[str, str]]


def checked(headers: Mapping[str, str]) -> Checked:
    """These headers, once and for all.

    Raises:
        BadHeaderError: one of them is none.
    """
    return dict(ResponseHeaders(headers)._store)


def put(response: HttpResponseBase, headers: Checked) -> None:
    """Set them, whatever the answer has."""
    response.headers._store.update(headers)


def put_missing(response: HttpResponseBase, headers: Checked) -> None:
    """Set those that the answer has not."""
    store = response.headers._store
    for name, header in headers.items():
        store.setdefault(name, header)


def listed(response: HttpResponseBase) -> list[tuple[str, str]]:
    """What WSGI wants of an answer without cookies."""
    return list(response.headers._store.values())
