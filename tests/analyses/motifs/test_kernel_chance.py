"""Counts of matching kernels and of what chance gives."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np

from motiflens.analyses.motifs.engines.match import match_table
from motiflens.analyses.motifs.first_layer_motifs import first_layer_motifs
from motiflens.analyses.motifs.gate import gated
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.kernel_chance import kernel_chance
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.analyses.motifs.naming import name_motifs


def test_counts_by_hand(tmp_path: Path, planted: ModuleType) -> None:
    data, targets = planted.dataset(np.random.default_rng(0)), jaspar()[:40]
    options = MotifOptions(untrained=2, shuffles=20)
    context = MotifContext(planted.run(tmp_path), data, targets, options=options)
    kernels = first_layer_motifs(context.run.model, context.windows, kernel_threshold="half")
    trimmed, passed = gated(kernels, options.gate)
    named = name_motifs([one for one, kept in zip(trimmed, passed, strict=True) if kept], targets, shuffles=20)
    chance = kernel_chance(context, kernels, named)
    lowest = match_table(kernels, targets, threshold=10, evalue=True).groupby("Query_ID")["E-value"].min()
    assert chance.uncorrected == tuple(lowest.index[lowest < 0.05])
    assert (lowest < 0.05).sum() < (lowest < 0.5).sum()
    observed = int((named.best["q"] < 0.05).sum())
    assert 0 < observed < len(kernels)
    for null in chance.nulls.values():
        assert (null.observed, null.total) == (observed, len(kernels))
    assert [len(null.null) for null in chance.nulls.values()] == [20, 2]
    assert [int((best["q"] < 0.05).sum()) for best in chance.untrained_best] == list(
        chance.nulls["untrained"].null
    )
    nothing = kernel_chance(context, [], name_motifs([], targets))
    assert (dict(nothing.nulls), nothing.uncorrected) == ({}, None)
