"""Whose house this is: name, logo, colour and footer links, as the operator set them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from identity.look import colours

LOGO_TYPES: Final = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}
# Setting → what its link in the footer says.
LINKS: Final = {
    "IMPRINT_URL": _("Imprint"),
    "PRIVACY_URL": _("Privacy"),
    "TERMS_URL": _("Terms"),
    "HELP_URL": _("Help"),
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the brand, served from here."""

    body: bytes
    media_type: str

    @property
    def version(self) -> str:
        """Changes with the content: what a browser keeps, it may keep for good."""
        return hashlib.sha256(self.body).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Brand:
    """What templates need to know.

    Attributes:
        name: of the house.
        links: (address, text) of the footer.
        style: the operator's colour and style sheet; None when ours stand as they are.
        logo: the operator's; None for ours.
    """

    name: str
    links: tuple[tuple[str, str | Promise], ...]
    style: Asset | None
    logo: Asset | None

    @property
    def style_src(self) -> str:
        """Where a page finds the style; empty without one."""
        return f"{reverse('brand_style')}?v={self.style.version}" if self.style else ""

    @property
    def logo_src(self) -> str:
        """Where a page finds the logo; empty without one."""
        return f"{reverse('brand_logo')}?v={self.logo.version}" if self.logo else ""


@lru_cache(maxsize=1)
def brand() -> Brand:
    """The operator's brand; files are read once in a process."""
    style = colours.style_sheet(settings.BRAND_COLOR) if settings.BRAND_COLOR else ""
    if settings.BRAND_STYLE_FILE:
        style += Path(settings.BRAND_STYLE_FILE).read_text("utf-8")
    logo = Path(settings.BRAND_LOGO_FILE) if settings.BRAND_LOGO_FILE else None
    return Brand(
        name=settings.BRAND_NAME,
        links=tuple((getattr(settings, name), text) for name, text in LINKS.items() if getattr(settings, name)),
        style=Asset(style.encode(), "text/css; charset=utf-8") if style else None,
        logo=Asset(logo.read_bytes(), LOGO_TYPES[logo.suffix.lower()]) if logo else None,
    )


@receiver(setting_changed, dispatch_uid="identity.look.brand")
def _forget(setting: str, **_: object) -> None:
    """Tests change settings; nothing else does."""
    if setting.startswith("BRAND_") or setting in LINKS:
        brand.cache_clear()
