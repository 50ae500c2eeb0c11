"""What a person has to prove who they are: named queries about django-allauth's authenticators."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator

from identity.models.user import User


def makers_of_codes(user: User) -> list[Authenticator]:
    """A person's authenticator app, then their recovery codes."""
    return list(Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN).order_by("-type"))


def replace_data(authenticator: Authenticator, data: dict[str, Any]) -> None:
    """Keep something else of an authenticator, in the row as it is now."""
    authenticator.data = data
    authenticator.save(update_fields=["data"])


def passkeys_of(user: User) -> list[Authenticator]:
    """A person's passkeys and security keys, oldest first."""
    return list(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("created_at", "pk"))


def opens_alone(passkey: Authenticator) -> bool:
    """Can it be found without a username? A browser that does not tell (``credProps`` is optional) is given the benefit."""
    return passkey.wrap().is_passwordless is not False


def has_codes(user: User) -> bool:
    """Has the person an authenticator app or recovery codes?"""
    return bool(makers_of_codes(user))


SECOND_STEPS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_WAYS = {
    Authenticator.Type.TOTP: ("totp",),
    Authenticator.Type.RECOVERY_CODES: ("recovery_code",),
    Authenticator.Type.WEBAUTHN: ("security_key",),
}


def second_steps_of(user: User) -> frozenset[str]:
    """The second steps that a person has, as ``identity.sign_in.assurance.WAYS`` calls them."""
    kinds = Authenticator.objects.filter(user=user).values_list("type", flat=True)
    return frozenset(way for kind in kinds for way in _WAYS.get(kind, ()))
