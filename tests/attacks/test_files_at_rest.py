"""Scorecard L-02: what lies in the data folder is its owner's alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from oauth_server.settings.files import prepare_database_file


def test_the_database_file_is_private_in_a_folder_that_is_not(tmp_path: Path) -> None:
    """An operator's folder may be 0755 and the umask 022; the database holds people and sessions all the same."""
    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        prepare_database_file({"ENGINE": "oauth_server.sqlite", "NAME": tmp_path / "gatehouse.sqlite3"})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "gatehouse.sqlite3").stat().st_mode) == 0o600
