"""The file that RESOURCES names: what makes sense is kept, what does not stops the start (RFC 8707 §2)."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import override_settings

from oauth_server import checks
from oauth_server.settings import environment
from oauth_server.settings.resources import Resource, Resources


def load(tmp_path: Path, text: str) -> Resources:
    file = tmp_path / "resources.json"
    file.write_text(text)
    found: Resources = environment.load({"RESOURCES": str(file)})["RESOURCES"]
    return found


def test_an_own_entry_counts_before_patterns_and_the_first_pattern_before_the_next(tmp_path: Path) -> None:
    known = load(
        tmp_path,
        '{"https://*.example/*": {"any_client": true}, "https://a.example/x": {}, "https://a.*": {"access_token_typ": "JWT"}}',
    )
    assert known.find("https://a.example/x") == Resource()
    assert known.find("https://a.example/y") == Resource(any_client=True)
    assert known.find("https://a.b") == Resource(access_token_typ="JWT")
    assert known.find("https://elsewhere") == Resource()


def test_without_the_file_nothing_is_open() -> None:
    assert environment.load({})["RESOURCES"].find("https://a.example") == Resource()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"a b": {}}', '{"a": []}', '{"a": {"typ": "JWT"}}', '{"a": {"any_client": "yes"}}', '{"": {}}',
     '{"a": {"access_token_typ": "jwt"}}', '{"a": {"access_token_claims": "email"}}', '{"a": {"access_token_claims": [1]}}'],
)  # fmt: skip
def test_what_makes_no_sense_stops_the_start(tmp_path: Path, text: str) -> None:
    with pytest.raises(environment.BadSetting, match="RESOURCES"):
        load(tmp_path, text)


def test_a_claim_that_nobody_has_stops_the_start(tmp_path: Path) -> None:
    with override_settings(RESOURCES=load(tmp_path, '{"a": {"access_token_claims": ["email", "iss"]}}')):
        assert "gatehouse.E008" in {message.id for message in checks.settings_agree()}
    with override_settings(RESOURCES=load(tmp_path, '{"a": {"access_token_claims": ["email"]}}')):
        assert "gatehouse.E008" not in {message.id for message in checks.settings_agree()}
