"""What the operators' pages ask of a sign-in: whoever opens them can do everything to everybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from identity.sign_in.demand import Demand

_ANY: Final = "off"


def operators_demand(now: datetime) -> Demand | None:
    """As settings.ADMIN_MINIMUM_ACR and the lifetime ``operator_proof`` say; None where any sign-in will do.

    Args:
        now: aware UTC.
    """
    if settings.ADMIN_MINIMUM_ACR == _ANY:
        return None
    since = now - timedelta(seconds=settings.LIFETIMES.operator_proof)
    return Demand(required=((settings.ADMIN_MINIMUM_ACR,),), since=since)
