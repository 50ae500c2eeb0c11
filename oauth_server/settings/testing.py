"""For the tests: fast password hashing, mail in memory, a data folder of their own; everything else as in production."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from dataclasses import replace

if "DATA_DIR" not in os.environ:
    # Processes that the tests start inherit the folder; only the one that made it takes it away.
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="gatehouse-tests-")
    atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)

from oauth_server.settings.base import *  # noqa: F403  # how Django assembles settings
from oauth_server.settings.base import (
    ALLOWED_HOSTS,
    DATA_DIR,
    DATABASES,
    FEATURES,
    KEY_ENCRYPTION_KEY_FILE,
    PASSWORD_HASHERS,
    SECRET_KEY_FILE,
    STORAGES,
)
from oauth_server.settings.databases import SQLITE
from oauth_server.settings.files import prepare_data_dir, read_secret

prepare_data_dir(DATA_DIR)
# Every finished feature is tested; that these are off by default is tested in a process of its own.
FEATURES = replace(FEATURES, implicit=True, hybrid=True)

# The operators of the tests have passwords; tests/attacks/test_operators_door.py proves the rule.
ADMIN_MINIMUM_ACR = "off"

SECRET_KEY = read_secret(SECRET_KEY_FILE, "SECRET_KEY_FILE", make=True)
read_secret(KEY_ENCRYPTION_KEY_FILE, "KEY_ENCRYPTION_KEY_FILE", make=True)

if DATABASES["default"]["ENGINE"] == SQLITE:
    # Else pytest-django, which knows Django's own engine alone, would name a file of each worker.
    DATABASES["default"]["TEST"] = {"NAME": ":memory:"}
ALLOWED_HOSTS = [*ALLOWED_HOSTS, "testserver", "127.0.0.1", "localhost"]
EVEN_ANSWER_SECONDS = 0  # nobody in the tests needs to be deceived
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
# A file is looked for when it is asked for: each test has its own browsers, and each browser would list all files first.
WHITENOISE_AUTOREFRESH = True
