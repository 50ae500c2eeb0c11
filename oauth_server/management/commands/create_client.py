"""``manage.py create_client``: register a client from RFC 7591 metadata."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from oauth_server.clients import fields, metadata, registry
from oauth_server.protocol.errors import OAuthError


class Command(BaseCommand):
    """An operator's word counts for every member, a chosen ``client_id`` and ``client_secret`` among them.

    Members that this server does not know are legal (RFC 7591 §2: another server may), so they stop nothing; but an operator
    who misspelt one has to hear of it.
    """

    help = "Register a client: RFC 7591 metadata as JSON on standard input or in --json; the answer is JSON, with the secret once."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("--json", help="The metadata; read from standard input when absent.")
        parser.add_argument(
            "--update",
            action="store_true",
            help="Replace the metadata of a client that is there already; one that is not is refused.",
        )
        parser.add_argument(
            "--clients",
            type=Path,
            help='Register or replace every client of a JSON file, {"register": [{…}, …]}: all of them or none.',
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Register.

        Raises:
            CommandError: the metadata is no JSON or may not be registered, the client_id is taken, or there is none to update.
        """
        now = timezone.now()
        if options["clients"] is not None:
            rows = _read_file(options["clients"])
            with transaction.atomic():
                made = [self._register(row, now, may_replace=True, must_exist=options["update"]) for row in rows]
            answer: dict[str, Any] = {"clients": made}
        else:
            text = options["json"] if options["json"] is not None else sys.stdin.read()
            members = _read(text, "The metadata")
            answer = self._register(members, now, may_replace=options["update"], must_exist=options["update"])
        self.stdout.write(json.dumps(answer))

    def _register(
        self, members: Mapping[str, Any], now: datetime, *, may_replace: bool, must_exist: bool
    ) -> dict[str, Any]:
        # The profile that registrants get is also what an operator means who names none: one installation, one habit.
        members = {"profile": settings.REGISTRATION_PROFILE, **members}
        client_id = members.get("client_id")
        known = registry.get(client_id) if isinstance(client_id, str) else None
        if must_exist and known is None:
            # A mistyped name would otherwise become a client of its own.
            raise CommandError(
                f"There is no client with the client_id {client_id} to update; without --update it is registered."
                if client_id
                else "--update needs the client_id of the client to update."
            )
        if known is not None and not may_replace:
            raise CommandError(f"There is a client {client_id} already; --update replaces its metadata.")
        try:
            if known is not None:
                answer = metadata.update(known.client_id, members, now=now)[1]
            else:
                answer = metadata.register(members, now=now)[1]
        except OAuthError as error:
            hints = "".join(f" {sentence}" for sentence in fields.unknown(members))
            raise CommandError(f"{error.error}: {error.description}{hints}") from None
        for sentence in fields.unknown(members):
            self.stderr.write(f"Warning: {sentence}")
        return answer


def _read_file(file: Path) -> list[dict[str, Any]]:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}.") from None
    rows = _read(text, str(file)).get("register")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CommandError(f"{file} must have a list of clients called register.")
    return rows


def _read(text: str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{what} is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise CommandError(f"{what} must be a JSON object.")
    return value
