"""The settings of the tests for a server whose answers are timed: mail as in production, and the hasher that is asked for."""

from __future__ import annotations

import os

from oauth_server.settings import base
from oauth_server.settings.testing import *  # noqa: F403

EMAIL_BACKEND = base.EMAIL_BACKEND
EVEN_ANSWER_SECONDS = base.EVEN_ANSWER_SECONDS
if os.environ.get("TIMED_HASHER") == "argon2":
    PASSWORD_HASHERS = base.PASSWORD_HASHERS
