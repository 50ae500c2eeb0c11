"""The table as a picture: for each profile a bar a server, as long as its requests a second, the longest filling the width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bench.table import Row

_WIDTH, _LEFT, _BAR, _GAP = 860, 330, 16, 6
_STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#20302b}.n{font-weight:600}.o{fill:#1d5c4d}.p{fill:#a9b8b1}"
    "@media(prefers-color-scheme:dark){text{fill:#e4ece8}.o{fill:#5fc2a6}.p{fill:#51605a}}"
)


def draw(rows: Sequence[Row], ours: str) -> str:
    """An SVG document.

    Args:
        rows: as measured.
        ours: the server whose bars stand out.
    """
    parts: list[str] = []
    top = 0
    for profile in dict.fromkeys(row.profile for row in rows):
        top += 26
        parts.append(f'<text class="n" x="0" y="{top}">{escape(profile.replace("_", " "))}</text>')
        group = sorted((row for row in rows if row.profile == profile), key=lambda row: -row.rate)
        top += 8
        parts += _bars(group, ours, top)
        top += len(group) * (_BAR + _GAP)
    height = top + 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Requests a second">'
        f"<style>{_STYLE}</style>{''.join(parts)}</svg>\n"
    )


def _bars(group: Sequence[Row], ours: str, top: int) -> Iterable[str]:
    longest = max(row.rate for row in group) or 1.0
    room = _WIDTH - _LEFT - 80
    for at, row in enumerate(group):
        y = top + at * (_BAR + _GAP)
        width = max(1.0, room * row.rate / longest)
        kind = "o" if row.server == ours else "p"
        name = f"{row.server} on {row.database}" if row.server == ours else row.server
        yield f'<text x="{_LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>'
        yield f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{width:.0f}" height="{_BAR}" rx="3"/>'
        yield f'<text x="{_LEFT + width + 6:.0f}" y="{y + 12}">{row.rate:,.0f}/s</text>'
