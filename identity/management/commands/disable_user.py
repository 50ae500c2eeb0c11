"""``manage.py disable_user``."""

from __future__ import annotations

from typing import ClassVar

from identity.management.standing import StandingCommand


class Command(StandingCommand):
    """Disable a person: nobody signs in as them, and what they had open is closed at once."""

    help = "Disable a person and end every session of theirs at once."
    active: ClassVar[bool] = False
