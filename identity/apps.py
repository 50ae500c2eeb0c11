"""The Django app of the people."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Connects the receivers of this package."""

    name = "identity"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what listens."""
        from identity import receivers  # noqa: F401, PLC0415  # imported for its effect, once the models are there
