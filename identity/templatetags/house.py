"""``{% load house %}``: the brand, icons, the theme, links that know where one is, and moments in the reader's own time."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.forms import BoundField
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from identity.look import brand as look
from identity.look.choice import theme_of

register = template.Library()

_ICONS: Final = "vendor/lucide"
# These point in the direction of reading.
_DIRECTED: Final = frozenset({"log-in", "log-out"})


@register.simple_tag
def brand() -> look.Brand:
    """The operator's brand."""
    return look.brand()


@register.simple_tag
def issuer() -> str:
    """The address of this server."""
    return str(settings.ISSUER_ORIGIN)


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """The theme of the page: light, dark, or empty to follow the device. Pages without a request follow the device."""
    request = context.get("request")
    return theme_of(request) if isinstance(request, HttpRequest) else ""


@cache
def _drawing(name: str) -> str:
    found = finders.find(f"{_ICONS}/{name}.svg")
    if not isinstance(found, str):
        raise template.TemplateSyntaxError(f"There is no icon called {name}.")
    return Path(found).read_text("utf-8").strip().removeprefix("<svg")


@register.simple_tag
def icon(name: str) -> SafeString:
    """A picture beside words, which say the same: screen readers pass it over."""
    kind = "icon directed" if name in _DIRECTED else "icon"
    return mark_safe(f'<svg class="{kind}" aria-hidden="true" focusable="false"{_drawing(name)}')  # noqa: S308  # a vendored file


@register.inclusion_tag("components/nav_link.html", takes_context=True)
def nav_link(
    context: template.Context, address: str, drawing: str, text: str, *, within: bool = False
) -> dict[str, Any]:
    """A link of a navigation; nothing where the address does not exist.

    Args:
        context: the page's.
        address: the name of an address.
        drawing: the name of an icon.
        text: what the link says.
        within: whether the pages below it belong to it too.
    """
    try:
        url = reverse(address)
    except NoReverseMatch:
        return {}
    request = context.get("request")
    path = request.path if isinstance(request, HttpRequest) else ""
    here = "page" if path == url else "true" if within and path.startswith(url) else ""
    return {"url": url, "icon": drawing, "text": text, "here": here}


@register.filter
def control(field: BoundField) -> SafeString:
    """The control of a field.

    When a form comes back, the page begins at what is wrong: at the words above the fields (``components/form_errors.html``), else
    at the first field that has a fault, whose words belong to it. No script moves the focus.
    """
    form = field.form
    if not form.errors:
        return field.as_widget()
    first = next((name for name in form.fields if name in form.errors), "")
    return field.as_widget(attrs={"autofocus": field.name == first and not form.non_field_errors()})


@register.filter
def day(value: datetime) -> str:
    """A day, in the reader's language and time zone."""
    return formats.date_format(timezone.localtime(value), "DATE_FORMAT")


@register.filter
def moment(value: datetime) -> SafeString:
    """A day and a time, with the name of the time zone."""
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}">{} {}</time>',
        value.isoformat(),
        formats.date_format(local, "DATETIME_FORMAT"),
        local.tzname(),
    )


@register.simple_tag
def languages() -> list[tuple[str, str]]:
    """The languages that pages can speak: code, and name in the language itself."""
    return [(code, str(translation.get_language_info(code)["name_local"])) for code, _ in settings.LANGUAGES]
