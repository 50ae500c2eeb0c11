"""``manage.py write_reference``: docs/reference from the code."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from oauth_server.management.reference import PAGES
from oauth_server.settings.environment import BASE_DIR


class Command(BaseCommand):
    """The files are part of the repository, so that one can read them without running anything."""

    help = "Write docs/reference from the code; --check only says whether it is up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument("--check", action="store_true", help="Write nothing; exit code 1 when a page is stale.")

    def handle(self, *_: Any, **options: Any) -> None:
        """Write, or compare.

        Raises:
            CommandError: with --check, a page is stale.
        """
        folder = BASE_DIR / "docs" / "reference"
        folder.mkdir(parents=True, exist_ok=True)
        for name, write in PAGES.items():
            file, text = folder / name, write()
            if file.exists() and file.read_text("utf-8") == text:
                continue
            if options["check"]:
                raise CommandError(f"docs/reference/{name} is stale: make docs")
            file.write_text(text, "utf-8")
            self.stdout.write(f"docs/reference/{name}")
