"""``manage.py clean_up``: what beat does every ten minutes, now and to the end."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from oauth_server.tokens.tasks import sweep


class Command(BaseCommand):
    """Safe beside traffic and beside the periodic clean-up; a second run finds nothing."""

    help = (
        "Delete what can no longer be used: expired codes, tokens, requests, sign-ins, replay identifiers, old events."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("--json", action="store_true", help="Answer in JSON: rows deleted by table.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Sweep and say what went."""
        deleted = sweep(timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps(deleted))
            return
        lines = [f"{name}: {count}" for name, count in deleted.items() if count]
        self.stdout.write("\n".join(lines) or "Nothing was past its time.")
