"""Django's settings, assembled from the environment."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import environ

from oauth_server.settings.accounts import *  # noqa: F403
from oauth_server.settings.environment import BASE_DIR, BadSetting, load
from oauth_server.settings.hardening import *  # noqa: F403
from oauth_server.settings.logging import logging_config

ENVIRONMENT = load(os.environ)

PORT: int = ENVIRONMENT["PORT"]
HOST: str = ENVIRONMENT["HOST"]
ISSUER: str = ENVIRONMENT["ISSUER"] or f"http://127.0.0.1:{PORT}"
DATA_DIR = ENVIRONMENT["DATA_DIR"]
SECRET_KEY_FILE = ENVIRONMENT["SECRET_KEY_FILE"] or DATA_DIR / "secret_key"
KEY_ENCRYPTION_KEY_FILE = ENVIRONMENT["KEY_ENCRYPTION_KEY_FILE"] or DATA_DIR / "key_encryption_key"
FEATURES = ENVIRONMENT["FEATURES"]
LIFETIMES = ENVIRONMENT.lifetimes
LIMITS = ENVIRONMENT.limits
TRUSTED_PROXIES = ENVIRONMENT["TRUSTED_PROXIES"]
CLIENT_CERTIFICATE_HEADER = ENVIRONMENT["CLIENT_CERTIFICATE_HEADER"]
OUTBOUND_ALLOW = ENVIRONMENT["OUTBOUND_ALLOW"]
OUTBOUND_CA_FILE = ENVIRONMENT["OUTBOUND_CA_FILE"]
THROTTLES = ENVIRONMENT["THROTTLES"] == "on"
REGISTRATION = ENVIRONMENT["REGISTRATION"]
REGISTRATION_PROFILE = ENVIRONMENT["REGISTRATION_PROFILE"]
WEB_WORKERS = ENVIRONMENT["WEB_WORKERS"]
LOGGING = logging_config(ENVIRONMENT["LOG_LEVEL"], ENVIRONMENT["LOG_FORMAT"])
LOGGING_CONFIG = "logging.config.dictConfig"

DEBUG = False
ROOT_URLCONF = "oauth_server.urls"
WSGI_APPLICATION = "oauth_server.wsgi.application"
ASGI_APPLICATION = "oauth_server.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "identity.User"

INSTALLED_APPS = [
    "identity",
    "oauth_server",
    "oauth2_provider",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "rest_framework",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static_collected"
STATICFILES_DIRS = [BASE_DIR / "static"]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]

SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / "gatehouse.sqlite3",
    # BEGIN IMMEDIATE: a transaction that reads first and writes later would otherwise fail at once instead of waiting.
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000;",
    },
}
try:
    DATABASES = {
        "default": environ.Env.db_url_config(ENVIRONMENT["DATABASE_URL"]) if ENVIRONMENT["DATABASE_URL"] else SQLITE
    }
except (environ.ImproperlyConfigured, ValueError, KeyError) as error:
    raise BadSetting("DATABASE_URL", f"is malformed ({error}).") from None
DATABASES["default"]["CONN_MAX_AGE"] = None

OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth_server.Client"
OAUTH2_PROVIDER_GRANT_MODEL = "oauth_server.AuthorizationCode"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauth_server.AccessToken"
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "oauth_server.RefreshToken"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "oauth_server.IDToken"
OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "oauth_server.DeviceCode"
OAUTH2_PROVIDER = {
    "APPLICATION_ADMIN_CLASS": "oauth_server.admin.clients.ClientAdmin",
    "ACCESS_TOKEN_ADMIN_CLASS": "oauth_server.admin.tokens.ReadOnlyAdmin",
    "GRANT_ADMIN_CLASS": "oauth_server.admin.tokens.ReadOnlyAdmin",
    "ID_TOKEN_ADMIN_CLASS": "oauth_server.admin.tokens.ReadOnlyAdmin",
    "REFRESH_TOKEN_ADMIN_CLASS": "oauth_server.admin.tokens.ReadOnlyAdmin",
    "OAUTH2_VALIDATOR_CLASS": "oauth_server.resource_server.dot_validator.GatehouseValidator",
}

CACHES = {
    "default": environ.Env.cache_url_config(ENVIRONMENT["CACHE_URL"])
    if ENVIRONMENT["CACHE_URL"]
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

SESSION_ENGINE = "identity.sessions.store"
SESSION_COOKIE_AGE = int(timedelta(seconds=LIFETIMES.session).total_seconds())
