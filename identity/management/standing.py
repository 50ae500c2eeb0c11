"""What ``disable_user`` and ``enable_user`` share: the same command with another word."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity.account.standing import set_active
from identity.models import User
from identity.subjects import public_subject


class StandingCommand(BaseCommand):
    """Set ``is_active`` of one person; doing it twice is no error."""

    active: ClassVar[bool]

    def add_arguments(self, parser: CommandParser) -> None:
        """Whom."""
        parser.add_argument("user", nargs="?", help="username, email address or subject identifier")
        parser.add_argument("--username", help="the same as the positional argument")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it.

        Raises:
            CommandError: nobody is meant, or nobody is called that.
        """
        login = options["user"] or options["username"]
        if not login:
            raise CommandError("Say whom: a username, an email address or a subject identifier.")
        user = User.objects.known_as(login)
        if user is None:
            raise CommandError(f"Nobody is called {login}.")
        changed = set_active(user, active=self.active)
        if options["json"]:
            facts = {
                "sub": public_subject(user.pk),
                "username": user.username,
                "is_active": user.is_active,
                "changed": changed,
            }
            self.stdout.write(json.dumps(facts))
        else:
            word = "enabled" if self.active else "disabled; every session of theirs has ended"
            self.stdout.write(f"{user.username} is {'' if changed else 'already '}{word}.")
