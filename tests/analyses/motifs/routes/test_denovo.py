"""What the route looks at: attended places, and the windows where attention lies beside the sites."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from motiflens.analyses.motifs.consensus import consensus, reverse_complement_letters
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.analyses.motifs.routes.denovo import ATTENDED, MIDDLE, denovo
from motiflens.models.data.one_hot import encode

SITE = "CCATATTAGGC"  # as SRF's


def context(rng: np.random.Generator, *, beside: int, planted: bool = True) -> Any:
    """Positives of 200 bp with a site in the middle, and attention that lies `beside` bp from it."""
    codes = rng.integers(0, 4, (300, 200)).astype(np.uint8)
    if planted:
        codes[:, 95 : 95 + len(SITE)] = encode(SITE)
    start = np.full(300, 90 + beside)
    cut = codes[np.arange(300)[:, None], start[:, None] + np.arange(20)]
    away = [codes[np.arange(300)[:, None], rng.integers(0, 60, 300)[:, None] + np.arange(20)] for _ in range(3)]
    return SimpleNamespace(
        options=MotifOptions(),
        windows=SimpleNamespace(codes=lambda rows: codes[rows], length=200),
        positives=SimpleNamespace(rows=np.arange(300)),
        run=SimpleNamespace(model=SimpleNamespace(attention_stems=lambda: ["attention"])),
        subsequences=SimpleNamespace(attended=cut, matched=np.stack(away)),
    )


@pytest.mark.parametrize("beside", [0, 40])
def test_sites_are_found_wherever_attention_lies(rng: np.random.Generator, beside: int) -> None:
    """Attention 40 bp beside the sites (a recurrent layer may carry them there): nothing was found."""
    found = denovo(context(rng, beside=beside))
    assert [motif.info["place"] for motif in found.motifs] == [MIDDLE if beside else ATTENDED]
    assert SITE[2:10] in both_strands(found.motifs[0])
    assert found.note.startswith("nothing in 20 bp at maximum attention" if beside else "1 in 20 bp at maximum")


def test_sites_are_found_also_where_attention_lies_on_others(rng: np.random.Generator) -> None:
    """Something at maximum attention hid what the windows hold (DeepGRN on REST: one motif, of nothing known)."""
    made = context(rng, beside=40)
    made.subsequences.attended[:, 4:14] = encode("TGACGTCAGC")
    found = denovo(made)
    assert [motif.info["place"] for motif in found.motifs] == [ATTENDED, MIDDLE]
    assert [motif.name for motif in found.motifs] == ["denovo_00", "denovo_01"]
    assert "TGACGTCA" in both_strands(found.motifs[0])
    assert SITE[2:10] in both_strands(found.motifs[1])
    assert found.note.startswith("1 in 20 bp at maximum attention")
    assert "; 1 more in the middle 101 bp of predicted positives" in found.note


def both_strands(motif: Motif) -> str:
    letters = consensus(motif)
    return letters + " " + reverse_complement_letters(letters)


def test_nothing_where_nothing_is(rng: np.random.Generator) -> None:
    assert denovo(context(rng, beside=0, planted=False)).motifs == ()
