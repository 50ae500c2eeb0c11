"""``manage.py enable_user``."""

from __future__ import annotations

from typing import ClassVar

from identity.management.standing import StandingCommand


class Command(StandingCommand):
    """Enable a person again: they sign in anew; what was closed stays closed."""

    help = "Let a disabled person sign in again."
    active: ClassVar[bool] = True
