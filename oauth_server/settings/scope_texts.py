"""What the file that ``SCOPE_TEXTS`` names says of scopes: the words in which people are asked for them.

``{"notes:read": {"title": "Read your notes", "title#de": "Deine Notizen lesen", "sentence": "All of them.", "picture": "history"}}``.
A language stands behind ``#``, as in a client's metadata (RFC 7591 §2.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from oauth_server.settings.resources import read_json

# RFC 6749 §3.3.
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,255}")
_MEMBER: Final = re.compile(r"(?:title|sentence)(?:#[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*)?|picture")
_PICTURES: Final = Path(__file__).resolve().parent.parent.parent / "static/vendor/lucide"
_LONGEST: Final = 300


def read(file: Path) -> Mapping[str, Mapping[str, str]]:
    """Read the file.

    Raises:
        ValueError: it cannot be read, or says something that has no meaning.
    """
    given = read_json(file)
    if not isinstance(given, dict):
        raise ValueError("must be a JSON object of texts, by scope")  # noqa: TRY004  # one kind of error stops the start
    for name, words in given.items():
        _judge(name, words)
    return given


def _judge(name: str, words: Any) -> None:
    if not _SCOPE.fullmatch(name):
        raise ValueError(f"has a key that is no scope: {name[:100]!r}")
    if not isinstance(words, dict) or not all(isinstance(text, str) and text for text in words.values()):
        raise ValueError(f"must give {name} an object of texts")
    if foreign := sorted(member for member in words if not _MEMBER.fullmatch(member)):
        raise ValueError(f"says of {name} what is not known: {', '.join(foreign)}")
    if "title" not in words:
        raise ValueError(f"must give {name} a title without a language, for readers of all others")
    if max(map(len, words.values())) > _LONGEST:
        raise ValueError(f"says more than {_LONGEST} letters of {name}")
    picture = words.get("picture", "")
    if picture and picture not in {drawing.stem for drawing in _PICTURES.glob("*.svg")}:
        raise ValueError(f"names a picture for {name} that is not in static/vendor/lucide: {picture!r}")
