"""The forms of the self-service pages."""

from __future__ import annotations

import re
import zoneinfo
from datetime import date
from typing import Any, ClassVar, Final

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from identity.look.choice import THEMES
from identity.models import User

# OpenID Connect Core §5.1: a day, a year alone, or a day without its year.
_BIRTHDATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}|\d{4}|0000-\d{2}-\d{2}")
_PHONE: Final = re.compile(r"\+?[0-9 ()./-]{3,40}(?:;ext=\d{1,10}|\s*x\d{1,10})?")
# Members of ``address`` that a person writes; ``formatted`` follows from them.
_ADDRESS: Final[dict[str, tuple[Any, str]]] = {
    "street_address": (_("Street and house number"), "street-address"),
    "postal_code": (_("Postal code"), "postal-code"),
    "locality": (_("Town"), "address-level2"),
    "region": (_("Region"), "address-level1"),
    "country": (_("Country"), "country-name"),
}


def _text(autocomplete: str, **attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": autocomplete, **attributes})


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """What a person says about themselves: every standard claim that they may write (OpenID Connect Core §5.1)."""

    class Meta:
        """The fields, in the order of the page; those of the address are added below."""

        model = User
        fields = (
            "name",
            "given_name",
            "middle_name",
            "family_name",
            "nickname",
            "birthdate",
            "gender",
            "website",
            "profile",
            "phone_number",
        )
        labels: ClassVar = {"profile": _("Page about you"), "website": _("Website"), "birthdate": _("Date of birth")}
        help_texts: ClassVar = {
            "name": _("As you want it to be shown."),
            "nickname": _("How this page greets you."),
            "birthdate": _("Year, month, day: 1990-05-04. The year alone will do, or 0000-05-04 without it."),
            "gender": _("In your own words."),
            "phone_number": _("With the country's code: +44 20 7946 0000."),
        }
        widgets: ClassVar = {
            "name": _text("name"),
            "given_name": _text("given-name"),
            "middle_name": _text("additional-name"),
            "family_name": _text("family-name"),
            "nickname": _text("nickname"),
            "birthdate": _text("bday", inputmode="numeric"),
            "gender": _text("sex"),
            "website": forms.URLInput(attrs={"autocomplete": "url"}),
            "profile": forms.URLInput(attrs={"autocomplete": "off"}),
            "phone_number": forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, autocomplete) in _ADDRESS.items():
            lines = name == "street_address"
            widget: forms.Widget = (
                forms.Textarea(attrs={"rows": 2, "autocomplete": autocomplete}) if lines else _text(autocomplete)
            )
            self.fields[name] = forms.CharField(
                label=label, required=False, max_length=200, widget=widget, initial=self.instance.address.get(name, "")
            )

    def clean_birthdate(self) -> str:
        """A day, a year, or a day of any year.

        Raises:
            ValidationError: it is written otherwise, or there is no such day.
        """
        value: str = self.cleaned_data["birthdate"].strip()
        if not value:
            return ""
        if not _BIRTHDATE.fullmatch(value):
            raise forms.ValidationError(_("Write the year, the month and the day, such as 1990-05-04."))
        if len(value) > 4:
            year, month, day = (int(part) for part in value.split("-"))
            try:
                date(year or 2000, month, day)
            except ValueError:
                raise forms.ValidationError(_("There is no such day.")) from None
        return value

    def clean_phone_number(self) -> str:
        """Digits and what people write between them.

        Raises:
            ValidationError: it is no telephone number.
        """
        value: str = self.cleaned_data["phone_number"].strip()
        if value and not _PHONE.fullmatch(value):
            raise forms.ValidationError(
                _("Write a telephone number: digits, with + and the country's code before them.")
            )
        return value

    def clean(self) -> dict[str, Any] | None:
        """Put the address together; another number is one that nobody has verified."""
        cleaned = super().clean()
        said = self.cleaned_data
        parts = {name: said[name].strip() for name in _ADDRESS if said.get(name, "").strip()}
        former = {name: self.instance.address[name] for name in _ADDRESS if self.instance.address.get(name)}
        if parts != former:
            town = " ".join(parts[name] for name in ("postal_code", "locality") if name in parts)
            rows = [parts.get("street_address", ""), town, parts.get("region", ""), parts.get("country", "")]
            formatted = "\n".join(row for row in rows if row)
            self.instance.address = {"formatted": formatted, **parts} if parts else {}
        if "phone_number" in self.changed_data:
            self.instance.phone_number_verified = False
        return cleaned


class UsernameForm(forms.Form):
    """The name one signs in with."""

    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        help_text=_("Letters, digits and . - + _"),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean_username(self) -> str:
        """As at sign-up; one's own name may change its capital letters.

        Raises:
            ValidationError: it is malformed, somebody has it, or it is the present one.
        """
        wanted, present = self.cleaned_data["username"], self.initial["username"]
        if wanted == present:
            raise forms.ValidationError(_("That is your username already."))
        own = wanted.lower() == present.lower()
        return str(get_adapter().clean_username(wanted, shallow=own))


class AppearanceForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """How pages look to a person, and in which language and time."""

    theme = forms.ChoiceField(label=_("Theme"), required=False, choices=list(THEMES.items()), widget=forms.RadioSelect)
    locale = forms.ChoiceField(label=_("Language"), required=False)
    zoneinfo = forms.ChoiceField(label=_("Time zone"), required=False)

    class Meta:
        """The fields, in the order of the page."""

        model = User
        fields = ("theme", "locale", "zoneinfo")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # whatever Django's form takes
        zones = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith("Etc/"))
        languages = [(code, str(get_language_info(code)["name_local"])) for code, _name in settings.LANGUAGES]
        self._offer("locale", _("As in my browser"), languages)
        self._offer("zoneinfo", _("Not set"), [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in zones)])

    def _offer(self, name: str, none: object, choices: list[tuple[str, str]]) -> None:
        """Offer these values, no value, and whatever the person has already: saving must not lose what an operator set."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
        mine = getattr(self.instance, name)
        kept = [(mine, mine)] if mine and mine not in dict(choices) else []
        field.choices = [("", none), *kept, *choices]
