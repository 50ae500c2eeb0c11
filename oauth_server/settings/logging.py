"""Structured logs: one line a fact, for people or for machines, with the request's id and without secrets."""

from __future__ import annotations

import logging.config
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from oauth_server.audit import context
from oauth_server.settings.redaction import redact_event


def add_request(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Name the request that a line belongs to."""
    request_id = context.current().request_id
    if request_id:
        event.setdefault("request_id", request_id)
    return event


# Redaction comes last, so that it sees the traceback and every field that another step added.
_SHARED: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    add_request,
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]


def _drop_django_objects(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # Django attaches the whole request to its log records; its repr holds the query string.
    for name in ("request", "server_time"):
        if not isinstance(event.get(name, ""), str):
            del event[name]
    return event


class RefusalsWithoutTraceback(logging.Filter):
    """A page that somebody may not see is no fault: its line needs no traceback. A 500's has one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Take it away."""
        if record.levelno < logging.ERROR:
            record.exc_info = None
        return True


def logging_config(level: str, style: str) -> dict[str, Any]:
    """The dictConfig for one level and style.

    Args:
        level: debug, info, warning or error.
        style: ``console`` for people, ``json`` for machines.
    """
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The default shows local variables in tracebacks, and those hold secrets.
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*_SHARED, _drop_django_objects],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact_event, renderer],
            }
        },
        "filters": {"refusals_without_traceback": {"()": RefusalsWithoutTraceback}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            # At debug level these print SQL with its parameters, and whole requests.
            "django.db.backends": {"level": "INFO"},
            "django.template": {"level": "INFO"},
            "django.request": {"filters": ["refusals_without_traceback"]},
            # They greet at every start; what goes wrong is a warning or worse.
            "celery": {"level": "WARNING"},
            "kombu": {"level": "ERROR"},
            "httpcore": {"level": "INFO"},
            "httpx2": {"level": "WARNING"},
        },
    }


def configure(config: dict[str, Any]) -> None:
    """What Django calls at start (LOGGING_CONFIG): the standard library's loggers and structlog's end in one place."""
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
