"""REASONS: why a sign-in by an upstream provider did not happen. Each has a word for operators and a sentence for the person. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from django.utils.translation import gettext_lazy as _


class Reason(Enum):
    """The word in the audit log."""

    UNKNOWN = "unknown_provider"
    UNREACHABLE = "provider_unreachable"
    MISCONFIGURED = "provider_misconfigured"
    STATE = "state_unknown"
    ISSUER = "issuer_differs"
    CANCELLED = "cancelled"
    THEIR_ERROR = "provider_refused"
    CODE = "code_refused"
    ID_TOKEN = "id_token_refused"  # noqa: S105  # a word, no secret
    USERINFO = "userinfo_refused"
    STALE = "not_asked_again"
    NOT_LINKED = "not_linked"
    LINKED_ELSEWHERE = "linked_elsewhere"
    ANOTHER_PERSON = "another_person"
    TOO_MANY = "too_many_tries"
    LOGOUT_TOKEN = "logout_token_refused"  # noqa: S105  # a word, no secret


_TRY_AGAIN: Final = _(
    "Go back and try again. If it happens again, sign in another way and tell whoever runs this server."
)

# What the person reads; every sentence ends with what to do.
SENTENCES: Final[Mapping[Reason, Any]] = {
    Reason.UNKNOWN: _("This way to sign in is not offered any more. Choose another one."),
    Reason.UNREACHABLE: _("%(name)s does not answer. Wait a minute and try again, or sign in another way."),
    Reason.STATE: _(
        "This sign-in took longer than ten minutes, was finished already, or began in another browser. Begin again from the"
        " sign-in page."
    ),
    Reason.CANCELLED: _("You cancelled the sign-in at %(name)s. Nothing has changed."),
    Reason.THEIR_ERROR: _("%(name)s did not sign you in. Try again, or sign in another way."),
    Reason.STALE: _(
        "You have to prove anew who you are, and %(name)s did not ask you again. Sign in with your password, a passkey or another"
        " provider."
    ),
    Reason.NOT_LINKED: _(
        "No account here is linked to this %(name)s account. Sign in another way, then link it under Linked accounts."
    ),
    Reason.LINKED_ELSEWHERE: _(
        "This %(name)s account is linked to another account here. Sign in with it to reach that account, or choose another %(name)s"
        " account."
    ),
    Reason.ANOTHER_PERSON: _(
        "Another person signed in here meanwhile. Sign in as yourself and link the account again."
    ),
    Reason.TOO_MANY: _("Too many sign-ins were begun from your network. Wait an hour, or sign in another way."),
}


class Refused(Exception):  # it is said as it is
    """A sign-in by a provider ends here.

    Attributes:
        reason: why.
        detail: for the audit log; never a secret.
        next: where the person wanted to go.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        self.next = ""
        super().__init__(f"{reason.value}: {detail}")


def sentence(reason: Reason, name: str) -> str:
    """What the person reads.

    Args:
        reason: why.
        name: of the provider.
    """
    return str(SENTENCES.get(reason, _TRY_AGAIN)) % {"name": name}
