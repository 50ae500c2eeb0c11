"""PARTS: what a request consists of, told by the functions that are at work; the innermost one that a row names decides.

What a library does is its caller's: psycopg's work for a look-up is the look-up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

_ROOT: Final = f"{Path(__file__).parent.parent}/"
SERVER: Final = "HTTP server (Granian), threads"
AUDIT: Final = "audit"
REST: Final = "rest"

# What it is called → what stands in "file:function".
PARTS: Final[dict[str, re.Pattern[str]]] = {
    "headers and guards": re.compile(
        r"oauth_server/(middleware|short_way|wsgi|endpoints/headers)\.py|endpoints/base\.py:view|django/(http/|core/handlers/)|endpoints/(token|introspect|userinfo)\.py"
    ),
    "form and credentials": re.compile(r"oauth_server/(protocol/parameters|endpoints/credentials)\.py|endpoints/base\.py:(form_parameters|body)"),
    "JSON": re.compile(r"endpoints/base\.py:json_response"),
    "client authentication": re.compile(r"oauth_server/clients/(authenticate|methods/|secrets|registry)"),
    "the look-up": re.compile(r"oauth_server/models/(standing|token|code|replay)\.py|identity/models/prepared"),
    "the statement that spends and writes": re.compile(r"oauth_server/models/(spending|statements)"),
    "the connection: is it alive": re.compile(r"oauth_server/models/dead_connections"),
    "clients and keys: have they changed": re.compile(r"oauth_server/models/(freshness|version)"),
    "signing": re.compile(r"oauth_server/jose/sign"),
    "verifying": re.compile(r"oauth_server/jose/(verify|key_sets|encoding)"),
    "deciding and minting": re.compile(r"oauth_server/(grants|tokens|clients|keys|protocol)/"),
    "metrics": re.compile(r"prometheus_client/|oauth_server/audit/metrics"),
    AUDIT: re.compile(r"oauth_server/(audit|models/audit)|structlog/"),
}  # fmt: skip


def _names(frame: FrameType | None) -> Iterator[str]:
    """``file:function`` of a frame and of those that called it."""
    while frame is not None:
        code = frame.f_code
        yield f"{code.co_filename.rpartition('/site-packages/')[2].removeprefix(_ROOT)}:{code.co_name}"
        frame = frame.f_back


def part_of(frame: FrameType | None) -> str:
    """Which part is at work in a frame."""
    for name in _names(frame):
        for part, pattern in PARTS.items():
            if pattern.search(name):
                return part
    return REST
