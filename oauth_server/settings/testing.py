"""For the tests: fast hashing, mail in memory, a data folder of their own; everything else as in production."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="gatehouse-tests-"))

from oauth_server.settings.base import *  # noqa: E402, F403

SECRET_KEY = "testing"  # noqa: S105
ALLOWED_HOSTS = ["*"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
