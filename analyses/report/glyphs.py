"""Outlines of the letters A, C, G, T for sequence logos, each scaled to the unit square."""

from __future__ import annotations

from functools import lru_cache

LETTERS = "ACGT"
COLOURS = {"A": "#109648", "C": "#255c99", "G": "#f7b32b", "T": "#d62839"}  # WebLogo's scheme


@lru_cache(maxsize=1)
def glyphs() -> dict[str, str]:
    """Return letter -> SVG path data in the unit square, y downwards, as DejaVu Sans Bold draws it.

    The font is the one that comes with matplotlib, so that logos look the same on every machine.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    codes = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
    outlines = {}
    for letter in LETTERS:
        outline = TextPath((0, 0), letter, size=100, prop=FontProperties(family="DejaVu Sans", weight="bold"))
        box = outline.get_extents()
        parts = []
        for vertices, code in outline.iter_segments(curves=True, simplify=False):
            points = vertices.reshape(-1, 2)
            x, y = (points[:, 0] - box.x0) / box.width, (box.y1 - points[:, 1]) / box.height
            closed = code == Path.CLOSEPOLY
            numbers = "" if closed else " ".join(f"{a:.3f} {b:.3f}" for a, b in zip(x, y, strict=True))
            parts.append(codes[code] + numbers)
        outlines[letter] = "".join(parts)
    return outlines


def glyph_symbols() -> str:
    """Return the ``<defs>`` element that logos refer to; a page needs it once."""
    paths = (f'<path id="glyph-{x}" fill="{COLOURS[x]}" d="{outline}"/>' for x, outline in glyphs().items())
    return f"<defs>{''.join(paths)}</defs>"
