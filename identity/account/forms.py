"""The forms of the self-service pages."""

from __future__ import annotations

import zoneinfo
from typing import ClassVar

from django import forms
from django.conf import settings
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from identity.look.choice import THEMES
from identity.models import User


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """What a person says about themselves; applications get it when they ask for the scope ``profile``."""

    class Meta:
        """The fields, in the order of the page."""

        model = User
        fields = ("name", "given_name", "family_name", "nickname", "website")
        help_texts: ClassVar = {
            "name": _("As you want it to be shown."),
            "nickname": _("How this page greets you."),
        }
        widgets: ClassVar = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "given_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "family_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
            "nickname": forms.TextInput(attrs={"autocomplete": "nickname"}),
            "website": forms.URLInput(attrs={"autocomplete": "url", "placeholder": "https://"}),
        }


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
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
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
