"""``make screenshots``: every page of ``tests.support.pages`` in light and dark, on a telephone and a desktop, into docs/screenshots.

For people to look at. Words choose pages: ``python -m tests.screenshots -o FOLDER -l ar account_login consent``.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path
from typing import Final

import django
from PIL import Image

WIDTHS: Final = {"phone": 320, "tablet": 768, "desktop": 1440}
DEFAULT: Final = ("phone", "desktop")
THEMES: Final = ("light", "dark")
# Enough for letters to stay sharp.
_QUALITY: Final = 72


def save(png: bytes, path: Path) -> None:
    """A picture as a small file."""
    Image.open(io.BytesIO(png)).convert("RGB").save(path, "WEBP", quality=_QUALITY, method=5)


def main() -> None:
    """Go through the table, and write one WebP a page, theme and width."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=main.__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/screenshots"))
    parser.add_argument("-s", "--size", choices=WIDTHS, action="append", help="only these widths")
    parser.add_argument("-t", "--theme", choices=THEMES, action="append", help="only these themes")
    parser.add_argument("-l", "--language", default="en")
    parser.add_argument("words", nargs="*", help="only pages with one of these in their name")
    chosen = parser.parse_args()
    chosen.output.mkdir(parents=True, exist_ok=True)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oauth_server.settings.testing")
    django.setup()
    # Names of addresses need a configured Django.
    from tests.support.operator_table import OPERATOR_ROWS  # noqa: PLC0415
    from tests.support.page_table import ROWS  # noqa: PLC0415
    from tests.support.pages import open_row, stage  # noqa: PLC0415

    with stage() as house:
        house.language = chosen.language
        for row in (*ROWS, *OPERATOR_ROWS):
            if chosen.words and not any(word in str(row) for word in chosen.words):
                continue
            page = open_row(row, house)
            for theme in chosen.theme or THEMES:
                page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
                # django-unfold asks the device once, when a page begins.
                page.evaluate(
                    f"window.Alpine && document.documentElement.classList.toggle('dark', {int(theme == 'dark')})"
                )
                for size in chosen.size or DEFAULT:
                    page.set_viewport_size({"width": WIDTHS[size], "height": 800})
                    save(page.screenshot(full_page=True), chosen.output / f"{row}.{theme}.{size}.webp")
            sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
