"""Windows about variants as a model takes them: with either allele, the signals of the place, and its features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from motiflens.models.data.one_hot import one_hot
from motiflens.models.data.vcf import Variant, allele_windows
from motiflens.models.genome_source import GenomeSource
from motiflens.models.types import Codes, Floats


class VariantWindows(NamedTuple):
    """Windows of variants."""

    x: Floats  # n, C, L: with the reference; signals do not know of alleles
    ref: Codes  # n, L
    alt: Codes
    meta: Floats | None  # n, M

    @property
    def with_alt(self) -> Floats:
        """The windows with the alternative alleles, (n, C, L)."""
        return np.concatenate([one_hot(self.alt), self.x[:, 4:]], axis=1)


def variant_windows(
    source: GenomeSource, variants: Sequence[Variant], tasks: tuple[str, ...], shift: int = 0
) -> VariantWindows:
    """Read the windows of variants; see `allele_windows`.

    Parameters
    ----------
    source
        What windows are read from.
    variants
        In any order.
    tasks
        Names of the run's outputs.
    shift
        Bases by which all windows are moved to the right.
    """
    length = source.length
    ref, alt = allele_windows(source.genome, list(variants), length, shift)
    chrom = np.array([variant.chrom for variant in variants])
    start = np.array([variant.position for variant in variants]) - length // 2 + shift
    bins = start + (length - source.bin) // 2
    batch = source.windows(chrom, bins, tasks).read(np.arange(len(variants)))
    x = np.ascontiguousarray(batch.x)
    x[:, :4] = one_hot(ref)
    return VariantWindows(x, ref, alt, batch.meta)
