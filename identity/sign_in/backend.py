"""Username or e-mail address, and a password: one look-up and exactly one hash, whoever is meant."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest

from identity.models import User


class OneHashBackend(AuthenticationBackend):
    """allauth's backend without its oracle.

    Left alone it compares the password of a known e-mail address twice (as a username and as an address) and that of an
    unknown one once, so the answer's time tells which addresses have an account.
    """

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:  # noqa: ARG002  # allauth's signature
        login = credentials.get("username") or credentials.get("email") or ""
        found: User | None = self._check_password(User.objects.called(login), credentials.get("password") or "")
        return found
