"""Django's settings, assembled from the environment."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

from oauth_server.settings.accounts import *  # noqa: F403  # how Django assembles settings
from oauth_server.settings.databases import database
from oauth_server.settings.given import *  # noqa: F403  # how Django assembles settings
from oauth_server.settings.given import BASE_DIR, DATA_DIR, ENVIRONMENT, ISSUER
from oauth_server.settings.hardening import *  # noqa: F403  # how Django assembles settings
from oauth_server.settings.logging import logging_config
from oauth_server.settings.operators import *  # noqa: F403  # how Django assembles settings

SECRET_KEY_FILE = ENVIRONMENT["SECRET_KEY_FILE"] or DATA_DIR / "secret_key"
KEY_ENCRYPTION_KEY_FILE = ENVIRONMENT["KEY_ENCRYPTION_KEY_FILE"] or DATA_DIR / "key_encryption_key"
METRICS_TOKEN_FILE = ENVIRONMENT["METRICS_TOKEN_FILE"] or DATA_DIR / "metrics_token"
FEATURES = ENVIRONMENT["FEATURES"]
LIFETIMES = ENVIRONMENT.lifetimes
# Half of the cores hash passwords, and the web processes share them; the other half answers everything else.
_HASHES_AT_ONCE = max(1, (os.cpu_count() or 1) // (2 * ENVIRONMENT["WEB_WORKERS"]))
LIMITS = replace(
    ENVIRONMENT.limits, password_hashes_at_once=ENVIRONMENT.limits.password_hashes_at_once or _HASHES_AT_ONCE
)
TRUSTED_PROXIES = ENVIRONMENT["TRUSTED_PROXIES"]
CLIENT_CERTIFICATE_HEADER = ENVIRONMENT["CLIENT_CERTIFICATE_HEADER"]
OUTBOUND_ALLOW = ENVIRONMENT["OUTBOUND_ALLOW"]
OUTBOUND_CA_FILE = ENVIRONMENT["OUTBOUND_CA_FILE"]
REGISTRATION = ENVIRONMENT["REGISTRATION"]
REGISTRATION_PROFILE = ENVIRONMENT["REGISTRATION_PROFILE"]
REGISTRATION_SCOPES = ENVIRONMENT["REGISTRATION_SCOPES"]
REGISTRATION_AUDIENCES = ENVIRONMENT["REGISTRATION_AUDIENCES"]
SOFTWARE_STATEMENT_ISSUERS = ENVIRONMENT["SOFTWARE_STATEMENT_ISSUERS"]
RESOURCES = ENVIRONMENT["RESOURCES"]
SCOPE_TEXTS = ENVIRONMENT["SCOPE_TEXTS"]
ADMIN_MINIMUM_ACR = ENVIRONMENT["ADMIN_MINIMUM_ACR"]
REFRESH_BURST = ENVIRONMENT["REFRESH_BURST"]
REFRESH_BURST_POLICY = ENVIRONMENT["REFRESH_BURST_POLICY"]
NETWORK_CHANGES = ENVIRONMENT["NETWORK_CHANGES"]
NETWORK_CHANGES_POLICY = ENVIRONMENT["NETWORK_CHANGES_POLICY"]
NETWORK_PREFIXES = ENVIRONMENT["NETWORK_PREFIXES"]
WEB_WORKERS = ENVIRONMENT["WEB_WORKERS"]
BROKER_URL = ENVIRONMENT["BROKER_URL"]
CACHE_URL = ENVIRONMENT["CACHE_URL"]
LOG_FORMAT = ENVIRONMENT["LOG_FORMAT"]
BRAND_NAME = ENVIRONMENT["BRAND_NAME"]
BRAND_COLOR = ENVIRONMENT["BRAND_COLOR"]
BRAND_LOGO_FILE = ENVIRONMENT["BRAND_LOGO_FILE"]
BRAND_STYLE_FILE = ENVIRONMENT["BRAND_STYLE_FILE"]
IMPRINT_URL = ENVIRONMENT["IMPRINT_URL"]
PRIVACY_URL = ENVIRONMENT["PRIVACY_URL"]
TERMS_URL = ENVIRONMENT["TERMS_URL"]
HELP_URL = ENVIRONMENT["HELP_URL"]
LOGGING = logging_config(ENVIRONMENT["LOG_LEVEL"], LOG_FORMAT)
LOGGING_CONFIG = "oauth_server.settings.logging.configure"

DEBUG = False
DEMO = False  # whether `manage.py run` makes demo people and clients; nowhere but in development
ROOT_URLCONF = "oauth_server.urls"
WSGI_APPLICATION = "oauth_server.wsgi.application"
ASGI_APPLICATION = "oauth_server.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "identity.User"
# What is told of errands: imported by whoever has one, which the outbox does by name, since it stands below.
CELERY_APP = "oauth_server.celery.app"

INSTALLED_APPS = [
    "identity",
    "oauth_server",
    "oauth2_provider",
    "unfold.apps.BasicAppConfig",
    "oauth_server.admin.apps.OperatorAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "csp",
    "rest_framework",
]

MIDDLEWARE = [
    "oauth_server.middleware.TrustedProxy",  # first: everything below believes REMOTE_ADDR, the scheme and the host
    "oauth_server.middleware.RequestIdentity",
    "oauth_server.middleware.SecurityHeaders",
    "oauth_server.middleware.MachineEndpoints",  # they need nothing of what follows
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "oauth_server.middleware.ContentSecurityPolicy",
    "identity.middleware.EvenAnswers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "oauth_server.middleware.BrowserState",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "identity.middleware.PasswordPressure",  # before anybody asks the database who is there
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "identity.middleware.Looks",
    "oauth_server.middleware.WrongMethods",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [*([ENVIRONMENT["TEMPLATES_DIR"]] if ENVIRONMENT["TEMPLATES_DIR"] else []), BASE_DIR / "templates"],
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

STATIC_URL = f"{urlsplit(ISSUER).path}/static/"
WHITENOISE_STATIC_PREFIX = "/static/"  # what is left of it once the issuer's path is taken off
STATIC_ROOT: Path | None = BASE_DIR / "static_collected"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LANGUAGE_CODE = "en"
# Each but the first has a catalog in locale/, which `make messages` keeps; the source is written in the first.
LANGUAGES = [
    ("en", "English"),
    ("uk", "Ukrainian"),
    ("de", "German"),
    ("fr", "French"),
    ("es", "Spanish"),
    ("ja", "Japanese"),
    ("ar", "Arabic"),
]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMS_URLFIELD_ASSUME_HTTPS = True  # what Django 6 does anyway
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["identity.formats"]

DATABASES = {"default": database(ENVIRONMENT["DATABASE_URL"], DATA_DIR, ENVIRONMENT["DATABASE_POOLER"])}

_mail = ENVIRONMENT["EMAIL_URL"]
# Mails are written down with the fact that they tell of; the worker sends them by MAIL_BACKEND.
EMAIL_BACKEND = "oauth_server.mail.backend.OutboxBackend"
MAIL_BACKEND = _mail.get("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = _mail.get("EMAIL_HOST", "localhost")
EMAIL_PORT = _mail.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = _mail.get("EMAIL_FILE_PATH") or None
EMAIL_TIMEOUT = 10

OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth_server.Client"
OAUTH2_PROVIDER_GRANT_MODEL = "oauth_server.AuthorizationCode"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauth_server.AccessToken"  # noqa: S105  # a model, no password
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "oauth_server.RefreshToken"  # noqa: S105  # a model, no password
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "oauth_server.IDToken"  # noqa: S105  # a model, no password
OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "oauth_server.DeviceCode"
OAUTH2_PROVIDER = {
    # Its endpoints are not mounted; its resource classes, which are used, shall be as strict as the rest.
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "APPLICATION_ADMIN_CLASS": "oauth_server.admin.clients.ClientAdmin",
    "ACCESS_TOKEN_ADMIN_CLASS": "oauth_server.admin.tokens.AccessTokenAdmin",
    "GRANT_ADMIN_CLASS": "oauth_server.admin.tokens.CodeAdmin",
    "ID_TOKEN_ADMIN_CLASS": "oauth_server.admin.base.ReadOnlyAdmin",
    "REFRESH_TOKEN_ADMIN_CLASS": "oauth_server.admin.tokens.RefreshTokenAdmin",
    "OAUTH2_VALIDATOR_CLASS": "oauth_server.resource_server.dot_validator.GatehouseValidator",
}

CACHES: dict[str, Any] = {
    "default": environ.Env.cache_url_config(ENVIRONMENT["CACHE_URL"])
    if ENVIRONMENT["CACHE_URL"]
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}}
}
if ENVIRONMENT["CACHE_URL"]:
    # Redis is a cache and a limiter: when it is slow or away, requests go on without it.
    CACHES["default"]["BACKEND"] = "oauth_server.cache.FallbackRedisCache"
    CACHES["default"]["OPTIONS"] = {
        **CACHES["default"].get("OPTIONS", {}),
        "socket_connect_timeout": 0.5,
        "socket_timeout": 0.5,
    }

SESSION_ENGINE = "identity.sessions.store"
SESSION_COOKIE_AGE = LIFETIMES.session
