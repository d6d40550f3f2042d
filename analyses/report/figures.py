"""Small figures as text that a page can hold: dendrogram, histogram and intervals as SVG, heat maps as PNG."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np

from motiflens.models.types import Doubles, Floats

INK = "#1f3a5f"


def dendrogram(linkage: Doubles, labels: Sequence[str], *, cuts: Sequence[float] = (), title: str = "") -> str:
    """Draw a hierarchical clustering as SVG, root at the left, one row a leaf.

    Parameters
    ----------
    linkage
        scipy's linkage matrix, (n - 1, 4).
    labels
        n names.
    cuts
        Distances at which a dashed line is drawn.
    title
        What it shows, for readers who do not see it.
    """
    from scipy.cluster.hierarchy import dendrogram as layout

    row, wide, margin, top = 13.0, 420.0, 8.0, 18.0
    tree = layout(linkage, no_plot=True, labels=list(labels))
    reach = max(float(linkage[:, 2].max()), *cuts, 1e-9)  # a cut above the root is drawn, too: one cluster is left
    tall = len(labels) * row + top

    def x(distance: float) -> float:
        return margin + wide * (1 - distance / reach)

    lines = []
    for ys, ds in zip(tree["icoord"], tree["dcoord"], strict=True):
        # scipy puts leaf i at 10 i + 5
        points = " ".join(f"{x(d):.1f},{top + y / 10 * row:.1f}" for y, d in zip(ys, ds, strict=True))
        lines.append(f'<polyline points="{points}"/>')
    names = "".join(
        f'<text x="{margin + wide + 6:.0f}" y="{top + (i + 0.5) * row + 3.5:.1f}">{escape(name)}</text>'
        for i, name in enumerate(tree["ivl"])
    )
    ticks = "".join(
        f'<text x="{x(d):.1f}" y="11" text-anchor="middle">{d:g}</text>'
        f'<path d="M{x(d):.1f} 14V{tall:.0f}" class="grid"/>'
        for d in _ticks(reach)
    )
    lines_at = "".join(f'<path d="M{x(cut):.1f} 14V{tall:.0f}" class="cut"/>' for cut in cuts)
    name = title or f"Dendrogram of {len(labels)} motifs"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="figure dendrogram" role="img" width="680" '
        f'height="{tall + 4:.0f}" viewBox="0 0 680 {tall + 4:.0f}"><title>{escape(name)}</title>'
        f"{ticks}{lines_at}"
        f'<g class="tree" fill="none" stroke="{INK}">{"".join(lines)}</g>{names}</svg>'
    )


def _ticks(reach: float) -> list[float]:
    step = 10 ** np.floor(np.log10(reach))
    step = step / 2 if reach / step < 3 else step
    return [float(value) for value in np.arange(0, reach + 1e-9, step)]


def histogram(counts: Sequence[float] | Doubles, *, start: float, width: float, label: str) -> str:
    """Draw counts per bin as SVG bars; the x axis runs in bp from `start` in bins of `width`."""
    wide, tall, left, foot = 420.0, 110.0, 40.0, 22.0
    values = np.asarray(counts, dtype=float)
    top = max(float(values.max(initial=0)), 1.0)
    bar = wide / max(len(values), 1)
    heights = values / top * (tall - 12)
    bars = "".join(
        f'<rect x="{left + i * bar:.2f}" y="{tall - height:.2f}" width="{max(bar - 0.4, 0.3):.2f}" '
        f'height="{height:.2f}"/>'
        for i, height in enumerate(heights)
    )
    ends = start, start + len(values) * width
    texts = "".join(
        f'<text x="{left + share * wide:.0f}" y="{tall + 14:.0f}" text-anchor="middle">'
        f"{ends[0] + share * (ends[1] - ends[0]):.0f}</text>"
        for share in (0, 0.25, 0.5, 0.75, 1)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="figure" role="img" width="{left + wide + 20:.0f}" '
        f'height="{tall + foot:.0f}" viewBox="0 0 {left + wide + 20:.0f} {tall + foot:.0f}">'
        f"<title>{escape(label)}</title>"
        f'<g class="bars" fill="{INK}">{bars}</g>{texts}'
        f'<text x="{left - 4:.0f}" y="16" text-anchor="end">{top:g}</text>'
        f'<path d="M{left:.0f} {tall:.0f}h{wide:.0f}" class="axis" stroke="#555"/></svg>'
    )


def heat_map(values: Floats, *, label: str, colours: str = "magma", rows: int = 240, columns: int = 480) -> str:
    """Draw a matrix as an image element; larger ones are averaged down to `rows` × `columns` at most."""
    from matplotlib import colormaps
    from matplotlib.image import imsave

    small = _shrink(_shrink(np.asarray(values, dtype=np.float64), rows, 0), columns, 1)
    low, high = np.nanquantile(small, [0.01, 0.99]) if small.size else (0.0, 1.0)
    scaled = np.clip((small - low) / max(high - low, 1e-12), 0, 1)
    file = io.BytesIO()
    imsave(file, colormaps[colours](scaled), format="png")
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return (
        f'<img class="heat" alt="{escape(label)}" width="420" height="{min(max(len(small), 60), 240)}" '
        f'src="data:image/png;base64,{data}">'
    )


def _shrink(values: Doubles, size: int, axis: int) -> Doubles:
    if values.shape[axis] <= size:
        return values
    edges = np.linspace(0, values.shape[axis], size + 1).astype(int)
    sums = np.add.reduceat(values, edges[:-1], axis=axis)
    shape = [1, 1]
    shape[axis] = size
    return sums / np.diff(edges).reshape(shape)


def interval(observed: float, low: float, high: float, *, mean: float, top: float, label: str) -> str:
    """Draw an observed count (dot) against its null's interval (bar) and mean (tick), from 0 to `top`."""
    wide = 260.0

    def x(value: float) -> float:
        return 6 + wide * value / max(top, 1e-9)

    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="figure" role="img" width="{wide + 14:.0f}" height="18" '
        f'viewBox="0 0 {wide + 14:.0f} 18">'
        f"<title>{escape(label)}</title>"
        f'<path d="M6 9h{wide:.0f}" class="grid" stroke="#ddd"/>'
        f'<rect x="{x(low):.1f}" y="5" width="{max(x(high) - x(low), 1.5):.1f}" height="8" class="null" '
        f'fill="#b8c1cc"/>'
        f'<path d="M{x(mean):.1f} 3v12" class="axis" stroke="#555"/>'
        f'<circle cx="{x(observed):.1f}" cy="9" r="4.5" class="observed" fill="#d62839"/></svg>'
    )
