#!/usr/bin/env python
"""Django's command line for Gatehouse."""

import os
import sys


def main() -> None:
    """Run one management command with the settings that DJANGO_SETTINGS_MODULE names (development by default)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oauth_server.settings.development")
    from django.core.management import execute_from_command_line  # noqa: PLC0415  # the line above must come first

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
