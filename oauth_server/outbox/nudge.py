"""Tell the worker that something waits. Whoever wrote it down does not wait for the broker, be it slow or away."""

from __future__ import annotations

import threading
from typing import Final

import structlog
from django.conf import settings
from django.utils.module_loading import import_string

log = structlog.get_logger("gatehouse.outbox")

# The sweep comes anyway; an errand that old is none any more.
_EXPIRES_SECONDS: Final = 30
_RETRY: Final = {"max_retries": 1, "interval_start": 0.2}

_lock: Final = threading.Lock()
_wanted = False
_sending = False


def soon() -> None:
    """Have the outbox delivered; many calls at once are one message.

    The thread is no daemon: a command that ends at once still gets its word out.
    """
    global _wanted, _sending  # noqa: PLW0603  # one messenger for the process is the point
    with _lock:
        _wanted = True
        if _sending:
            return
        _sending = True
    threading.Thread(target=_send, name="outbox-nudge").start()


def _send() -> None:
    global _wanted, _sending  # noqa: PLW0603  # as above
    while True:
        with _lock:
            if not _wanted:
                _sending = False
                return
            _wanted = False
        try:
            # Only now: most web processes never have anything to tell, and Celery takes a tenth of their memory.
            import_string(settings.CELERY_APP)
            import_string("oauth_server.outbox.tasks.deliver").apply_async(
                expires=_EXPIRES_SECONDS, retry=True, retry_policy=_RETRY
            )
        except Exception as error:  # whatever a broker's library raises: the sweep does it
            log.warning("outbox:nudge:failed", error=type(error).__name__)
