"""While an image is built: static files are collected, nothing is served, and there are no secrets yet."""

from __future__ import annotations

import secrets

from oauth_server.settings.base import *  # noqa: F403  # how Django assembles settings

SECRET_KEY = secrets.token_urlsafe(32)
