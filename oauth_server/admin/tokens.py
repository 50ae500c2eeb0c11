"""Tokens in the operators' pages: by family, never by value."""

from unfold.admin import ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """Rows that only the protocol writes."""
