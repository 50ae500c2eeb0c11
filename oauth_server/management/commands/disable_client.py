"""``manage.py disable_client``: turn a client away, or let it come back."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from oauth_server.audit.events_operator import ClientDisabled, ClientEnabled
from oauth_server.audit.record import record
from oauth_server.tokens import standing


class Command(BaseCommand):
    """Doing it twice is no error."""

    help = "Disable a client: it is turned away and every token of it ends, in every process within a second."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which client."""
        parser.add_argument("client_id")
        parser.add_argument("--enable", action="store_true", help="Let it come back; tokens of before stay dead.")
        parser.add_argument("--json", action="store_true", help="Answer in JSON.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it.

        Raises:
            CommandError: there is no such client.
        """
        client_id, enable = options["client_id"], options["enable"]
        try:
            with transaction.atomic():
                if enable:
                    changed = standing.enable_client(client_id)
                else:
                    changed = standing.disable_client(client_id, timezone.now()) or standing.disabled_by_owner(
                        client_id
                    )
                if changed:
                    record((ClientEnabled if enable else ClientDisabled)(client_id=client_id))
        except LookupError:
            raise CommandError(f"There is no client {client_id}.") from None
        if options["json"]:
            self.stdout.write(json.dumps({"client_id": client_id, "is_active": enable, "changed": changed}))
        else:
            word = "enabled" if enable else "disabled; every token of it has ended"
            self.stdout.write(f"{client_id} is {'' if changed else 'already '}{word}.")
