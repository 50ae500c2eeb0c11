"""``manage.py create_user``: a person who can sign in at once."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity.account.create import ClaimError, create_or_update
from identity.models import User
from identity.subjects import public_subject


class Command(BaseCommand):
    """Create a person, or update the one with this username."""

    help = "Create a person who can sign in at once, or update the one with this username."

    def add_arguments(self, parser: CommandParser) -> None:
        """What is asked for."""
        parser.add_argument("--username", required=True)
        parser.add_argument("--email", required=True)
        parser.add_argument("--password", required=True, help="the password; - reads one line from standard input")
        parser.add_argument(
            "--claims", default="{}", help='OpenID Connect claims as JSON: {"name": "Ada", "email_verified": true}'
        )
        parser.add_argument("--json", action="store_true", help="print the person as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it.

        Raises:
            CommandError: something given is malformed; the sentence says what.
        """
        try:
            claims = json.loads(options["claims"])
        except ValueError as error:
            raise CommandError(f"--claims is no JSON: {error}.") from None
        if not isinstance(claims, dict):
            raise CommandError("--claims must be a JSON object.")
        given = options["password"]
        password = sys.stdin.readline().rstrip("\r\n") if given == "-" else given
        if not password:
            raise CommandError("The password is empty.")
        try:
            user, is_new = create_or_update(options["username"], options["email"], password, claims)
        except ClaimError as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            raise CommandError(
                " ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())
            ) from None
        self._warn_of(password, user)
        if options["json"]:
            facts = {"sub": public_subject(user.pk), "username": user.username, "email": user.email, "created": is_new}
            self.stdout.write(json.dumps(facts))
        else:
            self.stdout.write(f"{'Created' if is_new else 'Updated'} {user.username} (sub {public_subject(user.pk)}).")

    def _warn_of(self, password: str, user: User) -> None:
        """An operator's word counts, as for every other rule; but a password that people could not choose is not set in silence."""
        try:
            validate_password(password, user)
        except ValidationError as error:
            self.stderr.write(f"Warning: the password is set, but it is weak. {' '.join(error.messages)}")
