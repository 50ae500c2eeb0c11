"""``manage.py rotate_keys``: bring the signing keys up to date, or replace them at once."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from oauth_server.jose.algorithms import DECRYPTION, SIGNING
from oauth_server.keys import rotate


class Command(BaseCommand):
    """Without options it does what the hourly task does, and nothing when nothing is due."""

    help = (
        "Bring the signing keys to where the rotation plan wants them. --now replaces them at once: the new keys are"
        " published and sign immediately, the old private parts are deleted, and old tokens verify until they expire."
        " Keys that others encrypt to are replaced too; the old ones go on decrypting what is on its way."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("--now", action="store_true", help="Emergency: new keys sign at once.")
        parser.add_argument(
            "--alg",
            action="append",
            choices=(*SIGNING, *DECRYPTION),
            help="With --now: only this algorithm's keys; may be repeated.",
        )
        parser.add_argument(
            "--revoke-old",
            action="store_true",
            help="With --now: refuse all that the old keys signed, or that was encrypted to them.",
        )
        parser.add_argument(
            "--revoke",
            metavar="KID",
            help="Remove one key at once; all that it signed, or that was encrypted to it, is refused.",
        )
        parser.add_argument("--json", action="store_true", help="Answer in JSON.")

    def _rotate(self, options: dict[str, Any]) -> rotate.Rotation:
        now = timezone.now()
        if options["revoke"] and options["now"]:
            raise CommandError("--revoke and --now are two different things; give one of them.")
        if (options["alg"] or options["revoke_old"]) and not options["now"]:
            raise CommandError("--alg and --revoke-old need --now.")
        if options["revoke"]:
            try:
                return rotate.revoke(options["revoke"], now)
            except LookupError:
                raise CommandError(f"No published key is called {options['revoke']}; see list_keys.") from None
        if options["now"]:
            chosen = options["alg"] or (*SIGNING, *DECRYPTION)
            return rotate.rotate_now(now, revoke=options["revoke_old"], algorithms=chosen)
        return rotate.rotate(now)

    def handle(self, *_: Any, **options: Any) -> None:
        """Rotate and say what was done."""
        done = asdict(self._rotate(options))
        if options["json"]:
            self.stdout.write(json.dumps(done))
            return
        lines = [f"{what}: {kid}" for what, kids in done.items() for kid in kids]
        self.stdout.write("\n".join(lines) or "Nothing was due.")
