"""``manage.py invite``: a mail with which one person may sign up."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from identity.account.invite import address_to_invite, invite
from identity.signals import person_invited


class Command(BaseCommand):
    """Invite people by their addresses."""

    help = "Invite people: each is mailed a link with which one account is made. Prints JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        """What is asked for."""
        parser.add_argument("email", nargs="+")

    def handle(self, *_: Any, **options: Any) -> None:
        """All of them, or nobody.

        Raises:
            CommandError: an address is malformed, or opens an account already.
        """
        addresses = []
        for email in options["email"]:
            try:
                addresses.append(address_to_invite(email))
            except ValidationError as error:
                raise CommandError(f"{email}: {' '.join(error.messages)}") from None
        for email in addresses:
            invitation = invite(email, timezone.now())
            person_invited.send(sender=type(invitation), invitation=invitation)
            self.stdout.write(
                json.dumps({"email": email, "expires": invitation.expires.isoformat(), "issuer": settings.ISSUER})
            )
