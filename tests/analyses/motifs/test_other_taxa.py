"""Motifs and factors that the targets do not know, but another of JASPAR's taxa does."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.motifs.jaspar import jaspar, taxa
from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.analyses.motifs.other_taxa import other_taxa, taxon_words


def findings(motifs: list[Any], unknown: tuple[str, ...], matched: int, taxon: str = "vertebrates") -> Any:
    context = SimpleNamespace(targets=jaspar(taxon=taxon), options=MotifOptions(shuffles=20))
    return SimpleNamespace(
        context=context,
        motifs=motifs,
        passed=[True] * len(motifs),
        significant=pd.DataFrame(index=range(matched)),
        summary={"factors": {"unknown": unknown}},
    )


@pytest.fixture(scope="module")
def fungal() -> list[Any]:
    """Motifs that yeast alone has, as a route gives them."""
    return [replace(motif, name=motif.alt, source="kernels") for motif in jaspar("2026", ids=["MA0363", "MA0265"])]


def test_a_factor_of_another_taxon_is_told() -> None:
    told = other_taxa(findings([], ("fkh1_gem",), 0))
    assert [(other.targets, other.factors) for other in told] == [("jaspar:2026:fungi", ("fkh1_gem",))]
    assert taxon_words(findings([], ("fkh1_gem",), 3)) == [
        "jaspar:2026:fungi has a motif of fkh1_gem: give --targets jaspar:2026:fungi"
    ]


def test_motifs_that_match_nothing_are_tried_on_other_taxa(fungal: list[Any]) -> None:
    told = other_taxa(findings(fungal, (), 0))
    assert told[0].targets == "jaspar:2026:fungi"
    assert told[0].matched == len(fungal)
    assert "is matched by 2 motifs" in taxon_words(findings(fungal, (), 0))[0]


def test_nothing_is_said_where_targets_know_it(fungal: list[Any], rng: np.random.Generator) -> None:
    assert other_taxa(findings(fungal, (), 1)) == []
    assert other_taxa(findings([], ("mystery",), 0)) == []
    assert other_taxa(findings([], (), 0)) == []
    flat = [replace(fungal[0], ppm=rng.dirichlet(np.full(4, 50.0), 8))]
    assert other_taxa(findings(flat, (), 0)) == []
    assert "fungi" in taxa()
