"""The audit log and the outbox: what happened, and what is still to be told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import EmptyFieldListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from oauth_server.admin.base import ReadOnlyAdmin
from oauth_server.admin.decorators import display
from oauth_server.audit.events import Event
from oauth_server.models import AuditEvent, OutboxMessage


def _names(base: type[Event] = Event) -> Iterator[str]:
    for kind in base.__subclasses__():
        if kind.name:
            yield kind.name
        yield from _names(kind)


class Name(admin.SimpleListFilter):
    """By fact. The classes know every name; asking a table of millions for its distinct names would not."""

    title = _("fact")
    parameter_name = "name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The choices."""
        del request, model_admin
        return [(name, name) for name in sorted(set(_names()))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """The rows of the choice."""
        del request
        return queryset.filter(name=self.value()) if self.value() else queryset


class AuditEventAdmin(ReadOnlyAdmin):
    """Facts, newest first. Nobody changes one."""

    list_display = ("at", "name", "outcome", "client_id", "user", "ip_address", "request_id")
    list_filter = ("suspicious", "result", Name)
    search_fields = ("=client_id", "=user", "=family", "=request_id", "=ip_address")
    search_help_text = _("client_id, subject, family, request id or address, each in full")
    ordering = ("-at",)
    actions = None
    fields = (
        "at",
        "name",
        "result",
        "suspicious",
        "client_id",
        "user",
        "family",
        "ip_address",
        "request_id",
        "all_facts",
    )
    readonly_fields = ("all_facts",)

    @display(
        description=_("outcome"),
        label={"success": "success", "failure": "warning", "suspicious": "danger"},
        ordering="result",
    )
    def outcome(self, event: AuditEvent) -> str:
        """Success, failure, or worth a look."""
        return "suspicious" if event.suspicious else event.result

    @display(description=_("facts"))
    def all_facts(self, event: AuditEvent) -> str:
        """What only this kind of fact knows."""
        return format_html("<pre>{}</pre>", json.dumps(event.facts, indent=2))


class OutboxAdmin(ReadOnlyAdmin):
    """Effects that wait or were brought about."""

    list_display = ("topic", "created", "due", "attempts", "done_at", "abandoned_at", "last_error")
    list_filter = ("topic", ("done_at", EmptyFieldListFilter), ("abandoned_at", EmptyFieldListFilter))
    ordering: ClassVar[tuple[str, ...]] = ("-created",)
    actions = None
    fields = (
        "topic",
        "key",
        "all_payload",
        "created",
        "due",
        "claimed_until",
        "attempts",
        "done_at",
        "abandoned_at",
        "last_error",
    )
    readonly_fields = ("all_payload",)

    @display(description=_("payload"))
    def all_payload(self, message: OutboxMessage) -> str:
        """What the handler is told; it holds no secret."""
        return format_html("<pre>{}</pre>", json.dumps(message.payload, indent=2))
