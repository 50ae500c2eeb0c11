"""An API of stock django-oauth-toolkit in a process of its own, which knows our server by introspection alone.

As its documentation's page on separate resource servers has it. ``python dot_api.py PORT INTROSPECTION_URL ID SECRET``.
"""

from __future__ import annotations

import sys
from typing import ClassVar

import django
from django.conf import settings
from django.core.management import call_command
from django.core.servers.basehttp import run
from django.core.wsgi import get_wsgi_application

PORT, INTROSPECTION_URL, CLIENT_ID, CLIENT_SECRET, DATABASE = sys.argv[1:]

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    SECRET_KEY="of no use here",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider", "rest_framework"],
    OAUTH2_PROVIDER={
        "RESOURCE_SERVER_INTROSPECTION_URL": INTROSPECTION_URL,
        "RESOURCE_SERVER_INTROSPECTION_CREDENTIALS": (CLIENT_ID, CLIENT_SECRET),
    },
)
django.setup()

from django.urls import path  # noqa: E402  # settings first
from oauth2_provider.contrib.rest_framework import OAuth2Authentication, TokenHasScope  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Songs(APIView):
    authentication_classes = (OAuth2Authentication,)
    permission_classes = (TokenHasScope,)
    required_scopes: ClassVar = ["notes:read"]

    def get(self, request: Request) -> Response:
        return Response({"user": request.user and request.user.get_username(), "scope": request.auth.scope})


urlpatterns = [path("songs", Songs.as_view())]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    run("127.0.0.1", int(PORT), get_wsgi_application(), threading=True)
