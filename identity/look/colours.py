"""A colour that somebody asked for, made readable: the accent of a page, in light and in dark (WCAG 2.2 §1.4.3). Pure."""

from __future__ import annotations

import colorsys
import re
from typing import Final, NamedTuple

# What stands behind text in each scheme, from static/css: a test holds the two together.
LIGHT_GROUNDS: Final = ("#fffefb", "#f4f3ee", "#e9ebe3")
DARK_GROUNDS: Final = ("#1b2320", "#111614", "#171e1b", "#141a18")
TEXT_CONTRAST: Final = 4.5

_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")
_STEP: Final = 0.01


class Accent(NamedTuple):
    """The tokens of one scheme that follow from a colour; each is ``#rrggbb``."""

    accent: str
    accent_strong: str
    accent_wash: str
    on_accent: str


def parse(text: str) -> str:
    """A colour as ``#rrggbb`` in lower case.

    Raises:
        ValueError: it is written otherwise.
    """
    if not _HEX.fullmatch(text):
        raise ValueError("must be a colour such as #1e5b4f")
    return text.lower()


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(min(max(channel, 0.0), 1.0) * 255):02x}" for channel in (red, green, blue))


def _luminance(colour: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(colour: str, ground: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    red, green, blue = (mine * share + its * (1 - share) for mine, its in pairs)
    return _hex(red, green, blue)


def _moved_until_readable(colour: str, grounds: tuple[str, ...], step: float) -> str:
    """The colour, made darker or lighter, its hue kept, until it stands out from each ground. Black and white always do."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    end = 0.0 if step < 0 else 1.0
    while lightness != end and any(contrast(colour, ground) < TEXT_CONTRAST for ground in grounds):
        lightness = min(max(lightness + step, 0.0), 1.0)
        colour = _hex(*colorsys.hls_to_rgb(hue, lightness, saturation))
    return colour


def light(colour: str) -> Accent:
    """The accent on light grounds: at least as dark as text on it and beside it needs."""
    wash = _mix(colour, LIGHT_GROUNDS[0], 0.10)
    accent = _moved_until_readable(colour, (*LIGHT_GROUNDS, "#ffffff"), -_STEP)
    strong = _moved_until_readable(_mix(accent, "#000000", 0.78), (wash,), -_STEP)
    return Accent(accent, strong, wash, "#ffffff")


def dark(colour: str) -> Accent:
    """The accent on dark grounds."""
    wash = _mix(colour, DARK_GROUNDS[0], 0.22)
    accent = _moved_until_readable(colour, (*DARK_GROUNDS, wash), _STEP)
    strong = _moved_until_readable(_mix(accent, "#ffffff", 0.72), (wash,), _STEP)
    return Accent(accent, strong, wash, _moved_until_readable(_mix(accent, "#000000", 0.14), (accent, strong), -_STEP))


def style_sheet(colour: str) -> str:
    """CSS that sets the accent tokens to what follows from a colour; for the page's theme, or the reader's when it has none."""
    dark_tokens = _declarations(dark(colour))
    return (
        f":root{{{_declarations(light(colour))}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark_tokens}}}}}"
        f":root[data-theme=dark]{{{dark_tokens}}}\n"
    )


def _declarations(accent: Accent) -> str:
    return "".join(f"--{name.replace('_', '-')}:{value};" for name, value in accent._asdict().items())
