"""Fields that need a word more than Django's."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.validators import URLValidator
from django.db import models


class WebAddressField(models.URLField):  # type: ignore[type-arg]  # generic in the stubs alone
    """A URL whose form takes ``example.org`` for ``https://example.org``: what Django 6 does by itself. Web pages only."""

    default_validators: ClassVar[list[Any]] = [URLValidator(schemes=["http", "https"])]  # type: ignore[misc]  # a plain list in Django

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        """The form field, told which scheme to assume."""
        return super().formfield(**{"assume_scheme": "https", **kwargs})

    def deconstruct(self) -> Any:
        """To a migration it is Django's own field: only forms differ."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.URLField", args, kwargs
