"""What the route looks at: attended places, and the windows where attention lies beside the sites."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from motiflens.analyses.motifs.consensus import consensus, reverse_complement_letters
from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.analyses.motifs.routes.denovo import denovo
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
    letters = consensus(found.motifs[0])
    assert "ATATTAGG" in letters + " " + reverse_complement_letters(letters)
    assert found.note.startswith("nothing in 20 bp at maximum attention") == (beside > 0)


def test_nothing_where_nothing_is(rng: np.random.Generator) -> None:
    assert denovo(context(rng, beside=0, planted=False)).motifs == ()
