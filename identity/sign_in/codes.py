"""Codes of an authenticator app, and recovery codes: guessed a few times at most, and worth something once.

Recovery codes are readable (encrypted) only from their making until they are shown; after that the table holds digests.
"""

from __future__ import annotations

import base64
from typing import Any, Final

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as hotp
from allauth.mfa.utils import decrypt, encrypt
from django.http import HttpRequest

from identity import at_rest
from identity.models import User, factors
from identity.sign_in.device import device_of
from identity.sign_in.throttle import Guess, Limit

# Five wrong ones and a pause, then a longer one: a million codes are not many. The password was right, so whom a limit
# concerns is known; a browser that the person has used before has limits of its own, and a thief's guesses do not touch them.
LIMITS: Final = tuple(
    Limit(per, amount, seconds)
    for per in (("account",), ("account", "device"))
    for amount, seconds in ((5, 300), (10, 3_600), (20, 86_400))
)


def guess_of(request: HttpRequest, user: User) -> Guess:
    """Whose codes are guessed, and in which browser."""
    return Guess(str(user.pk), request.META.get("REMOTE_ADDR", ""), device_of(request, user), purpose="code")


def _shown(secret: str, step: int) -> str:
    return str(hotp.format_hotp_value(hotp.hotp_value(secret, step)))


def _spend_app(authenticator: Authenticator, code: str) -> bool:
    """A code works once, whichever process sees it again (RFC 6238 §5.2).

    allauth remembers used codes in the cache for half a minute; with a clock tolerance they live longer than that, and
    without Redis every process has a cache of its own.
    """
    secret = decrypt(authenticator.data["secret"])
    steps = [step for step in hotp.yield_hotp_counters_from_time() if _shown(secret, step) == code]
    return bool(steps) and User.objects.spend_step(authenticator, max(steps))


def _digest(authenticator: Authenticator, code: str) -> str:
    return base64.b64encode(at_rest.digest(f"recovery code {authenticator.user_id} {code}")).decode()


def _spend_recovery(authenticator: Authenticator, code: str) -> bool:
    # allauth keeps codes that came from elsewhere in a list of its own, and takes out what is used, one at a time.
    kept = "migrated_codes" in authenticator.data
    found: bool = authenticator.wrap().validate_code(_digest(authenticator, code) if kept else code)
    return found


_SPEND: Final = {Authenticator.Type.TOTP: _spend_app, Authenticator.Type.RECOVERY_CODES: _spend_recovery}


def spend(user: User, typed: str) -> Authenticator | None:
    """The authenticator whose code this is; the code is used up. None when it is nobody's, or was used before."""
    code = normalize_user_code(typed)
    return next((one for one in factors.makers_of_codes(user) if _SPEND[one.type](one, code)), None)


def seal(authenticator: Authenticator) -> None:
    """The recovery codes have been shown: from now on nobody can read them, not even here."""
    codes = authenticator.wrap().get_unused_codes()
    kept: dict[str, Any] = {"migrated_codes": [encrypt(_digest(authenticator, code)) for code in codes]}
    factors.replace_data(authenticator, {**kept, "viewed_at": authenticator.data.get("viewed_at")})
