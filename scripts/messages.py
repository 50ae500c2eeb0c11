"""``make messages``: texts of pages and mails, collected from the source into ``locale/``; what is translated there is compiled.

What is in the source and not yet in a catalog is added empty, what is gone is dropped, and a translation stays while its English
is the same. Nothing is guessed from a similar text. Needs no gettext tools: Babel reads and writes the files.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

ROOT: Final = Path(__file__).resolve().parent.parent
LOCALE: Final = ROOT / "locale"
PYTHON: Final = ("identity/**/*.py", "oauth_server/**/*.py")
TEMPLATES: Final = ("templates/**/*.html", "templates/**/*.txt")
# A call's name → how many of its arguments are texts: of two, the second is the plural.
CALLS: Final = {"_": 1, "gettext": 1, "gettext_lazy": 1, "ngettext": 2, "ngettext_lazy": 2}

Text = str | tuple[str, str]


def files(patterns: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The source files that speak to people: path from the top, and content."""
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def in_python(source: str) -> Iterator[Text]:
    """The texts of a module."""
    options = {"encoding": "utf-8"}
    for _line, call, said, _notes in extract_python(io.BytesIO(source.encode()), tuple(CALLS), (), options):
        texts = [text for text in (said if isinstance(said, tuple) else (said,))[: CALLS[str(call)]] if text]
        if len(texts) == CALLS[str(call)]:
            yield texts[0] if len(texts) == 1 else (texts[0], texts[1])


def in_template(source: str) -> Iterator[Text]:
    """The texts of a template: Django turns its tags into calls of Python, whose indentation would offend Python."""
    return in_python("\n".join(line.lstrip() for line in templatize(source).splitlines()))


def collect() -> Catalog:
    """Every text of the source, with the files that it stands in."""
    found = Catalog(charset="utf-8")
    for patterns, texts in ((PYTHON, in_python), (TEMPLATES, in_template)):
        for name, source in files(patterns):
            for text in texts(source):
                found.add(text, locations=[(name, 0)])
    return found


def catalog_path(language: str) -> Path:
    """Where the translations of a language stand."""
    return LOCALE / to_locale(language) / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    """The translations of a language; an empty catalog where there are none yet."""
    path, locale = catalog_path(language), to_locale(language)
    if path.exists():
        with path.open("rb") as file:
            return read_po(file, locale=locale)
    return Catalog(
        locale=locale,
        header_comment=f"# Gatehouse, {language}",
        project="Gatehouse",
        version="1",
        revision_date=datetime.now(UTC),
        last_translator="Gatehouse",
        language_team=language,
        msgid_bugs_address="Gatehouse",
        charset="utf-8",
        fuzzy=False,
    )


def written(catalog: Catalog) -> bytes:
    """A catalog as its .po: no line numbers and one line a text, so that a change shows as what it is."""
    text = io.BytesIO()
    write_po(text, catalog, width=None, ignore_obsolete=True, include_lineno=False)
    return text.getvalue()


def compiled(catalog: Catalog) -> bytes:
    """A catalog as its .mo, which is what the server reads."""
    binary = io.BytesIO()
    write_mo(binary, catalog)
    return binary.getvalue()


def languages() -> list[str]:
    """Every language but the one that the source is written in."""
    return [code for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def missing(catalog: Catalog) -> list[Message]:
    """What has no translation, or not each of its plural forms."""
    return [one for one in catalog if one.id and not (all(one.string) if one.pluralizable else one.string)]


def main() -> int:
    """Bring every catalog up to date, and say what is missing."""
    source = collect()
    for language in languages():
        catalog = read(language)
        catalog.update(source, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
        path = catalog_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(catalog))
        path.with_suffix(".mo").write_bytes(compiled(catalog))
        sys.stdout.write(f"{path.relative_to(ROOT)}: {len(missing(catalog))} of {len(source)} texts to translate\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
