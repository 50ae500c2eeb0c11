"""The sign-in form."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django.utils.translation import gettext_lazy as _


class SignInForm(LoginForm):
    """allauth's form, with a label that says what to type; what was typed stays when the password was wrong."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login = self.fields["login"]
        login.label = _("Username or email address")
        login.max_length = 254
        login.widget.attrs = {
            "autocomplete": "username",
            "autocapitalize": "none",
            "spellcheck": "false",
            "maxlength": "254",
            "autofocus": not self.initial.get("login"),
        }
        password = self.fields["password"]
        password.help_text = ""
        password.max_length = 1_024
        password.widget.attrs = {"autocomplete": "current-password", "autofocus": bool(self.initial.get("login"))}
