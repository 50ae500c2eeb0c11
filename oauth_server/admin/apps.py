"""The admin site as a Django app: which site, and what is registered on it."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class OperatorAdminConfig(AdminConfig):
    """Django's admin with our site; other apps' own pages come first, then ours replace those that show too much."""

    default_site = "oauth_server.admin.site.OperatorSite"

    def ready(self) -> None:
        """Register every page."""
        super().ready()
        from oauth_server.admin import register  # noqa: F401, PLC0415  # imported for its effect, once models are there
