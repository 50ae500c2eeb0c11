"""What is probably not as its operator meant it, though the server can run: each doubt is one sentence, logged at the start."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from oauth_server.models import AuditEvent
from oauth_server.supervisor.preflight import unreachable

# Ports that a URL leaves out.
_PORTS: Final = {"redis": 6_379, "rediss": 6_379, "amqp": 5_672, "amqps": 5_671}
# What is done without each of them.
_WITHOUT: Final = {
    "CACHE_URL": "Limits are counted by each process for itself until it is there.",
    "BROKER_URL": "Mail, logout tokens, key rotation and clean-up wait until it is there.",
}
# Clocks of several machines may differ so much.
_DRIFT: Final = timedelta(minutes=5)


def doubts(now: datetime) -> list[str]:
    """All of them.

    Args:
        now: what the clock of this machine says.
    """
    return [*_services(), *_mail(), *_issuer(), *_clock(now)]


def _services() -> Iterator[str]:
    for name, without in _WITHOUT.items():
        parts = urlsplit(getattr(settings, name))
        if parts.hostname:
            port = parts.port or _PORTS[parts.scheme]
            if why := unreachable(parts.hostname, port):
                yield f"Nobody answers at {parts.hostname}:{port}, where {name} points ({why}). {without}"


def _mail() -> Iterator[str]:
    if settings.MAIL_BACKEND.endswith(".smtp.EmailBackend"):
        host, port = settings.EMAIL_HOST, settings.EMAIL_PORT or 25
        if why := unreachable(host, port):
            yield (
                f"No mail server answers at {host}:{port} ({why}), so nobody gets mail: neither new accounts nor whoever forgot a"
                " password. EMAIL_URL says where it is."
            )


def _issuer() -> Iterator[str]:
    parts = urlsplit(settings.ISSUER)
    is_ours = parts.scheme == "http" and _is_loopback(parts.hostname or "") and not settings.TRUSTED_PROXIES
    port = parts.port or 80
    if is_ours and port != settings.PORT:
        yield (
            f"ISSUER is {settings.ISSUER}, but the server listens on port {settings.PORT}: unless something passes requests on, PORT has to"
            f" be {port}, or ISSUER has to end in :{settings.PORT}."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _clock(now: datetime) -> Iterator[str]:
    newest = AuditEvent.objects.newest_at()
    if newest is not None and newest > now + _DRIFT:
        yield (
            f"The clock of this machine says {now:%Y-%m-%d %H:%M} UTC, but the audit log goes on to {newest:%Y-%m-%d %H:%M}: set it"
            " right, since tokens, sign-ins and keys live by it."
        )
