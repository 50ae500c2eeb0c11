"""`make run`: the whole server in one terminal."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from oauth_server.supervisor.banner import banner
from oauth_server.supervisor.doubts import doubts
from oauth_server.supervisor.prepare import CannotStart, check_static_files, prepare
from oauth_server.supervisor.processes import PROCESSES
from oauth_server.supervisor.supervise import Plan, become

# "Every address" is where to listen, not where to ask.
_REACHED_AT: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104  # looked for in HOST, not bound

_log = logging.getLogger("gatehouse.start")

ResultT = TypeVar("ResultT")


def _or_sentence(step: Callable[[], ResultT]) -> ResultT:
    try:
        return step()
    except CannotStart as reason:
        raise CommandError(str(reason)) from None


class Command(BaseCommand):
    """Prepare the database and the keys, then run web, worker and beat until Ctrl-C."""

    help = "Prepare the database and the keys, then run web, worker and beat until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        """The options."""
        parser.add_argument(
            "process",
            nargs="?",
            choices=("prepare", *PROCESSES),
            help="Only this part, for containers: prepare the database and end, or become that one process.",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Run.

        Raises:
            CommandError: the server cannot start; one sentence.
        """
        # The database, its journal and the broker's files are nobody else's to read.
        os.umask(0o077)
        process = options["process"]
        if process in {None, "web"}:
            _or_sentence(check_static_files)
        if process in PROCESSES:
            command = PROCESSES[process]()
            os.execvp(command[0], command)  # noqa: S606  # our own command line
        if process is None and settings.LOG_FORMAT != "json":
            # People read what comes at the end; what preparing did is in the audit log as well.
            logging.disable(logging.INFO)
        demo = _or_sentence(partial(prepare, timezone.now()))
        for sentence in doubts(timezone.now()):
            _log.warning(sentence)
        if process == "prepare":
            return
        address = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
        become(
            Plan(
                commands={name: command() for name, command in PROCESSES.items()},
                environment={"DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"], "PYTHONUNBUFFERED": "1"},
                health=f"http://{_REACHED_AT.get(address, address)}:{settings.PORT}/health/live",
                banner=banner(settings.ISSUER, demo, prints_mail="console" in settings.MAIL_BACKEND),
                prefix=settings.LOG_FORMAT != "json",
            )
        )
