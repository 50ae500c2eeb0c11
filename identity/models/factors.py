"""What a person has to prove who they are: named queries about django-allauth's authenticators."""

from __future__ import annotations

from allauth.mfa.models import Authenticator

from identity.models.user import User


def passkeys_of(user: User) -> list[Authenticator]:
    """A person's passkeys and security keys, oldest first."""
    return list(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("created_at", "pk"))


def opens_alone(passkey: Authenticator) -> bool:
    """Can it be found without a username? A browser that does not tell (``credProps`` is optional) is given the benefit."""
    return passkey.wrap().is_passwordless is not False


def has_codes(user: User) -> bool:
    """Has the person an authenticator app or recovery codes?"""
    return bool(Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.WEBAUTHN).exists())
