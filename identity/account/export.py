"""Everything that is stored about a person, as one JSON document, written row by row: a long history fits in no memory."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from identity.models import User, personal
from identity.subjects import public_subject


class _Encoder(DjangoJSONEncoder):
    """Octets are base64."""

    def default(self, o: Any) -> Any:
        """What JSON has no word for."""
        if isinstance(o, (bytes, memoryview)):
            return base64.b64encode(bytes(o)).decode()
        return super().default(o)


def _json(value: Any) -> str:
    return json.dumps(value, cls=_Encoder, ensure_ascii=False)


def document(user: User, now: datetime) -> Iterator[str]:
    """The document, in pieces.

    Args:
        user: whose.
        now: when it was asked for.
    """
    yield "{\n"
    yield f' "issuer": {_json(settings.ISSUER)},\n "subject": {_json(public_subject(user.pk))},\n "exported_at": {_json(now)}'
    for holding in reversed(personal.holdings()):
        if not holding.told:
            continue
        yield f",\n {_json(holding.name)}: ["
        for number, row in enumerate(personal.rows(holding, user.pk)):
            yield f"{',' if number else ''}\n  {_json(row)}"
        yield "\n ]"
    yield "\n}\n"
