"""Clients in the operators' pages."""

from unfold.admin import ModelAdmin


class ClientAdmin(ModelAdmin):
    """Registered by django-oauth-toolkit's admin module, through OAUTH2_PROVIDER."""

    list_display = ("name", "client_id", "profile", "is_active")
