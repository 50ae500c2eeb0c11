"""``manage.py revoke``: end the tokens of a person, a client or a consent, or one token."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from identity.models import User
from oauth_server.audit.events import TokenRevoked
from oauth_server.audit.record import record
from oauth_server.clients import registry
from oauth_server.clients.cut_off import cut_off
from oauth_server.tokens import revoke
from oauth_server.tokens.find import find

_REASON: Final = "operator"


def _user(name: str, now: datetime) -> dict[str, int]:
    user = User.objects.known_as(name)
    if user is None:
        raise CommandError(f"Nobody is called {name}.")
    return {"grants": revoke.revoke_for(now, _REASON, user=user.pk)}


def _client(client_id: str, now: datetime) -> dict[str, int]:
    client = registry.get(client_id)
    if client is None:
        raise CommandError(f"There is no client {client_id}.")
    # Its own JWTs have no row that could be counted: the moment ends them.
    cut_off(client_id, now)
    return {"grants": revoke.revoke_for(now, _REASON, application=client.pk)}


def _token(token: str, now: datetime) -> dict[str, int]:
    found = find(token, now)
    if found is None:
        return {"tokens": 0}
    revoke.revoke_found(found, now, _REASON)
    record(TokenRevoked(reason=_REASON, count=1, client_id=found.client.client_id, family=str(found.family or "")))
    return {"tokens": 1}


def _consent(number: str, now: datetime) -> dict[str, int]:
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise CommandError("--consent takes the number of a consent.")
    return {"consents": int(revoke.withdraw_consent(int(number), now, _REASON))}


_WHAT: Final[dict[str, tuple[str, Callable[[str, datetime], dict[str, int]]]]] = {
    "user": ("End what a person's sign-ins led to: a username, an email address or a subject identifier.", _user),
    "client": ("End everything that a client was given: its client_id.", _client),
    "token": ("End one token, and what was issued with it; - reads it from standard input.", _token),
    "consent": ("Take a consent back, and end what was issued under it: its number.", _consent),
}


class Command(BaseCommand):
    """The answer counts what ended; nothing to end is no error."""

    help = "End tokens, in every process within a second; the answer is JSON and counts what ended."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose."""
        whose = parser.add_mutually_exclusive_group(required=True)
        for name, (sentence, _) in _WHAT.items():
            whose.add_argument(f"--{name}", help=sentence)
        parser.add_argument("--json", action="store_true", help="Accepted for likeness; the answer is JSON anyway.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it.

        Raises:
            CommandError: nobody and nothing is called that.
        """
        name = next(name for name in _WHAT if options[name] is not None)
        value = sys.stdin.readline().strip() if name == "token" and options[name] == "-" else options[name]
        with transaction.atomic():
            counts = _WHAT[name][1](value, timezone.now())
        self.stdout.write(json.dumps(counts))
