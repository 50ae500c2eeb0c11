"""System checks: refuse to start when settings contradict each other. `manage.py run`, migrate and the entrypoint run them."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004  # Django's own name

from identity.claims import SUPPORTED_CLAIMS


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that must hold between settings.

    Args:
        name: the identifier that `manage.py check` prints.
        holds: asked at the start, of Django's settings or of what has their LIFETIMES and RESOURCES.
        sentence: what is wrong when it does not hold.
        hint: what to change.
    """

    name: str
    holds: Callable[[Any], bool]
    sentence: str
    hint: str


RULES: Final = (
    Rule(
        "gatehouse.E001",
        lambda given: given.LIFETIMES.key_announcement >= 2 * given.LIFETIMES.jwks_max_age,
        "A new signing key would sign before everybody has seen it.",
        "KEY_ANNOUNCEMENT_LIFETIME must be at least twice JWKS_MAX_AGE_LIFETIME (OpenID Connect Core §10.1.1).",
    ),
    Rule(
        "gatehouse.E002",
        lambda given: given.LIFETIMES.key_rotation > given.LIFETIMES.key_announcement,
        "A signing key would retire before its successor may sign.",
        "KEY_ROTATION_LIFETIME must be longer than KEY_ANNOUNCEMENT_LIFETIME.",
    ),
    Rule(
        "gatehouse.E003",
        lambda given: given.LIFETIMES.refresh_token_idle <= given.LIFETIMES.refresh_token,
        "A refresh token would rest longer than it lives.",
        "REFRESH_TOKEN_IDLE_LIFETIME must not exceed REFRESH_TOKEN_LIFETIME (RFC 9700 §4.14.2).",
    ),
    Rule(
        "gatehouse.E004",
        lambda given: given.LIFETIMES.session_idle <= given.LIFETIMES.session,
        "A sign-in would rest longer than it lives.",
        "SESSION_IDLE_LIFETIME must not exceed SESSION_LIFETIME.",
    ),
    Rule(
        "gatehouse.E005",
        lambda given: 0 < given.LIFETIMES.authorization_code <= 600,
        "Authorization codes would live longer than the ten minutes of RFC 6749 §4.1.2, or not at all.",
        "AUTHORIZATION_CODE_LIFETIME must be between 1 and 600 seconds.",
    ),
    Rule(
        "gatehouse.E006",
        lambda given: given.LIFETIMES.clock_skew <= 300,
        "Expired assertions would be accepted for more than five minutes.",
        "CLOCK_SKEW_LIFETIME must not exceed 300 seconds.",
    ),
    Rule(
        "gatehouse.E007",
        lambda given: min(given.LIFETIMES.access_token, given.LIFETIMES.id_token, given.LIFETIMES.session) > 0,
        "Tokens or sign-ins would expire before they are used.",
        "ACCESS_TOKEN_LIFETIME, ID_TOKEN_LIFETIME and SESSION_LIFETIME must be above 0.",
    ),
    Rule(
        "gatehouse.E008",
        lambda given: given.RESOURCES.claims() <= frozenset(SUPPORTED_CLAIMS),
        "An API would wait for a claim that nobody has.",
        "access_token_claims in the file that RESOURCES names may be claims of OpenID Connect Core §5.1 alone.",
    ),
)


@register("gatehouse")
def settings_agree(*_: Any, **__: Any) -> list[CheckMessage]:
    """Every row of RULES holds."""
    return [Error(rule.sentence, hint=rule.hint, id=rule.name) for rule in RULES if not rule.holds(settings)]


@register("gatehouse")
def limits_are_shared(*_: Any, **__: Any) -> list[CheckMessage]:
    """Several processes count guesses together."""
    if settings.WEB_WORKERS == 1 or settings.CACHE_URL or not settings.THROTTLES:
        return []
    return [
        Warning(
            f"Each of the {settings.WEB_WORKERS} web processes counts guesses for itself, so an attacker has {settings.WEB_WORKERS} times"
            " as many.",
            hint="Set CACHE_URL to a Redis that they share.",
            id="gatehouse.W002",
        )
    ]


@register("gatehouse")
def secrets_are_private(*_: Any, **__: Any) -> list[CheckMessage]:
    """The key-encryption key and Django's secret key, when they lie in the data folder, are nobody else's to read.

    Elsewhere they may be what a container runtime mounts, whose modes it chooses itself.
    """
    return [
        Warning(f"{file} can be read by other users of this machine.", hint=f"chmod 600 {file}", id="gatehouse.W001")
        for file in (settings.SECRET_KEY_FILE, settings.KEY_ENCRYPTION_KEY_FILE)
        if Path(file).parent == settings.DATA_DIR and file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077
    ]
