"""Logos of a window's attributions with either allele of a variant, one above the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motiflens.analyses.report.plot_window import draw_letters
from motiflens.analyses.variant_files import image_name
from motiflens.analyses.variant_windows import variant_windows
from motiflens.interpret.adapter import adapt
from motiflens.models import types
from motiflens.models.data.vcf import Variant
from motiflens.models.files import write_whole
from motiflens.models.genome_source import GenomeSource
from motiflens.models.run import Run


def variant_figure(
    run: Run,
    source: GenomeSource,
    variant: Variant,
    folder: types.Path,
    *,
    target: int = 0,
    method: str = "input_x_gradient",
    width: int = 60,
    image: str = "png",
) -> Path:
    """Draw the bases about a variant, as high as their attribution, with the reference above the alternative.

    Parameters
    ----------
    run, source, variant
        See `variant_effects`. Signals, where the model reads any, are the place's with either allele.
    folder
        Where to write; the file is named by place and alleles.
    target, method
        Output and attribution method.
    width
        Base pairs shown.
    image
        ``png``, ``svg`` or ``pdf``.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    length = source.length
    windows = variant_windows(source, [variant], run.tasks)
    meta = windows.meta if run.model.meta else None
    adapter = adapt(run.model)
    first = max(0, length // 2 - width // 2)
    part = slice(first, min(length, first + width))
    figure = Figure(figsize=(max(6.0, 0.16 * width), 3.6), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True, sharey=True)
    tracks = []
    for x in (windows.x, windows.with_alt):
        why = adapter.attribute(x, method=method, target=target, meta=meta)
        tracks.append(why.scores[0, :4].sum(axis=0)[part])
    limit = 1.15 * max(float(np.abs(np.concatenate(tracks)).max()), 1e-6)
    start = variant.position - length // 2 + first
    names = ("reference", variant.ref), ("alternative", variant.alt)
    for axis, codes, track, (name, allele) in zip(axes, (windows.ref, windows.alt), tracks, names, strict=True):
        draw_letters(axis, codes[0, part], track, start=start)
        axis.axvspan(variant.position, variant.position + len(allele), color="#f2c14e", alpha=0.35, lw=0)
        axis.axhline(0, color="#888888", lw=0.5)
        axis.set(xlim=(start, start + len(track)), ylim=(-limit, limit), ylabel=method.replace("_", " "))
        axis.set_title(f"{name}: {allele[:30]}", loc="left", fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    axes[1].set_xlabel(f"{variant.name} (0-based)")
    axes[1].ticklabel_format(axis="x", useOffset=False, style="plain")
    path = Path(folder) / f"{image_name(variant)}.{image}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_whole(path) as target_path:
        figure.savefig(target_path, format=image, dpi=150)
    return path
