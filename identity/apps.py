"""The Django app of the people."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Connects the receivers of this package."""

    name = "identity"
    verbose_name = "People"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what listens."""
        from allauth.socialaccount.providers import registry  # noqa: PLC0415  # as below

        from identity import receivers  # noqa: F401, PLC0415  # imported for its effect, once the models are there
        from identity.federation.provider import UpstreamProvider  # noqa: PLC0415  # as above

        registry.register(UpstreamProvider)
