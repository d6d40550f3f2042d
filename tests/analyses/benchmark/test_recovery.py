"""Motifs and pairs that were called, against those that were planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.benchmark.motif_recovery import motif_recovery
from motiflens.analyses.benchmark.pair_recovery import pair_recovery
from motiflens.analyses.benchmark.superiority import superiority

PLANTED = [frozenset(("GATA1", "MAX"))]


def test_pairs() -> None:
    table = pd.DataFrame(
        {
            "first": ["MAX", "GATA1", "SPI1", "SPI1"],
            "second": ["GATA1", "SPI1", "MAX", "SPI1"],
            "q": [0.01, 0.1, 0.2, 0.0],
        }
    )
    assert pair_recovery(table, PLANTED) == (0.5, 1.0, 2)  # a factor's pair with itself does not count
    twice = pd.concat([table, table.rename(columns={"first": "second", "second": "first"})])
    assert pair_recovery(twice, PLANTED) == (0.5, 1.0, 2)  # nor does the same pair again
    nothing = pair_recovery(table, PLANTED, fdr=0.001)
    assert np.isnan(nothing.precision)
    assert (nothing.recall, nothing.called) == (0.0, 0)
    with pytest.raises(ValueError, match="no pair"):
        pair_recovery(table, [])


def test_motifs() -> None:
    row = {"gate": "passed", "enrichment_q": np.nan}
    table = pd.DataFrame(
        [
            {
                "route": "kernels",
                "target_alt": "GATA3",
                "target_family": "C4-GATA-related",
                "target_q": 0.01,
                **row,
            },
            {"route": "kernels", "target_alt": "SOX2", "target_family": "SOX-related", "target_q": 0.01, **row},
            {"route": "kernels", "target_alt": "CTCF", "target_family": "", "target_q": 0.2, **row},
            {"route": "attention", "target_alt": "CTCF", "target_family": "", "target_q": 0.0, **row},
        ]
    )
    table.loc[3, "enrichment_q"] = 0.01
    given = {"planted": ["GATA1", "CTCF"], "targets": []}
    assert motif_recovery(table, "kernels", trained=["GATA1"], **given) == (1.0, 2, 0.5)
    assert motif_recovery(table, "kernels", trained=["CTCF", "GATA1"], **given) == (0.5, 2, 0.5)
    assert motif_recovery(table, "attention", trained=["CTCF"], **given) == (1.0, 1, 0.0)
    unnamed = table.assign(target_family=np.nan, target_alt=["GATA1", "SOX2", "CTCF", "CTCF"])
    assert motif_recovery(unnamed, "kernels", trained=["CTCF"], planted=["CTCF"], targets=[]) == (0.0, 2, 1.0)
    empty = motif_recovery(table, "denovo", trained=["CTCF"], **given)
    assert (empty.share, empty.motifs) == (0.0, 0)
    assert np.isnan(empty.false)


def test_superiority() -> None:
    assert superiority(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1
    assert superiority(np.array([1.0]), np.array([1.0])) == 0.5
    assert np.isnan(superiority(np.array([1.0]), np.zeros(0)))
