"""`make run`: the whole server in one terminal."""

from __future__ import annotations

import os
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from oauth_server.supervisor.banner import banner
from oauth_server.supervisor.prepare import CannotStart, prepare
from oauth_server.supervisor.processes import PROCESSES
from oauth_server.supervisor.supervise import Plan, become

# "Every address" is where to listen, not where to ask.
_REACHED_AT: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104


class Command(BaseCommand):
    """Prepare the database and the keys, then run web, worker and beat until Ctrl-C."""

    help = "Prepare the database and the keys, then run web, worker and beat until Ctrl-C."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run.

        Raises:
            CommandError: the server cannot start; one sentence.
        """
        # The database, its journal and the broker's files are nobody else's to read.
        os.umask(0o077)
        try:
            demo = prepare(timezone.now())
        except CannotStart as reason:
            raise CommandError(str(reason)) from None
        address = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
        become(
            Plan(
                commands={name: command() for name, command in PROCESSES.items()},
                environment={"DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"], "PYTHONUNBUFFERED": "1"},
                health=f"http://{_REACHED_AT.get(address, address)}:{settings.PORT}/health/live",
                banner=banner(settings.ISSUER, demo),
                prefix=settings.LOG_FORMAT != "json",
            )
        )
