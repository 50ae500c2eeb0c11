"""``manage.py delete_user``: for somebody who asks an operator for the end of their account."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from identity.account import erase
from identity.models import User
from identity.subjects import public_subject


class Command(BaseCommand):
    """Ask for the deletion of an account as its person would on their own pages."""

    help = "Delete an account when the grace period is over; until then its person keeps it by signing in."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom, and when."""
        parser.add_argument("user", help="username, email address or subject identifier")
        parser.add_argument(
            "--at-once", action="store_true", help="without a grace period: delete now, and wait for it"
        )
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it.

        Raises:
            CommandError: nobody is called that, or nobody could run the server without them.
        """
        user = User.objects.known_as(options["user"])
        if user is None:
            raise CommandError(f"Nobody is called {options['user']}.")
        if erase.is_last_operator(user):
            raise CommandError(f"{user.username} is the only operator of this server.")
        facts = {"sub": public_subject(user.pk), "username": user.username}
        due = erase.ask(user, timezone.now(), at_once=options["at_once"])
        if options["at_once"]:
            erase.carry_out(user, timezone.now(), size=settings.LIMITS.clean_up_batch)
        if options["json"]:
            self.stdout.write(json.dumps({**facts, "due": due.isoformat(), "deleted": options["at_once"]}))
        elif options["at_once"]:
            self.stdout.write(f"{facts['username']} is deleted.")
        else:
            self.stdout.write(f"{facts['username']} is deleted on {due:%Y-%m-%d %H:%M} UTC unless they sign in before.")
