"""``manage.py create_initial_access_token``: let somebody register clients (RFC 7591 §1.2)."""

from __future__ import annotations

import json
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from identity.models import User
from oauth_server.clients import registration

_WEEK: Final = 7 * 86_400
_MOST_USES: Final = 100_000
_LONGEST: Final = 10 * 365 * 86_400


class Command(BaseCommand):
    """The token is shown once; only its digest is kept."""

    help = "Make an initial access token: whoever has it may register some clients while REGISTRATION is token or open."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument(
            "--uses", type=int, default=1, help="How many clients may be registered with it; 1 when absent."
        )
        parser.add_argument("--lifetime", type=int, default=_WEEK, help="Seconds that it lives; a week when absent.")
        parser.add_argument(
            "--user", help="To whom the clients belong: a username, email address or subject identifier."
        )
        parser.add_argument("--json", action="store_true", help="Answer in JSON.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Make it.

        Raises:
            CommandError: a number is out of range, or nobody is called so.
        """
        uses, lifetime = options["uses"], options["lifetime"]
        if not 1 <= uses <= _MOST_USES:
            raise CommandError(f"--uses must be between 1 and {_MOST_USES}.")
        if not 1 <= lifetime <= _LONGEST:
            raise CommandError(f"--lifetime must be between 1 and {_LONGEST} seconds.")
        user = User.objects.known_as(options["user"]) if options["user"] else None
        if options["user"] and user is None:
            raise CommandError(f"Nobody is called {options['user']}.")
        token = registration.offer(uses, lifetime, timezone.now(), user)
        if options["json"]:
            facts = {"initial_access_token": token, "uses": uses, "expires_in": lifetime}
            self.stdout.write(json.dumps(facts))
        else:
            self.stdout.write(token)
