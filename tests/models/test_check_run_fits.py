"""One function decides whether data fit a run, for every command: sizes, and the order of what both name."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from motiflens.analyses.motifs.find_motifs import find_motifs
from motiflens.models import build, open_run, save_run
from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.run import Run

BASES = ("A", "C", "G", "T")


class Data(NamedTuple):
    """Stands for windows."""

    length: int = 40
    channels: tuple[str, ...] = (*BASES, "uniqueness", "dnase")
    meta_names: tuple[str, ...] = ("expression1", "promoter")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    model = build(
        "factornet", length=40, channels=6, outputs=2, meta=2, kernels=4, kernel_size=6, pool=4, units=2, dense=2
    )
    config = {"tasks": ["a", "b"], "channels": list(Data().channels), "meta": list(Data().meta_names)}
    return open_run(save_run(tmp_path / "run", model, config))


def test_what_it_was_trained_on_fits(run: Run) -> None:
    check_run_fits(run, Data(), tasks=("a", "b"))
    check_run_fits(run, Data(channels=(*BASES, "mappability", "dnase")))  # another name for the same
    check_run_fits(run, Data(), tasks=("c", "d"))


@pytest.mark.parametrize(
    ("data", "tasks", "message"),
    [
        (Data(length=41), None, "takes windows of 40 bp, sim have 41"),
        (Data(channels=(*BASES, "dnase")), None, r"takes 6 channels, sim have 5 \(A, C, G, T, dnase\)"),
        (Data(meta_names=()), None, "takes 2 further features, sim have 0: "),
        (Data(channels=(*BASES, "dnase", "uniqueness")), None, "sim have them as A, C, G, T, dnase, uniqueness"),
        (Data(channels=(*BASES, "dnase", "phastCons")), None, "takes the channels A, C, G, T, uniqueness, dnase"),
        (Data(meta_names=("promoter", "expression1")), None, "takes the features expression1, promoter"),
        (Data(), ("a",), "gives 2 outputs, sim have 1 tasks"),
        (Data(), ("b", "a"), "takes the tasks a, b, sim have them as b, a"),
    ],
)
def test_what_does_not_fit_is_refused(run: Run, data: Data, tasks: tuple[str, ...] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_run_fits(run, data, where="sim", tasks=tasks)


def test_motifs_refuses_signals_in_another_order(tmp_path: Path) -> None:
    """It ran, and gave other sites: of the three copies of this check it had the one that knew sizes alone."""
    from motiflens.analyses.motifs.motif import Motif

    model = build("factornet", length=40, channels=6, kernels=4, kernel_size=6, pool=4, units=2, dense=2)
    names = [*BASES, "uniqueness", "dnase"]
    run = open_run(save_run(tmp_path / "run", model, {"tasks": ["a"], "channels": names}))
    rng = np.random.default_rng(0)
    windows = ArrayWindows(
        rng.integers(0, 4, (20, 40)).astype(np.uint8),
        rng.integers(0, 2, (20, 1)).astype(np.float32),
        tasks=("a",),
        signals={name: np.zeros((20, 40), dtype=np.float32) for name in ("dnase", "uniqueness")},
    )
    known = [Motif("m", np.full((6, 4), 0.25))]
    with pytest.raises(ValueError, match="have them as A, C, G, T, dnase, uniqueness"):
        find_motifs(run, Dataset("x", "arrays", {"test": windows}, "h"), targets=known)
