"""The reference is what the code says (design, habits: configuration is documented beside its default)."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from oauth_server.management.reference import PAGES
from oauth_server.settings.environment import BASE_DIR, VARIABLES


@pytest.mark.parametrize("page", PAGES)
def test_the_generated_reference_is_up_to_date(page: str) -> None:
    written = (BASE_DIR / "docs" / "reference" / page).read_text("utf-8")
    assert written == PAGES[page](), f"docs/reference/{page} is stale: make docs"


def test_every_variable_has_a_sentence_that_an_operator_can_read() -> None:
    assert [variable.name for variable in VARIABLES if not variable.sentence.endswith(".")] == []


@pytest.mark.django_db
def test_clean_up_counts_what_it_deleted_and_finds_nothing_in_an_empty_database() -> None:
    call_command("clean_up", json=True, stdout=(out := StringIO()))
    assert '"authorization_codes": 0' in out.getvalue()
    call_command("clean_up", stdout=(out := StringIO()))
    assert out.getvalue() == "Nothing was past its time.\n"
    assert settings.LIMITS.clean_up_batch > 0
