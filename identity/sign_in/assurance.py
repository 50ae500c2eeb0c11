"""What a sign-in is worth: from what the person did (``amr``, RFC 8176) to a level (``acr``, OpenID Connect Core §2). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

# From weakest to strongest; a sign-in of one level satisfies whoever asks for it or for a weaker one.
ACR_VALUES: Final[Mapping[str, str]] = {
    "1": "One factor: a password.",
    "2": "Two factors: a password and a code of the person's authenticator, a recovery code, or a passkey.",
}

# (method, type) as django-allauth records it → RFC 8176 §2.
AMR: Final[Mapping[tuple[str, str | None], tuple[str, ...]]] = {
    ("password", None): ("pwd",),
    ("mfa", "totp"): ("otp",),
    ("mfa", "recovery_codes"): ("otp",),
    ("mfa", "webauthn"): ("hwk", "user"),
}


def amr_of(records: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """What the person did, in RFC 8176's words, in order and each once; ``mfa`` is added when two factors came together.

    Args:
        records: allauth's records of the sign-in: ``{"method": "mfa", "type": "totp", …}``.
    """
    kept = list(records)
    methods = dict.fromkeys(
        word for record in kept for word in AMR.get((record.get("method", ""), record.get("type")), ())
    )
    # A passkey that opens an account alone has asked for its PIN or a fingerprint: two factors in one.
    if ("pwd" in methods and len(methods) > 1) or any(record.get("passwordless") for record in kept):
        methods["mfa"] = None
    return tuple(methods)


def acr_of(amr: Sequence[str]) -> str:
    """The level that these methods reach."""
    return "2" if "mfa" in amr else "1"


def reported(acr: str, wanted: Sequence[str]) -> str:
    """What to tell whoever asks for one of ``wanted``: the level itself, or the strongest of theirs that it is worth.

    Args:
        acr: the level of the sign-in.
        wanted: what is asked for; none of it may fit, then the level itself is the answer.
    """
    if acr in wanted:
        return acr
    return next((level for level in reversed(list(ACR_VALUES)) if level in wanted and satisfies(acr, level)), acr)


def satisfies(acr: str, wanted: str) -> bool:
    """Is a sign-in of level ``acr`` good enough for whoever asks for ``wanted``? An unknown level satisfies only itself."""
    levels = list(ACR_VALUES)
    if acr not in levels or wanted not in levels:
        return acr == wanted
    return levels.index(acr) >= levels.index(wanted)
