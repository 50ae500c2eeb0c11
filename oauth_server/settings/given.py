"""What the operator gave, read once; every other settings module starts here."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from oauth_server.settings.environment import BASE_DIR, load

ENVIRONMENT = load(os.environ)

PORT: int = ENVIRONMENT["PORT"]
HOST: str = ENVIRONMENT["HOST"]
ISSUER: str = ENVIRONMENT["ISSUER"] or f"http://127.0.0.1:{PORT}"
DATA_DIR: Path = ENVIRONMENT["DATA_DIR"]

ISSUER_HOST: str = urlsplit(ISSUER).hostname or ""
ISSUER_ORIGIN: str = "{0.scheme}://{0.netloc}".format(urlsplit(ISSUER))
HTTPS: bool = ISSUER.startswith("https://")
THROTTLES: bool = ENVIRONMENT["THROTTLES"] == "on"

__all__ = [
    "BASE_DIR", "DATA_DIR", "ENVIRONMENT", "HOST", "HTTPS", "ISSUER", "ISSUER_HOST", "ISSUER_ORIGIN", "PORT", "THROTTLES",
]  # fmt: skip
