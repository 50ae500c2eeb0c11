"""Passwords that others have used (NIST SP 800-63B §5.1.1.2, ASVS 5.0 §6.2.4): known without asking anybody, or by asking a service.

Django's own validator knows 20 000 common passwords, of which few are as long as ours must be. What people do instead is to take one
and add a year and a sign; that is what is undone here.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from identity.models import User
from identity.signals import password_unchecked
from oauth_server.outbound import fetch

# More than that beside a common word is a password of its own.
MOST_ADDED: Final = 6
SECONDS: Final = 2.0  # somebody looks at a form meanwhile
_MOST_OCTETS: Final = 262_144
_LEET: Final = str.maketrans("013457@$!", "oieastasi")
_AROUND: Final = re.compile(r"^[\W\d_]+|[\W\d_]+$")


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


def _of_this_house() -> set[str]:
    """Words that anybody would try here first."""
    host = urlsplit(settings.ISSUER).hostname or ""
    return {
        word for word in re.split(r"[\W\d_]+", f"{settings.BRAND_NAME} {host}".lower()) if len(word) > 3
    }  # no word of a name


def is_a_common_one_with_something_added(password: str) -> bool:
    """Is it a common password, or a word of this house, with a few digits and signs around it or in place of letters?"""
    typed = password.lower()
    core = _AROUND.sub("", typed)
    bases = {core, core.translate(_LEET), _AROUND.sub("", typed.translate(_LEET))} - {""}
    known = _common() | _of_this_house()
    return any(base in known and len(typed) - len(base) <= MOST_ADDED for base in bases)


class AddedToValidator:
    """Refuses a common password to which something was added."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Let others through.

        Raises:
            ValidationError: it is one.
        """
        del user
        if is_a_common_one_with_something_added(password):
            raise ValidationError(
                _("This is a common password with little added, which is guessed soon. Take several words."),
                code="password_common_with_more",
            )

    def get_help_text(self) -> str:
        """For forms that show it."""
        return _("Your password cannot be a common one with a few characters added.")


class BreachedValidator:
    """Refuses a password that was stolen somewhere, by asking ``BREACHED_PASSWORDS_URL``, where an operator has set it.

    By k-anonymity: the service learns the first five of the forty digits of a SHA-1, and answers with all that it knows to begin so.
    When it does not answer in time the password is let through, and that is recorded.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        """Let others through.

        Raises:
            ValidationError: it was stolen somewhere.
        """
        if not settings.BREACHED_PASSWORDS_URL:
            return
        found = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        address = settings.BREACHED_PASSWORDS_URL + found[:5]
        try:
            answer = fetch.get(address, accept="text/plain", most_octets=_MOST_OCTETS, seconds=SECONDS)
        except fetch.FetchError:
            # Why is not told: a reason that named the address would tell five digits of this person's password.
            password_unchecked.send(sender=User, user=user if user and not user._state.adding else None)
            return
        if _times(answer.body, found[5:]):
            raise ValidationError(
                _("This password is in lists that were stolen elsewhere. Choose one that you use nowhere else."),
                code="password_breached",
            )

    def get_help_text(self) -> str:
        """For forms that show it."""
        return _("Your password cannot be one that was stolen elsewhere.")


def _times(answer: bytes, rest: str) -> int:
    """How often a password was seen; 0 for a line that only hides how long the answer is."""
    for line in answer.decode("ascii", "replace").splitlines():
        suffix, _colon, count = line.strip().partition(":")
        if suffix.upper() == rest:
            return int(count) if count.isdecimal() else 1
    return 0
