"""The Django app of the protocol."""

from django.apps import AppConfig


class OAuthServerConfig(AppConfig):
    """Connects receivers and system checks."""

    name = "oauth_server"
    verbose_name = "Authorization server"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what listens."""
        from oauth_server import wiring  # noqa: F401  # imported for its effect: it connects receivers and checks
