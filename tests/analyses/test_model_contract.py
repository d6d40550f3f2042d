"""Commands on own windows run over every architecture, an imported program and a user's own module."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.interpret import open_store
from motiflens.models import architectures, build, import_published, register, save_run
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.registry import _REGISTERED

LENGTH, SIZE = 61, 900
MOTIF = """MEME version 4

ALPHABET= ACGT

MOTIF one
letter-probability matrix: alength= 4 w= 4 nsites= 20
0.97 0.01 0.01 0.01
0.01 0.97 0.01 0.01
0.01 0.01 0.97 0.01
0.01 0.01 0.01 0.97

MOTIF two
letter-probability matrix: alength= 4 w= 4 nsites= 20
0.01 0.01 0.01 0.97
0.01 0.01 0.97 0.01
0.97 0.01 0.01 0.01
0.01 0.97 0.01 0.01
"""
SMALL: dict[str, dict[str, Any]] = {
    "deepsea": {"kernels": (4, 5, 6), "kernel_size": 4, "pool": 2, "dense": 6},
    "bpnet": {"kernels": 4, "kernel_size": 9, "dilations": 3},
    "saresnet": {"kernels": 4, "attention_size": 4, "dense": 4, "blocks": (1, 1)},
    "kegru": {"k": 3, "dimension": 4, "units": 3},
    "deepgrn": {"kernels": 4, "kernel_size": 8, "units": 3, "dense": 6},
    "factornet": {"kernels": 4, "kernel_size": 8, "units": 3, "dense": 6},
    "tbinet": {"kernels": 4, "kernel_size": 8, "pool": 4, "units": 3, "dense": 4},
    "danq": {"kernels": 4, "kernel_size": 8, "pool": 4, "units": 3, "dense": 4},
    "deeptf": {"n": 2, "kernels": 4, "kernel_sizes": (3, 5), "pool": 4, "units": 3, "dense": 4},
}
NAMES = [*(name for name in architectures() if not name.startswith("test")), "program", "own_module"]
COMMANDS = {
    "hits": "hits RUN --motifs W/m.meme --fdr 1 --similarity 0.3 --method METHOD --bed W/p.bed --genome W/g.fa",
    "interactions": "interactions RUN --motifs W/m.meme --thresh 0.01 --shuffles 1 --bed W/p.bed --genome W/g.fa",
    "marginalize": "marginalize RUN --motif W/m.meme -n 4 --bed W/p.bed --genome W/g.fa",
    "pair": "marginalize RUN --pair ACGT TGAC --spacing 1:2 -n 3 --background random",
    "variants": "variants RUN --vcf W/v.vcf --genome W/g.fa --null 6 --motifs W/m.meme",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A genome, regions, variants and motifs."""
    folder = tmp_path_factory.mktemp("contract")
    rng = np.random.default_rng(0)
    text = list(rng.choice(list("ACGT"), SIZE))
    for at in range(30, SIZE - 30, 60):
        text[at : at + 4] = "ACGT"
        text[at + 12 : at + 16] = "TGAC"
    letters = "".join(text)
    (folder / "g.fa").write_text(f">chr1\n{letters}\n")
    (folder / "p.bed").write_text("".join(f"chr1\t{at}\t{at + 60}\n" for at in range(0, 480, 60)))
    rows = [f"chr1\t{at + 1}\t.\t{letters[at]}\t{'CGTA'['ACGT'.index(letters[at])]}\n" for at in (60, 95, 300)]
    rows.append(f"chr1\t401\t.\t{letters[400]}\t{letters[400]}GA\n")
    (folder / "v.vcf").write_text("".join(rows))
    (folder / "m.meme").write_text(MOTIF)
    return folder


@pytest.fixture(scope="module")
def runs(world: Path) -> Iterator[dict[str, Path]]:
    """A tiny run of every architecture."""
    made = {}
    register("own_module")(OwnModule)
    try:
        for name in NAMES:
            torch.manual_seed(1)
            if name == "program":
                model = program(world / "m.pt2")
            else:
                model = build(name, length=LENGTH, outputs=2, **SMALL.get(name, {}))
            made[name] = save_run(world / name, model, {"tasks": ["a", "b"]})
        yield made
    finally:
        _REGISTERED.pop("own_module", None)


