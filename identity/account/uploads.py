"""How much anybody may upload: a form with a file is read no further than that (settings.FILE_UPLOAD_HANDLERS)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload


class BoundedUpload(FileUploadHandler):
    """Counts the octets of all files of a form; too many end the request, before they fill memory or a disk."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # whatever Django hands to every handler
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Let the chunk pass to the next handler, or stop."""
        del start
        self.received += len(raw_data)
        if self.received > settings.LIMITS.upload_bytes:
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        """The next handler makes the file."""
        del file_size
        return None
