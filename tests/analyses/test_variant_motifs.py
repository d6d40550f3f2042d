"""Which motif a variant makes or breaks: against a loop over sites, motifs and strands."""

from __future__ import annotations

import numpy as np
import pytest

from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.variant_motifs import MotifTables, motif_changes
from motiflens.models.data.vcf import Variant

LENGTH, AT = 60, 30


def slow_best(matrix: np.ndarray, codes: np.ndarray, size: int) -> tuple[float, int, str]:
    """Best site that covers one of `size` bases from AT on, or the base that they are inserted before."""
    width = len(matrix)
    best = (-np.inf, 0, "+")
    for strand in "+-":
        for start in range(max(0, AT - width + 1), min(AT + size - 1, LENGTH - width) + 1):
            site = codes[start : start + width]
            if strand == "-":
                site = np.array([3 - base if base < 4 else 4 for base in site[::-1]])
            score = sum(matrix[i, base] for i, base in enumerate(site))
            if score > best[0] + 1e-9:
                best = (score, start, strand)
    return best


@pytest.mark.parametrize("threshold", [1e-2, 1e-4])
def test_equals_a_loop(threshold: float, rng: np.random.Generator) -> None:
    motifs = jaspar(ids=["MA0139.1", "MA0148.5", "MA0058.4"])
    tables = MotifTables(motifs, threshold)
    ref = rng.integers(0, 5, (40, LENGTH)).astype(np.uint8)
    alt = ref.copy()
    variants = []
    for row in range(40):
        sizes = (1, 1) if row % 4 else tuple(rng.integers(1, 45, 2).tolist())
        motif = motifs[row % 3]
        site = motif.ppm.argmax(axis=1)
        start = AT - int(rng.integers(0, motif.width))
        (ref if row % 2 else alt)[row, start : start + motif.width] = site
        alt[row, AT] = (alt[row, AT] + 1) % 4
        letters = ["".join(rng.choice(list("ACGT"), size)) for size in sizes]
        variants.append(Variant(row, 1, 0, "chr1", 1000 + row, ".", *letters))
    table = motif_changes(tables, ref, alt, AT, variants)
    assert (table["motif"] != "").sum() > 5
    for row, variant in enumerate(variants):
        best: tuple[float, list[object]] = (0.0, ["", np.nan, np.nan])
        for number, motif in enumerate(motifs):
            old = slow_best(tables.matrices[number], ref[row], len(variant.ref))
            new = slow_best(tables.matrices[number], alt[row], len(variant.alt))
            if max(old[0], new[0]) >= tables.least[number] and abs(new[0] - old[0]) > best[0] + 1e-9:
                best = (abs(new[0] - old[0]), [motif.name, old[0], new[0]])
                site = old if old[0] >= new[0] else new
        name, before, after = best[1]
        found = table.iloc[row]
        assert found["motif"] == name
        np.testing.assert_allclose(found["motif_ref_score"], before, rtol=1e-9)
        np.testing.assert_allclose(found["motif_alt_score"], after, rtol=1e-9)
        if name:
            assert found["motif_start"] == variant.position - AT + site[1] + 1
            assert found["motif_strand"] == site[2]
