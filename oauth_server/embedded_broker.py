"""The broker of a server that has none: messages as files in the data folder, each of them there whole or not at all.

kombu's own transport opens the file and then writes it. A worker that looks in between reads an empty message, ends with a
traceback, and the server with it.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """kombu's, with a rename in place of a write."""

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]  # the stubs disagree with kombu
        folder = Path(self.data_folder_out)
        # The reader takes the oldest name first and passes over names that do not end with its queue's.
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}"
        hidden = folder / f"{name}.writing"
        hidden.write_text(dumps(payload), "utf-8")
        hidden.replace(folder / f"{name}.{queue}.msg")


class Transport(filesystem.Transport):
    """What ``broker_transport`` names."""

    Channel = Channel
