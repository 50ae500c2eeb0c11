"""The Django app of the protocol."""

from django.apps import AppConfig


class OAuthServerConfig(AppConfig):
    """Connects receivers and system checks."""

    name = "oauth_server"
    verbose_name = "Authorization server"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what listens."""
        # Imported for their effect: receivers connect, checks register.
        from oauth_server import checks, wiring  # noqa: F401, PLC0415  # models must be loaded first
