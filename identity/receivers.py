"""Imported once when Django is ready: what follows from what happens to an account."""

from __future__ import annotations

from identity.sessions import start as _sessions  # noqa: F401  # imported for its effect: sign-in and sign-out
