"""On a developer's machine: http on loopback, secrets made on first use in DATA_DIR, mail on the console."""

from __future__ import annotations

import os

from oauth_server.settings.base import *  # noqa: F403  # how Django assembles settings
from oauth_server.settings.base import (
    ALLOWED_HOSTS,
    DATA_DIR,
    DATABASES,
    KEY_ENCRYPTION_KEY_FILE,
    METRICS_TOKEN_FILE,
    SECRET_KEY_FILE,
    STORAGES,
)
from oauth_server.settings.files import settle

SECRET_KEY = settle(
    DATA_DIR,
    DATABASES["default"],
    {
        "SECRET_KEY_FILE": SECRET_KEY_FILE,
        "KEY_ENCRYPTION_KEY_FILE": KEY_ENCRYPTION_KEY_FILE,
        "METRICS_TOKEN_FILE": METRICS_TOKEN_FILE,
    },
    make=True,
)["SECRET_KEY_FILE"]

ALLOWED_HOSTS = [*ALLOWED_HOSTS, "127.0.0.1", "localhost", "[::1]"]
DEMO = True
if not os.environ.get("ADMIN_MINIMUM_ACR"):
    ADMIN_MINIMUM_ACR = "off"
if not ENVIRONMENT["EMAIL_URL"]:
    MAIL_BACKEND = "oauth_server.mail.console.EmailBackend"
ACCOUNT_EMAIL_VERIFICATION = "optional"

# Templates and static files as they are on disk: no collectstatic between a change and a look at it.
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
