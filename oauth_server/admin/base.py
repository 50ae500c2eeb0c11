"""What every table shares: changes are audited, rows that the protocol writes are only read, acts ask before they act."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline

from oauth_server.audit.events_operator import OperatorAct, RecordAdded, RecordChanged, RecordDeleted
from oauth_server.audit.record import record


def operator_of(request: HttpRequest) -> str:
    """The public subject of whoever acts."""
    return str(request.user.pk)


class OperatorAdmin(ModelAdmin):
    """A table that operators may change."""

    list_per_page = 50
    show_full_result_count = False
    list_fullwidth = True
    warn_unsaved_form = True
    view_on_site: Any = False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's bulk deletion: what ends here ends by an act with a name."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Audit what was added."""
        record(RecordAdded(operator=operator_of(request), model=obj._meta.label, record=str(obj.pk), **_whom(obj)))
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Audit what was changed, by the names of the fields."""
        parts = message if isinstance(message, list) else []
        changed = " ".join(str(name) for part in parts for name in part.get("changed", {}).get("fields", ()))
        record(
            RecordChanged(
                operator=operator_of(request), model=obj._meta.label, record=str(obj.pk), changed=changed, **_whom(obj)
            )
        )
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> Any:
        """Audit what was deleted."""
        for obj in queryset:
            record(
                RecordDeleted(operator=operator_of(request), model=obj._meta.label, record=str(obj.pk), **_whom(obj))
            )
        return super().log_deletions(request, queryset)

    def act(
        self, request: HttpRequest, rows: QuerySet[Any], do: Callable[[Any], bool], event: Callable[[Any], OperatorAct]
    ) -> None:
        """Do one thing to each row, audited, and say how many it changed.

        Args:
            request: whose operator acts.
            rows: what was chosen.
            do: answers whether anything changed.
            event: the fact to record of a row that changed.
        """
        done = 0
        for row in rows:
            with transaction.atomic():
                if do(row):
                    record(event(row))
                    done += 1
        self.message_user(
            request,
            ngettext("%(count)d row changed.", "%(count)d rows changed.", done) % {"count": done},
            messages.SUCCESS if done else messages.WARNING,
        )

    def confirm(
        self,
        request: HttpRequest,
        title: str,
        sentence: str,
        button: str,
        do: Callable[[], HttpResponse | None],
        back: str,
    ) -> HttpResponse:
        """An act that a link leads to: the GET only asks, the POST does it.

        Args:
            request: a GET or a POST.
            title: of the page.
            sentence: what will happen.
            button: the words on the button.
            do: what the POST does; may answer where to go instead of ``back``.
            back: where to go afterwards.
        """
        if request.method == "POST":
            return do() or HttpResponseRedirect(back)
        context = self.admin_site.each_context(request) | {
            "title": title,
            "sentence": sentence,
            "button": button,
            "back": back,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/confirm.html", context)


class ReadOnlyAdmin(OperatorAdmin):
    """Rows that only the protocol writes."""

    warn_unsaved_form = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never; an act asks for ``has_act_permission``."""
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: clean-up deletes what is past its time."""
        del request, obj
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether this operator may end what the table lists: Django's permission to change it."""
        return bool(request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}"))


class ReadOnlyInline(TabularInline):
    """Rows below a record, to look at."""

    extra = 0
    can_delete = False
    tab = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        del request, obj
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        del request, obj
        return False


class ListedAdmin(ReadOnlyAdmin):
    """Rows whose key is the digest of a secret: a list without links, check boxes or pages of their own."""

    actions = None
    list_display_links = None
    list_select_related: ClassVar[tuple[str, ...]] = ("application",)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """The list, never one row: its address would be the digest."""
        return obj is None and bool(super().has_view_permission(request))

    def change_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """No page.

        Raises:
            PermissionDenied: always.
        """
        del args, kwargs
        raise PermissionDenied

    def history_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """No page.

        Raises:
            PermissionDenied: always.
        """
        del args, kwargs
        raise PermissionDenied


def _whom(obj: Model) -> dict[str, str]:
    """Which client or person a change concerns, for the columns of the audit log."""
    if obj._meta.label == "oauth_server.Client":
        return {"client_id": obj.client_id}  # type: ignore[attr-defined]  # the label says that it is one
    if obj._meta.label == "identity.User":
        return {"user": str(obj.pk)}
    return {}
