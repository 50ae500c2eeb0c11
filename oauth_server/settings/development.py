"""On a developer's machine: http on loopback, secrets made on first use in DATA_DIR."""

from __future__ import annotations

from oauth_server.settings.base import *  # noqa: F403

SECRET_KEY = "replaced-by-the-foundation"  # noqa: S105
ALLOWED_HOSTS = ["*"]
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
