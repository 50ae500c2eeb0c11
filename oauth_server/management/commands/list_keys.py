"""``manage.py list_keys``: our keys and their ages."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from oauth_server.keys import rotate
from oauth_server.keys.plan import KeyState

_HEAD: Final = ("kid", "alg", "age", "announced", "signs from", "signs until", "verifies until")
_WIDTHS: Final = (43, 12, 10, 25, 25, 25, 25)


def _moment(value: datetime | None) -> str | None:
    return value.isoformat(timespec="seconds") if value else None


def _row(key: KeyState, now: datetime) -> dict[str, str | None]:
    return {
        "kid": key.kid,
        "alg": key.alg,
        "age": key.age(now),
        "announced_at": _moment(key.announced_at),
        "signs_from": _moment(key.signs_from),
        "signs_until": _moment(key.signs_until),
        "verifies_until": _moment(key.verifies_until),
    }


class Command(BaseCommand):
    """It shows no private part and needs none."""

    help = "List our keys: announced, signing or verifying; encrypting or decrypting; and since when."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("--json", action="store_true", help="Answer in JSON.")

    def handle(self, *_: Any, **options: Any) -> None:
        """List them."""
        now = timezone.now()
        rows = [_row(key, now) for key in rotate.states()]
        if options["json"]:
            self.stdout.write(json.dumps({"keys": rows}))
            return
        for line in [_HEAD, *(row.values() for row in rows)]:
            self.stdout.write(
                "  ".join(f"{value or '-':<{width}}" for value, width in zip(line, _WIDTHS, strict=True)).rstrip()
            )
