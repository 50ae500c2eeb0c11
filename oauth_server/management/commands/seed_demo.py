"""``manage.py seed_demo``: people and clients to try the server with, in development only."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from identity.account.create import create_or_update
from identity.models import User
from oauth_server.clients import metadata
from oauth_server.keys.secrets import Kind, derive, mint
from oauth_server.models import Client

# Every standard claim (OpenID Connect Core §5.1), so that each scope shows all that it can.
_ALICE: Final[dict[str, Any]] = {
    "name": "Alice Wonder",
    "given_name": "Alice",
    "middle_name": "White",
    "family_name": "Wonder",
    "nickname": "Alice",
    "profile": "https://alice.example.org/",
    "picture": "https://alice.example.org/alice.png",
    "website": "https://blog.alice.example.org/",
    "gender": "female",
    "birthdate": "1990-05-04",
    "zoneinfo": "Europe/London",
    "locale": "en-GB",
    "phone_number": "+44 20 7946 0000",
    "phone_number_verified": True,
    "address": {
        "formatted": "1 Rabbit Lane\nOxford OX1 0AA\nUnited Kingdom",
        "street_address": "1 Rabbit Lane",
        "locality": "Oxford",
        "region": "Oxfordshire",
        "postal_code": "OX1 0AA",
        "country": "United Kingdom",
    },
}
_PASSWORD: Final = "wonderland-Pa55"  # noqa: S105  # it is on the first screen of the documentation

_CLIENTS: Final[tuple[dict[str, Any], ...]] = (
    {
        "client_id": "demo-service",
        "client_name": "Demo service",
        "grant_types": ["client_credentials"],
        "scope": "notes:read notes:write",
        "audience": ["http://127.0.0.1:5001"],
        "introspects": ["*"],
    },
    {
        "client_id": "demo-app",
        "client_name": "Demo app",
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": ["http://127.0.0.1:5000/callback", "http://localhost:5000/callback"],
        "post_logout_redirect_uris": ["http://127.0.0.1:5000/", "http://localhost:5000/"],
    },
)


class Command(BaseCommand):
    """What exists stays as it is.

    Generated passwords and secrets follow from the key-encryption key: every installation has its own, running this again
    tells them again, and they are kept nowhere.
    """

    help = "Make a demo person, an operator and two demo clients where they are missing; tell how to use them."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("--json", action="store_true", help="Answer in JSON.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make them.

        Raises:
            CommandError: this is no development server.
        """
        if not settings.DEMO:
            raise CommandError(
                "seed_demo makes accounts with known passwords, so it runs with the development settings only."
            )
        with transaction.atomic():
            answer = {
                "people": [_alice(), _operator()],
                "clients": [_client(members, timezone.now()) for members in _CLIENTS],
            }
        self.stdout.write(json.dumps(answer) if options["json"] else _text(answer))


def _alice() -> dict[str, str]:
    if User.objects.known_as("alice") is None:
        create_or_update("alice", "alice@example.org", _PASSWORD, _ALICE)
    return {"username": "alice", "password": _PASSWORD, "role": "person"}


def _operator() -> dict[str, str]:
    password = base64.b32encode(derive("demo password", "operator")).decode().lower()[:24]
    if User.objects.known_as("operator") is None:
        user, _ = create_or_update("operator", "operator@example.org", password, {})
        user.is_staff = user.is_superuser = True
        user.save(update_fields=["is_staff", "is_superuser", "updated_at"])
    return {"username": "operator", "password": password, "role": "operator"}


def _client(members: dict[str, Any], now: datetime) -> dict[str, Any]:
    entropy = derive("demo secret 1", members["client_id"]) + derive("demo secret 2", members["client_id"])
    secret = mint(Kind.CLIENT_SECRET, entropy[:48])
    row = Client.objects.load(members["client_id"])
    if row is None:
        return metadata.register(members, now=now, client_secret=secret)[1]
    return metadata.describe(row) | {"client_secret": secret}


def _text(answer: dict[str, list[dict[str, Any]]]) -> str:
    people = [f"{person['role']}: {person['username']} / {person['password']}" for person in answer["people"]]
    clients = [f"client: {client['client_id']} / {client['client_secret']}" for client in answer["clients"]]
    return "\n".join(people + clients)