class OwnModule(torch.nn.Module):
    """What a user might write, functions among its layers."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.convolution = torch.nn.Conv1d(4, 6, 7)
        self.dense = torch.nn.Linear(6, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.dense(torch.nn.functional.gelu(self.convolution(x)).amax(-1))
        return y


def program(path: Path) -> SequenceModel:
    """The same, exported by torch and imported."""
    n = torch.export.Dim("n")
    module = OwnModule(2).eval()
    torch.export.save(torch.export.export(module, (torch.rand(2, 4, LENGTH),), dynamic_shapes=({0: n},)), path)
    return import_published(path)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", NAMES)
def test_runs_and_repeats(name: str, command: str, runs: dict[str, Path], world: Path, tmp_path: Path) -> None:
    method = "ism" if name in ("gkm_svm", "kmer_logistic", "kegru") else "input_x_gradient"
    line = COMMANDS[command].replace("RUN", str(runs[name])).replace("W/", f"{world}/").replace("METHOD", method)
    tables = []
    for number in range(2 if name == "danq" else 1):
        out = tmp_path / f"{number}.tsv"
        words = [*line.split(), "--task", "b", "--seed", "3", "--out", str(out)]
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        tables.append(pd.read_csv(out, sep="\t"))
        record = json.loads(Path(f"{out}.json").read_text())
        assert {"command", "versions", "weights_hash", "seed"} <= set(record)
        assert record["task"] == "b"
    pd.testing.assert_frame_equal(tables[0], tables[-1])
    if command in ("marginalize", "pair", "variants"):
        assert len(tables[0])
        numbers = tables[0].select_dtypes("number")
        column = "effect" if "effect" in numbers else "interaction"
        assert np.isfinite(numbers[column]).all()


@pytest.mark.parametrize("name", NAMES)
def test_own_regions(name: str, runs: dict[str, Path], world: Path, tmp_path: Path) -> None:
    """Windows by BED, by place and as sequences are the same windows, to `predict` and to `attribute`."""
    letters = (world / "g.fa").read_text().split("\n")[1]
    places = [at + 30 - LENGTH // 2 for at in range(0, 480, 60)]  # about the middle of each interval
    inside = [at for at in places if at >= 0]
    (tmp_path / "s.fa").write_text("".join(f">s{at}\n{letters[at : at + LENGTH]}\n" for at in inside))
    (tmp_path / "p.bed").write_text("".join(f"chr1\t{at}\t{at + LENGTH}\n" for at in inside))
    ways = {
        "bed": ["--bed", tmp_path / "p.bed", "--genome", world / "g.fa"],
        "fasta": ["--fasta", tmp_path / "s.fa"],
        "locus": ["--locus", f"chr1:{inside[0]}-{inside[0] + LENGTH}", "--genome", world / "g.fa"],
    }
    tables = {}
    for way, words in ways.items():
        interpret("predict", runs[name], *words, "--out", tmp_path / f"{way}.tsv")
        tables[way] = pd.read_csv(tmp_path / f"{way}.tsv", sep="\t")[["a", "b"]].to_numpy()
    np.testing.assert_allclose(tables["bed"], tables["fasta"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(tables["locus"][0], tables["bed"][0], rtol=1e-5, atol=1e-6)
    method = "ism" if name in ("gkm_svm", "kmer_logistic", "kegru") else "saliency"
    maps = []
    for way in ("bed", "fasta"):
        given = ["--method", method, "--task", "b", "--top", 0, "--processes", 1, "--out", tmp_path / way]
        interpret("attribute", runs[name], *ways[way], *given)
        with open_store(tmp_path / way / "attributions.h5") as store:
            maps.append(np.asarray(store.scores[:]))
    assert len(maps[0]) == len(inside)
    np.testing.assert_allclose(*maps, rtol=1e-4, atol=1e-6)


def interpret(*words: object) -> None:
    """Run the command line, which must end well."""
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
