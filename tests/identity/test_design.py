"""The colours of static/css/gatehouse.css, measured (WCAG 2.2 §1.4.3 and §1.4.11), and where files come from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CSS = (ROOT / "static/css/gatehouse.css").read_text()
DARK = (ROOT / "static/css/dark.css").read_text()

TEXT = 4.5
CONTROL = 3.0
PAIRS = [
    ("ink", "ground", TEXT),
    ("ink", "surface", TEXT),
    ("ink", "sunken", TEXT),
    ("ink", "arch", TEXT),
    ("ink-soft", "ground", TEXT),
    ("ink-soft", "surface", TEXT),
    ("ink-soft", "sunken", TEXT),
    ("ink-soft", "arch", TEXT),
    ("accent", "surface", TEXT),
    ("accent", "ground", TEXT),
    ("accent", "arch", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    ("accent-strong", "accent-wash", TEXT),
    ("danger", "surface", TEXT),
    ("danger", "danger-wash", TEXT),
    ("danger-strong", "danger-wash", TEXT),
    ("warning", "warning-wash", TEXT),
    ("success", "success-wash", TEXT),
    ("line-strong", "surface", CONTROL),
    ("line-strong", "ground", CONTROL),
]


def tokens(scheme: str) -> dict[str, str]:
    """The colours of a scheme; dark overrides light."""
    sheets = [CSS] if scheme == "light" else [CSS, DARK]
    blocks = [re.findall(r":root \{([^}]*)\}", sheet)[0] for sheet in sheets]
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", "".join(blocks)))


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_text_and_controls_stand_out_from_their_ground(front: str, back: str, least: float, scheme: str) -> None:
    colour = tokens(scheme)
    lighter, darker = sorted((luminance(colour[front]), luminance(colour[back])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= least


def test_no_rule_names_a_colour_beside_the_tokens() -> None:
    """But the white under a QR code, which cameras need in the dark too, and under logos, which are drawn for it."""
    rules = CSS.split("/* ---------- page ---------- */")[1]
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", rules)) <= {"#ffffff"}


def test_no_template_or_style_loads_anything_from_elsewhere() -> None:
    """Scorecard L-04: no third party learns who signs in."""
    for path in [*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/css/*.css")]:
        text = path.read_text()
        assert not re.search(r"""(?:src|<link[^>]*href|url\()\s*=?\s*["']?\s*(?:https?:)?//""", text), path


def test_what_is_vendored_has_its_licence_beside_it() -> None:
    vendored = [folder for folder in (ROOT / "static/vendor").iterdir() if folder.is_dir()]
    assert vendored
    for folder in vendored:
        assert list(folder.glob("LICEN[CS]E*")), folder
