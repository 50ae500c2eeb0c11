#!/usr/bin/env python
"""Django's command line for Gatehouse."""

import os
import sys


def main() -> None:
    """Run one management command with the settings that DJANGO_SETTINGS_MODULE names (development by default)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oauth_server.settings.development")
    from oauth_server.supervisor import preflight  # noqa: PLC0415  # the line above must come first

    preflight.check_settings_module(os.environ["DJANGO_SETTINGS_MODULE"])
    if sys.argv[1:2] == ["run"]:
        # Before the settings make what is missing: a start that must fail leaves nothing behind.
        preflight.look(sys.argv[2:])
    elif not os.environ.get("LOG_LEVEL"):
        # Whoever types a command, or reads its answer in a script, is told by the answer; the audit log keeps the fact.
        os.environ["LOG_LEVEL"] = "warning"
    from django.core.management import execute_from_command_line  # noqa: PLC0415  # the line above must come first

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
