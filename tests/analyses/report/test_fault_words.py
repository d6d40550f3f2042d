"""Where a route names nothing, the model or the route is said to miss."""

from __future__ import annotations

import pytest

from motiflens.analyses.report.fault_words import fault_words
from motiflens.models.types import Json

GOOD: Json = {"tasks": 1, "warnings": []}
BAD: Json = {"tasks": 1, "warnings": ["auroc 0.551 is below that of logistic regression on 6-mers (0.981)"]}
UNMEASURED: Json = {"tasks": 0, "warnings": ["permission denied"]}


def summary(controls: Json | None, **matched: int | None) -> Json:
    routes: Json = {}
    for name, count in matched.items():
        key = "enriched" if name == "attention" else "matched"
        routes[name] = {key: count or 0, "left_out": count is None}
    return {"routes": routes, "controls": controls}


def test_the_route_misses_what_the_model_has_learned() -> None:
    """As DeepGRN on GABPA: kernels and seqlets name ETS motifs, attention none."""
    (words,) = fault_words(summary(GOOD, kernels=16, attention=0, seqlets=3, denovo=1))
    assert words.startswith("attention names no known motif where kernels and seqlets do: the model has learned")
    assert "its attention does not lie on them" in words


def test_the_model_has_learned_nothing() -> None:
    """An untrained model: nothing by kernels and seqlets, and less than counting; the others were impossible."""
    (words,) = fault_words(summary(BAD, kernels=0, attention=None, seqlets=0, denovo=None))
    assert words.startswith("That kernels and seqlets name no known motif is the model's fault")


@pytest.mark.parametrize("denovo", [0, 2])
def test_motifs_of_sequences_show_nothing_of_the_model(denovo: int) -> None:
    """De novo discovery reads predicted positives: what it names need not have been learned."""
    (words,) = fault_words(summary(BAD, kernels=0, seqlets=0, denovo=denovo))
    assert "is the model's fault" in words
    assert ("denovo" in words) == (denovo == 0)


def test_a_good_model_whose_motifs_are_not_known() -> None:
    (words,) = fault_words(summary(GOOD, seqlets=0))
    assert words.startswith("seqlets names no known motif, though the model ranks windows better")
    assert "--targets" in words


def test_nothing_is_said_without_evidence() -> None:
    assert fault_words(summary(None, kernels=0, seqlets=0)) == []
    assert fault_words(summary(UNMEASURED, kernels=0, seqlets=0)) == []
    assert fault_words(summary(GOOD, kernels=3, attention=2, seqlets=1, denovo=1)) == []
