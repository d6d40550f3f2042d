"""The table of motifs: its order, and that a motif made of a known one's hits is no match."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.attended import TESTED, Attended
from motiflens.analyses.motifs.by_factor import by_factor
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_table import by_construction, motif_table
from motiflens.analyses.motifs.significant import significant


def motif(name: str, source: str, strength: float = 0.97, **info: object) -> Motif:
    ppm = np.full((6, 4), (1 - strength) / 3)
    ppm[np.arange(6), [0, 1, 2, 3, 0, 1]] = strength
    return Motif(name, ppm, nsites=100, source=source, info=info)  # type: ignore[arg-type]


TARGETS = [motif("MA1", ""), Motif("MA2", np.full((5, 4), 0.25), alt="B", family="two")]


def best(rows: list[tuple[str, str, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["motif_id", "target_id", "p", "q"])
    return table.assign(match="tested", offset=0, overlap=5, orientation="+")


def test_order() -> None:
    """Passed before failed; by q; of equal q by enrichment; then by the match's p; then by information."""
    motifs = [
        motif("failed", "kernel"),
        motif("worse", "kernel"),
        motif("enriched", "kernel"),
        motif("equal", "kernel"),
        motif("same_weak", "kernel", 0.7),
        motif("same_strong", "kernel", 0.9),
        motif("closer", "kernel", 0.7),
    ]
    named = best(
        [
            ("worse", "MA1", 1e-9, 0.02),
            ("enriched", "MA2", 1e-3, 0.01),
            ("equal", "MA1", 1e-6, 0.01),
            ("same_weak", "MA1", 1e-4, 0.03),
            ("same_strong", "MA1", 1e-4, 0.03),
            ("closer", "MA1", 1e-5, 0.03),
        ]
    )
    own = pd.DataFrame(0.5, index=range(2), columns=list(TESTED)).assign(sites=1, loci=1, windows=1)
    own.insert(0, "motif_id", ["enriched", "equal"])
    own["enrichment_p"] = [1e-8, 1e-4]
    tests = Attended(pd.DataFrame(), pd.DataFrame(columns=["target_id", *TESTED]), own, np.zeros(0, np.int64))
    table = motif_table(motifs, [False, *[True] * 6], named, tests, TARGETS)
    order = ["enriched", "equal", "worse", "closer", "same_strong", "same_weak", "failed"]
    assert table["motif_id"].tolist() == order
    assert table["target_alt"].tolist() == ["B", "", "", "", "", "", ""]
    assert table["target_family"].tolist()[0] == "two"
    assert table["gate"].tolist() == ["passed"] * 6 + ["failed"]


def test_a_factor_that_attention_alone_names_has_no_q() -> None:
    """Its motif is enriched where the model looks, which is no match; beside a match both are counted."""
    rows = [
        ("kernel_0", "kernels", "MA1", "CTCF", 0.01, 0.2, 1),
        ("attention_MA1", "attention", "MA1", "CTCF", np.nan, 1e-9, 1),
        ("attention_MA2", "attention", "MA2", "MAX", np.nan, 1e-5, 2),
        ("attention_MA3", "attention", "MA3", "SP1", np.nan, 0.3, 3),
        ("kernel_1", "kernels", "MA4", "REST", 0.2, 0.9, 4),
    ]
    names = ["motif_id", "route", "target_id", "target_alt", "target_q", "enrichment_q", "cluster"]
    table = pd.DataFrame(rows, columns=names).assign(
        gate="passed", consensus="ACGT", nsites=9.0, enrichment=2.0, enrichment_log10_q=-1.0
    )
    factors = by_factor(table, 0.05).set_index("factor")
    assert factors.index.tolist() == ["CTCF", "MAX"]
    assert factors["routes"].tolist() == ["kernels,attention", "attention"]
    assert factors["motifs"].tolist() == [2, 1]
    assert factors.loc["CTCF", "motif_id"] == "kernel_0"
    assert factors["q"].tolist()[0] == 0.01
    assert np.isnan(factors["q"].tolist()[1])
    assert factors["enrichment_q"].tolist() == [0.2, 1e-5]


def test_no_match_by_construction() -> None:
    made = motif("attention_MA2", "attention", hits_of="MA2", trimmed=2.0)
    rows = pd.concat([best([("k", "MA1", 1e-9, 1e-8)]), by_construction([made])])
    table = motif_table([motif("k", "kernel"), made], [True, True], rows, None, TARGETS).set_index("motif_id")
    row = table.loc["attention_MA2"]
    assert (row["target_id"], row["match"], row["offset"], row["orientation"]) == (
        "MA2",
        "by construction",
        2,
        "+",
    )
    assert np.isnan(row["target_q"])
    assert significant(table.reset_index(), 1.0)["motif_id"].tolist() == ["k"]
    assert table.loc["k", "match"] == "tested"
