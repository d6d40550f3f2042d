"""`motifs` and `chip` on a user's own regions: what a split of the same windows gives."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.cli.main import main
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import write_meme
from motiflens.analyses.targets import open_runs
from motiflens.models import open_run
from motiflens.models.data.one_hot import decode, encode
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.regions import Regions, region_dataset


def interpret(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Run the command line here; its exit code."""
    monkeypatch.setattr(sys, "argv", ["interpret", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


@pytest.fixture(scope="module")
def bound(small_world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BED of the test windows that are bound in the cell type `one`."""
    windows = open_as_trained(open_run(small_world.signals), str(small_world.data))["test"]
    table = windows.table[(windows.labels[:, 0] == 1) & (windows.table["cell_type"] == "one")]
    path = tmp_path_factory.mktemp("own") / "bound.bed"
    table[["chrom", "start", "end"]].to_csv(path, sep="\t", header=False, index=False)
    return path


def test_chip_of_own_regions(
    small_world: Any, bound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound windows named as regions give the numbers that they give as a split's."""
    given = ("chip", small_world.signals, "--data", small_world.data, "--maximum", 1000, "--look", "saliency")
    own = ("--bed", bound, "--cell-type", "one")
    assert interpret(monkeypatch, *given, "--out", tmp_path / "split") == 0
    assert interpret(monkeypatch, *given, *own, "--out", tmp_path / "own") == 0
    tables = [pd.read_csv(tmp_path / name / "correlations.tsv", sep="\t") for name in ("split", "own")]
    split, regions = (table[table["target"] == "X|one"].reset_index(drop=True) for table in tables)
    pd.testing.assert_frame_equal(split, regions, rtol=1e-5, atol=1e-6)
    assert set(tables[1]["target"]) == {"X|one"}
    assert json.loads((tmp_path / "own" / "provenance.json").read_text())["data"] == str(bound)


def test_chip_needs_a_cell_type(
    small_world: Any, bound: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("chip", small_world.signals, "--data", small_world.data, "--bed", bound, "--out", "unused")
    assert interpret(monkeypatch, *given) == 2
    assert "choose one with --cell-type" in capsys.readouterr().err
    assert not Path("unused").exists()


def test_all_windows(small_world: Any) -> None:
    (test,) = open_runs([small_world.seeing], str(small_world.data))
    (everything,) = open_runs([small_world.seeing], str(small_world.data), split="all")
    assert len(everything.windows) == sum(len(part) for part in test.dataset.splits.values())


@pytest.fixture(scope="module")
def site(small_world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A motif file with the site."""
    path = tmp_path_factory.mktemp("site") / "m.meme"
    write_meme(path, [Motif("site", 0.97 * np.eye(4)[encode(small_world.module.SITE)] + 0.0075)])
    return path


@pytest.mark.parametrize("kind", ["bed", "fasta", "locus"])
def test_motifs_of_own_regions(
    kind: str, small_world: Any, bound: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site is found by seqlets in windows that the data never named."""
    own: tuple[object, ...] = ("--bed", bound)
    if kind == "fasta":
        windows = region_dataset(open_run(small_world.seeing), Regions(bed=bound, data=str(small_world.data)))[
            "test"
        ]
        rows = windows.codes(np.arange(len(windows)))
        (tmp_path / "s.fa").write_text("".join(f">s{i}\n{decode(row)}\n" for i, row in enumerate(rows)))
        own = ("--fasta", tmp_path / "s.fa")
    if kind == "locus":
        own = ("--locus", "chr3:0-50000")
    out = tmp_path / "motifs"
    given = (
        "--data",
        small_world.data,
        "--targets",
        site,
        "--routes",
        "seqlets",
        "--untrained",
        0,
        "--shuffles",
        2,
    )
    assert interpret(monkeypatch, "motifs", small_world.seeing, *own, *given, "--out", out) == 0
    assert "site" in set(pd.read_csv(out / "motifs.tsv", sep="\t")["target_id"])
    assert "own windows have no negatives" in (out / "summary.json").read_text()
    assert not (small_world.seeing / "controls.json").exists(), "nothing is measured where there are no negatives"
