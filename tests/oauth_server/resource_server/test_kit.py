"""The kit stands alone: an API that only verifies needs neither Django nor our models."""

from __future__ import annotations

import subprocess
import sys

import pytest

PURE = ("bearer", "token", "jwks", "introspect", "verify")


@pytest.mark.parametrize("module", PURE)
def test_the_pure_modules_import_no_django(module: str) -> None:
    program = f"import sys, oauth_server.resource_server.{module}; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_django_modules_import_no_model_of_the_server() -> None:
    program = (
        "import sys; from django.conf import settings; settings.configure();"
        "from oauth_server.resource_server import decorators, middleware, rest_framework;"
        "sys.exit('oauth_server.models' in sys.modules or 'identity' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
