"""A genome predicted in parts: the same bytes on one process, on two and on a Dask cluster; kept when stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.models import build, open_run, save_run
from motiflens.models.genome_source import genome_tiles, open_genome_source
from motiflens.models.parts import parts_folder
from motiflens.models.predict import PredictOptions, predict_bins, write_predictions
from motiflens.models.predict_genome import GenomeRequest, part_count, predict_genome
from motiflens.models.progress import Step

LENGTH, BIN, STEP = 60, 20, 5


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run and a genome of three parts."""
    folder = tmp_path_factory.mktemp("world")
    rng = np.random.default_rng(0)
    sizes = {"chr1": 60_000, "chr2": 1_000, "chr3": 45_000}
    lines = []
    for name, size in sizes.items():
        text = "".join(rng.choice(list("ACGT"), size))
        lines.append(f">{name}\n{text[:400]}{'N' * 100}{text[500:]}\n")
    (folder / "genome.fa").write_text("".join(lines))
    (folder / "black.bed").write_text("chr1\t205\t230\nchr3\t40000\t44000\n")
    torch.manual_seed(0)
    model = build("cnn_zeng", length=LENGTH, outputs=1, kernels=8, kernel_size=6, dense=4)
    save_run(folder / "run", model, {"tasks": ["CTCF"], "training": {"average_strands": True}})
    return folder


def command(world: Path, out: Path, *more: str) -> list[str]:
    given = [str(world / "run"), "--genome", str(world / "genome.fa"), "--blacklist", str(world / "black.bed")]
    return ["predict", *given, "--bin", str(BIN), "--step", str(STEP), "--device", "cpu", "--out", str(out), *more]


def run_command(world: Path, out: Path, *more: str) -> bytes:
    result = CliRunner().invoke(app, command(world, out, *more))
    assert result.exit_code == 0, result.output
    assert {file.name for file in out.parent.iterdir()} == {out.name, f"{out.name}.json"}
    return out.read_bytes()


@pytest.fixture(scope="module")
def whole(world: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return run_command(world, tmp_path_factory.mktemp("one") / "p.tsv", "--processes", "1")


def test_as_bins_predicted_one_after_another(world: Path, whole: bytes, tmp_path: Path) -> None:
    run = open_run(world / "run")
    source = open_genome_source(run, genome=world / "genome.fa", blacklist=world / "black.bed", bin_size=BIN)
    request = GenomeRequest(str(world / "run"), genome=str(world / "genome.fa"), bin_size=BIN, step=STEP)
    assert part_count(request, source) == 3
    chunks = predict_bins(run, source, genome_tiles(source, STEP), PredictOptions(device="cpu"))
    write_predictions(tmp_path / "plain.tsv", chunks, run.tasks)
    assert (tmp_path / "plain.tsv").read_bytes() == whole


def test_two_processes(world: Path, whole: bytes, tmp_path: Path) -> None:
    assert run_command(world, tmp_path / "p.tsv", "--processes", "2") == whole


def test_two_dask_workers(world: Path, whole: bytes, tmp_path: Path, dask_cluster: Any) -> None:
    address = dask_cluster.scheduler_address
    assert run_command(world, tmp_path / "p.tsv", "--dask", address) == whole
    result = CliRunner().invoke(app, command(world, Path("-"), "--dask", address))
    assert result.exit_code != 0
    assert "--dask needs a file" in str(result.exception)


def test_stopped_and_gone_on_with(world: Path, whole: bytes, tmp_path: Path) -> None:
    """Stopped once a part is done: the part is kept and is not made again, the result is the same."""
    how = PredictOptions(device="cpu")
    given = {"genome": str(world / "genome.fa"), "blacklist": str(world / "black.bed")}
    request = GenomeRequest(str(world / "run"), **given, bin_size=BIN, step=STEP, how=how)  # type: ignore[arg-type]

    def stop(step: Step) -> None:
        if step.done:
            raise KeyboardInterrupt

    out = tmp_path / "p.tsv"
    with pytest.raises(KeyboardInterrupt), parts_folder(out) as folder:
        predict_genome(request, folder, progress=stop)
    (kept,) = (tmp_path / "p.tsv.parts").glob("part-*")
    made = kept.stat().st_mtime_ns
    steps: list[Step] = []
    with parts_folder(out) as folder:
        chunks = predict_genome(request, folder, progress=steps.append)
        assert kept.stat().st_mtime_ns == made
        write_predictions(out, chunks, ("CTCF",))
    assert steps[0].done > 0
    assert out.read_bytes() == whole
    with parts_folder(out) as folder:  # other weights or options: nothing of it is taken
        files = set()
        for changed in (request, replace(request, bin_size=BIN + 1), replace(request, step=STEP + 1)):
            predict_genome(changed, folder)
            files |= {file.name for file in folder.glob("part-*")}
        assert len(files) == 8
