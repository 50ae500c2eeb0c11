"""The data folder and the two secret files: made on first use in development, required in production."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from oauth_server.settings.databases import SQLITE
from oauth_server.settings.environment import BadSetting

# setting → octets. Django wants its key longer than 50 characters; AES-256 wants exactly 32 octets.
OCTETS: Final = {"SECRET_KEY_FILE": 64, "KEY_ENCRYPTION_KEY_FILE": 32, "METRICS_TOKEN_FILE": 32}


def prepare_data_dir(folder: Path) -> None:
    """Make the data folder, mode 0700, or prove that it can be written to.

    A folder that exists keeps its mode: it may be one that other programs use.

    Raises:
        BadSetting: it is no folder, or we may not write there.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting("DATA_DIR", f"names {folder}, which cannot be made ({error.strerror}).") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadSetting("DATA_DIR", f"names {folder}, which this user may not write to.")


def prepare_database_file(database: Mapping[str, Any]) -> None:
    """Make SQLite's file with mode 0600, whatever the folder and the umask allow; its journals take the same mode.

    Raises:
        BadSetting: it cannot be written.
    """
    if database["ENGINE"] == SQLITE and database["NAME"] != ":memory:":
        try:
            os.close(os.open(database["NAME"], os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError as error:
            why = f"names {database['NAME']}, which cannot be written ({error.strerror})."
            raise BadSetting("DATABASE_URL", why) from None


def settle(
    data_dir: Path, database: Mapping[str, Any], secret_files: Mapping[str, Path], *, make: bool
) -> dict[str, str]:
    """Whatever must be on the disk: judged first, so that a start which fails leaves nothing; then made.

    Args:
        data_dir: the data folder.
        database: Django's settings of the database.
        secret_files: the variable that names it → the file.
        make: whether missing secrets are made (development).

    Returns:
        The variable → the text of its secret.

    Raises:
        BadSetting: something of it cannot be used.
    """
    for setting, file in secret_files.items():
        if not make or os.path.exists(file):  # noqa: PTH110  # Path.exists raises where the folder may not be entered
            read_secret(file, setting, make=False)
    prepare_data_dir(data_dir)
    prepare_database_file(database)
    return {setting: read_secret(file, setting, make=make) for setting, file in secret_files.items()}


def make_secret(file: Path, octets: int) -> None:
    """Write random octets, base64url, mode 0600, unless the file exists.

    The name appears only when the content is complete: of several processes that start together exactly one wins,
    and none reads half a key.

    Raises:
        OSError: the folder cannot be written to.
    """
    if file.exists():
        return
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(base64.urlsafe_b64encode(secrets.token_bytes(octets)) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def read_secret(file: Path, setting: str, *, make: bool) -> str:
    """The text of a secret file.

    Args:
        file: where it is.
        setting: the variable that names it; OCTETS says how long it must be.
        make: create it when it is missing (development and tests).

    Raises:
        BadSetting: it is missing, unreadable, too short, or no base64url.
    """
    wanted = OCTETS[setting]
    how = f"openssl rand -base64 {wanted} | tr -d '\\n' | tr '+/' '-_'"
    try:
        if make:
            make_secret(file, wanted)
        text = file.read_text("ascii").strip()
        octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except FileNotFoundError:
        first = "" if file.parent.is_dir() else f"mkdir -p {file.parent} && "
        make_it = f"(umask 077 && {first}{how} > {file})"
        raise BadSetting(setting, f"names {file}, which does not exist. Make it with: {make_it}") from None
    except OSError as error:
        raise BadSetting(setting, f"names {file}, which cannot be used ({error.strerror}).") from None
    except (ValueError, binascii.Error):
        # A line to paste would overwrite what is there, be it another program's file or a key that a copy was damaged of.
        raise BadSetting(setting, f"names {file}, which is not base64url, as from: {how}") from None
    if len(octets) < wanted:
        raise BadSetting(setting, f"names {file}, which holds fewer than {wanted} octets; enough are from: {how}")
    return text
