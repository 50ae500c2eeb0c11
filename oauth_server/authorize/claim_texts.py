"""What the consent page says about a claim that is asked for by name (OpenID Connect Core §5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# A claim without a row is shown by its name: a person must see everything that they agree to.
CLAIM_TEXTS: Final[Mapping[str, str | Promise]] = MappingProxyType(
    {
        "name": _("See your full name"),
        "family_name": _("See your family name"),
        "given_name": _("See your given name"),
        "middle_name": _("See your middle name"),
        "nickname": _("See your nickname"),
        "preferred_username": _("See your username"),
        "profile": _("See the address of your profile page"),
        "picture": _("See your picture"),
        "website": _("See the address of your website"),
        "gender": _("See your gender"),
        "birthdate": _("See your date of birth"),
        "zoneinfo": _("See your time zone"),
        "locale": _("See your language"),
        "updated_at": _("See when your profile last changed"),
        "email": _("See your email address"),
        "email_verified": _("See whether your email address is verified"),
        "address": _("See your postal address"),
        "phone_number": _("See your phone number"),
        "phone_number_verified": _("See whether your phone number is verified"),
    }
)
