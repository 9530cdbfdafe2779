"""Plots as inline SVG, made by hand: columns over time and bars by name. No script, nothing remote, light and dark.

The colours are CSS variables of `STYLE`, which a page holds once. Every figure is also text in the plot, or in the
title of its mark, so that a screen reader and a mouse find it.
"""

from collections.abc import Mapping, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6b7e; --line: #dde3ea; --card: #fff; --page: #f3f5f8;
  --answered: #1f8a5b; --held: #d98a00; --silent: #a9b6c6; --quarantined: #cf3b3b; --bar: #2f6fde; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf2; --soft: #94a3b8; --line: #2a3442; --card: #161d27;
  --page: #0d1218; --answered: #3fbf86; --held: #f0b040; --silent: #4a5a6e; --quarantined: #f06a6a; --bar: #6b9dff; } }
svg text { font: 12px/1 system-ui, sans-serif; fill: var(--soft); }
svg .value { fill: var(--ink); font-weight: 600; }
svg .name { fill: var(--ink); }
.answered { fill: var(--answered); } .held { fill: var(--held); } .silent { fill: var(--silent); }
.quarantined { fill: var(--quarantined); } .bar { fill: var(--bar); }
.grid { stroke: var(--line); stroke-width: 1; }
"""
WIDTH, HEIGHT = 560, 200
LEFT, BOTTOM, TOP = 40, 24, 10
ROW = 26
"""Height of a bar with its gap."""
NAME = 160
"""Width of the names of bars."""


def columns(points: Sequence[tuple[str, Mapping[str, int]]], kinds: Sequence[str], label: str) -> str:
    """One column a point: (its name, kind -> number), the kinds stacked in this order from the ground up."""
    most = nice(max((sum(parts.values()) for _, parts in points), default=0))
    step = (WIDTH - LEFT) / max(len(points), 1)
    wide = max(1.0, min(step * 0.72, 42))
    out = [_svg(HEIGHT, label)]
    for share in (0, 0.5, 1):
        y = _y(most * share, most)
        out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{most * share:,.0f}</text>')
    every = -(-len(points) // 8)
    for number, (name, parts) in enumerate(points):
        x, ground = LEFT + step * number + (step - wide) / 2, 0
        for kind in kinds:
            if count := parts.get(kind, 0):
                top, low = _y(ground + count, most), _y(ground, most)
                out.append(
                    f'<rect class="{kind}" x="{x:.1f}" y="{top:.1f}" width="{wide:.1f}"'
                    f' height="{low - top:.1f}" rx="1.5">'
                    f"<title>{escape(name)}: {count:,} {escape(kind)}</title></rect>"
                )
                ground += count
        if number % every == 0:
            middle = min(max(x + wide / 2, LEFT), WIDTH - 20)
            out.append(f'<text x="{middle:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(name)}</text>')
    return "".join(out) + "</svg>"


def bars(rows: Sequence[tuple[str, int]], kind: str, label: str) -> str:
    """One horizontal bar a row: (name, number), with number and share beside it."""
    total, most = sum(n for _, n in rows), max((n for _, n in rows), default=0)
    room = WIDTH - NAME - 100
    out = [_svg(ROW * max(len(rows), 1) + 6, label)]
    for number, (name, count) in enumerate(rows):
        y, wide = 4 + ROW * number, max(2.0, room * count / max(most, 1))
        shown = name if len(name) < 24 else name[:23] + "…"
        out.append(
            f'<text class="name" x="{NAME - 10}" y="{y + 14}" text-anchor="end">{escape(shown)}'
            f"<title>{escape(name)}</title></text>"
            f'<rect class="{kind}" x="{NAME}" y="{y}" width="{wide:.1f}" height="18" rx="3"/>'
            f'<text x="{NAME + wide + 8:.1f}" y="{y + 14}"><tspan class="value">{count:,}</tspan>'
            f"  {count / max(total, 1):.0%}</text>"
        )
    return "".join(out) + "</svg>"


def nice(most: float) -> int:
    """The least number of 2, 4, 6, 8, 10, 20, 40 … that is not below `most`: the top of an axis, even."""
    top, scale = 10, 1
    while top * scale < most:
        scale *= 10
    return next(n * scale for n in (2, 4, 6, 8, 10) if n * scale >= most)


def _y(value: float, most: int) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most)


def _svg(height: float, label: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">'
