"""An API that only Gatehouse's access tokens open: notes, kept in memory.

Django REST framework with the kit in ``oauth_server.resource_server``. It verifies tokens by the issuer's published keys and needs
neither the server's database nor a request per call. Start it with ``python docs/examples/resource_server/api.py``.

GATEHOUSE_ISSUER says whose tokens count, API_AUDIENCE what this API is called in them. PORT moves it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import ClassVar

import django
from django.conf import settings
from django.core.servers.basehttp import run
from django.core.wsgi import get_wsgi_application

HOST = "127.0.0.1"
PORT = int(os.environ.get("PORT", "5001"))
ISSUER = os.environ.get("GATEHOUSE_ISSUER", "http://127.0.0.1:8000").rstrip("/")

# The kit lives in this repository; an API of your own has it installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=[HOST, "localhost"],
    INSTALLED_APPS=["rest_framework"],
    USE_TZ=True,
    # Every view is closed unless it says what opens it.
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["oauth_server.resource_server.rest_framework.GatehouseAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["oauth_server.resource_server.rest_framework.HasScopes"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
    GATEHOUSE_RESOURCE_SERVER={
        "ISSUER": ISSUER,
        "AUDIENCE": os.environ.get("API_AUDIENCE", f"http://{HOST}:{PORT}"),
    },
)
django.setup()

from django.urls import path  # noqa: E402  # settings first
from rest_framework import serializers, status  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

# Whose notes: the subject of the token → texts.
NOTES: dict[str, list[str]] = {}


class NoteSerializer(serializers.Serializer[dict[str, str]]):
    """One note."""

    text = serializers.CharField(max_length=1_000)


class Notes(APIView):
    """The caller's notes."""

    required_scopes: ClassVar = {"GET": ["notes:read"], "POST": ["notes:read", "notes:write"]}

    def get(self, request: Request) -> Response:
        """All of them."""
        return Response({"owner": request.auth.subject, "notes": NOTES.get(request.auth.subject, [])})

    def post(self, request: Request) -> Response:
        """One more."""
        note = NoteSerializer(data=request.data)
        note.is_valid(raise_exception=True)
        NOTES.setdefault(request.auth.subject, []).append(note.validated_data["text"])
        return Response(note.validated_data, status=status.HTTP_201_CREATED)


urlpatterns = [path("notes", Notes.as_view())]
application = get_wsgi_application()

if __name__ == "__main__":
    sys.stdout.write(f"The example API is at http://{HOST}:{PORT}/notes and believes {ISSUER}. Ctrl-C stops it.\n")
    sys.stdout.flush()
    run(HOST, PORT, application, threading=True)
