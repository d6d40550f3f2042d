"""How many of a model's kernels match, and how many would if there were nothing to find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from motiflens.analyses.motifs.engines.match import match_table
from motiflens.analyses.motifs.gate import gated
from motiflens.analyses.motifs.kernel_parts import context_kernels
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.naming import Named, name_motifs
from motiflens.analyses.motifs.nulls import Null, decoy_null, random_model_null
from motiflens.models.progress import Progress


@dataclass(frozen=True)
class KernelChance:
    """Matching kernels beside what chance gives.

    Attributes
    ----------
    nulls
        ``column_shuffled`` and ``untrained``; none where there are no kernels.
    untrained_best
        Of each untrained model, its kernels' best targets (`Named.best`).
    uncorrected
        Names of the kernels that match as TBiNet and DanQ count: untrimmed, E < 0.05, no gate, no correction; None
        where there are no kernels.
    """

    nulls: Mapping[str, Null] = field(default_factory=dict)
    untrained_best: tuple[pd.DataFrame, ...] = ()
    uncorrected: tuple[str, ...] | None = None


def kernel_chance(context: MotifContext, motifs: Sequence[Motif], named: Named) -> KernelChance:
    """Count matching kernels, and what permuted positions and untrained models give.

    Parameters
    ----------
    context
        The run and its windows.
    motifs
        Kernels as the route made them.
    named
        The gated kernels' best targets and decoys, in the order of one another.
    """
    options, targets = context.options, context.targets
    if not motifs:
        return KernelChance()
    accepted = named.best["q"] < options.alpha
    matches = match_table(motifs, targets, distance=options.distance, threshold=0.05, evalue=True)
    shuffled = decoy_null(named.best["p"].to_numpy(), accepted.tolist(), named.decoys, total=len(motifs))
    untrained_best: list[pd.DataFrame] = []

    def count(seed: int) -> int:
        stage = f"untrained model {len(untrained_best) + 1} of {options.untrained}"
        best = named_kernels(context, seed, _staged(context.progress, stage)).best
        untrained_best.append(best)
        return int((best["q"] < options.alpha).sum())

    untrained = random_model_null(
        count,
        observed=int(accepted.sum()),
        total=len(motifs),
        repeats=options.untrained,
        seed=options.seed,
    )
    return KernelChance(
        {"column_shuffled": shuffled, "untrained": untrained},
        tuple(untrained_best),
        tuple(matches["Query_ID"].drop_duplicates()),
    )


def named_kernels(context: MotifContext, seed: int, progress: Progress) -> Named:
    """Name the kernels of an untrained model of the same kind, whose weights are drawn from `seed`."""
    options = context.options
    try:
        motifs = context_kernels(context, progress, seed)
    except ValueError:  # no kernel of an untrained model is ever active
        motifs = []
    kept = [motif for motif, passed in zip(*gated(motifs, options.gate), strict=True) if passed]
    return name_motifs(
        kept, context.targets, distance=options.distance, shuffles=options.shuffles, seed=options.seed
    )


def _staged(progress: Progress, stage: str) -> Progress:
    return lambda step: progress(replace(step, stage=stage))
