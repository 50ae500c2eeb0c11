"""What costs a stranger one request must not cost us seconds: JSON in a JWT that nobody has verified yet (scorecard S-04, S-11)."""

from __future__ import annotations

import time

import pytest

from oauth_server.jose.errors import JoseError
from oauth_server.jose.verify import inspect
from tests.support.keys import b64


@pytest.mark.parametrize("filling", [b'\\"', b'"\\', b'"', b"\\", b'"a', b'\\"{'])
def test_a_string_without_an_end_is_read_once(filling: bytes) -> None:
    """Each quote inside it was once taken for a new beginning: 32 KB cost three seconds of a core."""
    payload = b"[" * 17 + b'"' + filling * (23_000 // len(filling))
    token = ".".join(b64(part) for part in (b'{"alg":"ES256"}', payload, bytes(64)))
    began = time.process_time()
    with pytest.raises(JoseError):
        inspect(token)
    assert time.process_time() - began < 0.25
