"""`make run`: the whole server in one terminal."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from oauth_server.supervisor.banner import banner
from oauth_server.supervisor.prepare import CannotStart, prepare
from oauth_server.supervisor.processes import PROCESSES
from oauth_server.supervisor.supervise import supervise


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
        code = supervise(
            {name: command() for name, command in PROCESSES.items()},
            {"DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"], "PYTHONUNBUFFERED": "1"},
            health=f"http://{address.replace('0.0.0.0', '127.0.0.1')}:{settings.PORT}/health/live",  # noqa: S104
            banner=banner(settings.ISSUER, demo),
            prefix=settings.LOG_FORMAT != "json",
        )
        sys.exit(code)
