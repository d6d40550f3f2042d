"""Sequence logos as small SVG: letters are references to outlines that the page holds once."""

from __future__ import annotations

from html import escape
from typing import Literal

import numpy as np

from motiflens.analyses.motifs.consensus import consensus
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.report.glyphs import LETTERS, glyph_symbols
from motiflens.models.types import Doubles

BASE = 11.0  # width of a column in px
HEIGHT = 44.0  # height of 2 bits in px


def information_heights(ppm: Doubles) -> Doubles:
    """Heights of the letters in bits, (width, 4): probability times the column's information content.

    Schneider and Stephens 1990, against a uniform background, without the small-sample correction.
    """
    safe = np.where(ppm > 0, ppm, 1.0)
    information = 2.0 + (ppm * np.log2(safe)).sum(axis=1, keepdims=True)  # width, 1
    return ppm * information


def _letters(heights: Doubles, *, left: float, bottom: float, scale: float) -> str:
    """Draw stacks, tallest letter on top, negative ones below the line; `scale` is px per unit."""
    parts = []
    for column, row in enumerate(heights):
        up = down = bottom
        for letter in np.argsort(np.abs(row), kind="stable"):
            size = abs(row[letter]) * scale
            if size < 0.25:
                continue
            if row[letter] > 0:
                up -= size
                top = up
            else:
                top = down
                down += size
            x = left + column * BASE
            place = f"translate({x:.1f} {top:.2f}) scale({BASE * 0.94:.2f} {size:.2f})"
            parts.append(f'<use href="#glyph-{LETTERS[letter]}" transform="{place}"/>')
    return "".join(parts)


def _svg(content: str, *, width: float, height: float, label: str, symbols: bool) -> str:
    defs = glyph_symbols() if symbols else ""
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="logo" role="img" {size}>'
        f"<title>{escape(label)}</title>{defs}{content}</svg>"
    )


def logo(
    matrix: Doubles,
    *,
    units: Literal["information", "probability", "score"] = "information",
    label: str = "sequence logo",
    symbols: bool = True,
) -> str:
    """Draw one logo as SVG.

    Parameters
    ----------
    matrix
        (width, 4): probabilities, or with ``units="score"`` signed contributions, which are drawn as they are.
    units
        ``information`` (bits, 2 at most), ``probability``, or ``score`` (scaled to the tallest stack).
    label
        What it is, for readers that cannot see it.
    symbols
        Include the letters' outlines, so that the SVG stands alone. A page with many logos includes
        `glyph_symbols` once and passes False.

    Returns
    -------
    str
        An SVG element.
    """
    if units == "information":
        heights, top, below = information_heights(matrix), 2.0, 0.0
    elif units == "probability":
        heights, top, below = matrix, 1.0, 0.0
    else:
        heights = matrix
        top = max(float(np.clip(matrix, 0, None).sum(axis=1).max()), 1e-12)
        below = float(-np.clip(matrix, None, 0).sum(axis=1).min())
    scale = HEIGHT / (top + below)
    width = len(matrix) * BASE
    line = f'<path d="M0 {top * scale:.2f}H{width:.0f}" stroke="#999" stroke-width=".5"/>'
    content = _letters(heights, left=0, bottom=top * scale, scale=scale) + line
    return _svg(content, width=width, height=HEIGHT + 1, label=label, symbols=symbols)


def aligned_logos(
    query: Motif, target: Motif, *, offset: int, orientation: str = "+", symbols: bool = True
) -> str:
    """Draw a motif above the known matrix that it matches, shifted so that matched columns stand together.

    Parameters
    ----------
    query, target
        The motif, and what it matches.
    offset
        TOMTOM's ``Optimal_offset``: query column i stands at target column i + offset.
    orientation
        TOMTOM's ``Orientation``: with ``-`` the target is drawn reverse-complemented.
    symbols
        As in `logo`.

    Returns
    -------
    str
        An SVG element; the overlap is shaded.
    """
    shown = target.reverse_complement() if orientation == "-" else target
    start = min(0, offset)  # leftmost column, in the target's coordinates
    width = (max(target.width, offset + query.width) - start) * BASE
    gap = 8.0
    first, last = max(0, offset), min(target.width, offset + query.width)
    shade = (
        f'<rect x="{(first - start) * BASE:.1f}" y="0" width="{max(last - first, 0) * BASE:.1f}" '
        f'height="{2 * HEIGHT + gap:.0f}" class="overlap" fill="#f1f3f5"/>'
    )
    scale = HEIGHT / 2
    upper = _letters(information_heights(query.ppm), left=(offset - start) * BASE, bottom=HEIGHT, scale=scale)
    lower = _letters(information_heights(shown.ppm), left=-start * BASE, bottom=2 * HEIGHT + gap, scale=scale)
    rules = "".join(
        f'<path d="M{x * BASE:.1f} {y:.1f}h{w * BASE:.1f}" stroke="#999" stroke-width=".5"/>'
        for x, y, w in (
            (offset - start, HEIGHT, query.width),
            (-start, 2 * HEIGHT + gap, target.width),
        )
    )
    label = f"{query.name} ({consensus(query)}) above {target.alt or target.name} ({consensus(shown)})"
    return _svg(
        shade + upper + lower + rules, width=width, height=2 * HEIGHT + gap + 1, label=label, symbols=symbols
    )
