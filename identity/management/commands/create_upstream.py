"""``manage.py create_upstream``: a provider that people may sign in with."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity.federation.configure import UpstreamError, describe, from_json, set_up
from identity.models import Upstream
from identity.signals import upstream_changed


class Command(BaseCommand):
    """The answer says what the provider has to be told: our redirect URI and where it sends logout tokens."""

    help = (
        "Set up an upstream provider from JSON on standard input or in --json: slug, preset, issuer, client_id, client_secret …"
        " The answer is JSON, without the secret. docs/how-to/log-in-with-another-provider.md lists every member."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("--json", help="The members; read from standard input when absent.")
        parser.add_argument("--update", action="store_true", help="Change the provider when it exists already.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Set it up.

        Raises:
            CommandError: something given is malformed; the sentence says what.
        """
        text = options["json"] if options["json"] is not None else sys.stdin.read()
        try:
            row, is_new = set_up(from_json(text), may_replace=options["update"])
        except UpstreamError as error:
            raise CommandError(str(error)) from None
        upstream_changed.send(sender=Upstream, upstream=row.slug, created=is_new)
        self.stdout.write(json.dumps({**describe(row), "created": is_new}))
