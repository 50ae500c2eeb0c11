"""The forms of the self-service pages."""

from __future__ import annotations

import zoneinfo
from typing import ClassVar

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from identity.models import User


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """What a person says about themselves; applications get it when they ask for the scope ``profile``."""

    locale = forms.ChoiceField(label=_("Language"), required=False)
    zoneinfo = forms.ChoiceField(label=_("Time zone"), required=False)

    class Meta:
        """The fields, in the order of the page."""

        model = User
        fields = ("name", "given_name", "family_name", "nickname", "locale", "zoneinfo", "website")
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

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        zones = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith("Etc/"))
        self._offer("locale", [(code, name) for code, name in settings.LANGUAGES])
        self._offer("zoneinfo", [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in zones)])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Offer these values, no value, and whatever the person has already: saving must not lose what an operator set."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
        mine = getattr(self.instance, name)
        kept = [(mine, mine)] if mine and mine not in dict(choices) else []
        field.choices = [("", _("Not set")), *kept, *choices]
