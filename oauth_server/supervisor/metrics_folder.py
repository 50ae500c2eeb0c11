"""Where several web processes put their numbers, so that whichever is asked can add them up (prometheus_client's multiprocess mode)."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Final

_FORGOTTEN_SECONDS: Final = 86_400


def fresh(data_dir: Path, port: int) -> Path:
    """An empty folder of this server; machines that share ``data_dir`` have one each.

    What servers that are gone have left behind is deleted: each container that is made anew has another name.
    """
    mine = data_dir / "metrics" / f"{socket.gethostname()}-{port}"
    shutil.rmtree(mine, ignore_errors=True)
    mine.mkdir(mode=0o700, parents=True)
    now = mine.stat().st_mtime
    for other in mine.parent.iterdir():
        touched = max((file.stat().st_mtime for file in (other, *other.glob("*"))), default=0)
        if now - touched > _FORGOTTEN_SECONDS:
            shutil.rmtree(other, ignore_errors=True)
    return mine
