"""In production: https, secrets from files that exist, nothing relaxed."""

from __future__ import annotations

from oauth_server.settings.base import *  # noqa: F403  # how Django assembles settings
from oauth_server.settings.base import DATA_DIR, DATABASES, HTTPS, KEY_ENCRYPTION_KEY_FILE, SECRET_KEY_FILE, THROTTLES
from oauth_server.settings.environment import BadSetting
from oauth_server.settings.files import settle

if not HTTPS:
    raise BadSetting("ISSUER", "must begin with https:// in production (RFC 8414 §2), such as https://id.example.com.")
if not THROTTLES:
    raise BadSetting("THROTTLES", "may not be off in production.")

SECRET_KEY = settle(
    DATA_DIR,
    DATABASES["default"],
    {"SECRET_KEY_FILE": SECRET_KEY_FILE, "KEY_ENCRYPTION_KEY_FILE": KEY_ENCRYPTION_KEY_FILE},
    make=False,
)["SECRET_KEY_FILE"]
