"""The Django app of the people."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Connects the receivers of this package."""

    name = "identity"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"
