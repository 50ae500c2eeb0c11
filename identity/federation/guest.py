"""Somebody who came from a provider, is linked to nobody here, and has not said yet who they are: kept in the browser's session.

Bound to one browser, one account elsewhere and ten minutes, and spent when it is used. Nothing of it is ever kept beside the
session, where a proof made for one account elsewhere could be used by another (CVE-2026-9087, CVE-2026-92358).
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest

from identity.federation import connection
from identity.federation.assurance import Vouched
from identity.federation.profile import Stranger
from identity.federation.sign_in import Arrival

_KEY: Final = "upstream_guest"
SECONDS: Final = 600


def put(request: HttpRequest, arrival: Arrival, now: datetime) -> None:
    """Remember who came; whoever came before in this browser is forgotten."""
    request.session[_KEY] = {
        "slug": arrival.made.slug,
        "fingerprint": arrival.made.fingerprint,
        "stranger": asdict(arrival.stranger) | {"claims": dict(arrival.stranger.claims)},
        "vouched": arrival.vouched.to_json(),
        "id_token": arrival.sealed_id_token,
        "next": arrival.next,
        "until": int(now.timestamp()) + SECONDS,
    }


def get(request: HttpRequest, now: datetime) -> Arrival | None:
    """Who came; None when nobody did, their time is over, or their provider is not what it was."""
    kept: dict[str, Any] | None = request.session.get(_KEY)
    if kept is None:
        return None
    made = connection.find(kept["slug"])
    if made is None or made.fingerprint != kept["fingerprint"] or kept["until"] <= now.timestamp():
        drop(request)
        return None
    return Arrival(
        made=made,
        stranger=Stranger(**kept["stranger"]),
        vouched=Vouched.from_json(kept["vouched"]),
        sealed_id_token=kept["id_token"],
        next=kept["next"],
    )


def drop(request: HttpRequest) -> None:
    """Forget who came."""
    request.session.pop(_KEY, None)
