"""Structured logs with redaction."""

from __future__ import annotations

from typing import Any


def logging_config(level: str, style: str) -> dict[str, Any]:
    """The dictConfig for one level and style."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"stderr": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
    }
