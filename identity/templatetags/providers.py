"""Are there providers elsewhere? Asked by the menu of an account, which shows no page that would be empty for everybody."""

from __future__ import annotations

from django import template

from identity.federation import connection

register = template.Library()


@register.simple_tag
def has_providers() -> bool:
    """Whether anybody may sign in, or link, with a provider."""
    return bool(connection.active())
