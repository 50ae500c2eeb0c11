"""What the Django relying parties of these tests share: a site with people, sessions and a page that says who is signed in.

Each is a program of its own: ``python mozilla.py '{"port": …, "issuer": …, "client_id": …}'``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.core.servers.basehttp import run
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse

GIVEN: dict[str, Any] = json.loads(sys.argv[1])


def configure(*, apps: tuple[str, ...], middleware: tuple[str, ...] = (), **more: Any) -> None:
    """Django, as ``startproject`` has it, and what the library's documentation adds."""
    settings.configure(
        ROOT_URLCONF="__main__",
        ALLOWED_HOSTS=["localhost"],
        SECRET_KEY="of no use here" * 5,
        SESSION_COOKIE_NAME="party",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": GIVEN["database"]}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            *apps,
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            *middleware,
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        LOGIN_REDIRECT_URL="/",
        LOGOUT_REDIRECT_URL="/",
        **more,
    )
    django.setup()


def who(request: HttpRequest, **more: Any) -> JsonResponse:
    """The page that says who is signed in."""
    user = request.user
    if not user.is_authenticated:
        return JsonResponse({"user": None})
    names = {name: getattr(user, name) for name in ("username", "email", "first_name", "last_name")}
    return JsonResponse({"user": names, **more})


def serve() -> None:
    """Make the tables and answer."""
    call_command("migrate", verbosity=0)
    run("127.0.0.1", GIVEN["port"], get_wsgi_application(), threading=True)
