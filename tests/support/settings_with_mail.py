"""The settings of the tests for a server in a process of its own: mail becomes files that a test can read."""

from __future__ import annotations

from oauth_server.settings.testing import *  # noqa: F403
from oauth_server.settings.testing import DATA_DIR

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = DATA_DIR / "mail"
