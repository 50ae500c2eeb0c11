"""In production: https, secrets from files, everything hardened."""

from __future__ import annotations

from oauth_server.settings.base import *  # noqa: F403
