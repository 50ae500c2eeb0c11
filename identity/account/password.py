"""A first password for somebody who signs in by a passkey or a provider."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from allauth.account.views import PasswordSetView

# allauth asks for the old password before a new one, and for nothing where there is no old one.
set_first = reauthentication_required(PasswordSetView.as_view(), app="allauth.account")
