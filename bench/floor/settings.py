"""A Django without anything, on the same database options as Gatehouse's."""

from __future__ import annotations

import os
from pathlib import Path

from oauth_server.settings.databases import database

SECRET_KEY = "bench" * 10
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.floor.views"
WSGI_APPLICATION = "bench.floor.wsgi.application"
USE_TZ = True
INSTALLED_APPS: list[str] = []
MIDDLEWARE: list[str] = []
DATABASES = {"default": database(os.environ["DATABASE_URL"], Path(os.environ["FLOOR_FOLDER"]))}
LOGGING = {"version": 1, "disable_existing_loggers": True}
