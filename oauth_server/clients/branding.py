"""A client's colour on the pages where people sign in to it: its wish, made readable (see ``identity.look.colours``)."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.urls import reverse

from identity.look import colours
from oauth_server.clients.client import RegisteredClient


def style_sheet(client: RegisteredClient) -> str:
    """CSS that follows from the registered ``brand_color``; empty without one."""
    colour = client.metadata.get("brand_color")
    return colours.style_sheet(colour) if isinstance(colour, str) and colour else ""


def version(client: RegisteredClient) -> str:
    """Changes with the style sheet, so that browsers may keep the old one's address; empty without one."""
    sheet = style_sheet(client)
    return hashlib.sha256(sheet.encode()).hexdigest()[:12] if sheet else ""


def src(client: RegisteredClient) -> str:
    """Where a page finds the colour of a client; empty when the client has none."""
    changing = version(client) if settings.FEATURES.client_branding else ""
    return f"{reverse('client_style', args=[client.client_id])}?v={changing}" if changing else ""
