"""A model that answers NaN or infinity: every command says so in one line, with the place, and writes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from motiflens.interpret import attribute
from motiflens.models import build
from motiflens.models.finite import NotFiniteError

from .conftest import Ended, tree, words

GENOME = "--genome WORLD/genome.fa --bed WORLD/peaks.narrowPeak"
PLAIN = (
    f"predict plain {GENOME} --out o.tsv",
    "predict plain --genome WORLD/genome.fa --out o.bw",
    "variants plain --genome WORLD/genome.fa --vcf WORLD/v.vcf --null 0 --out o.tsv",
    "variants plain --genome WORLD/genome.fa --vcf WORLD/v.vcf --null 0 --method ism --out o.tsv",
    f"hits plain --motifs WORLD/m.meme {GENOME} --fdr 1 --out o.tsv",
    f"marginalize plain --motif WORLD/m.meme -n 2 {GENOME} --out o.tsv",
    f"marginalize plain --pair ACGT TTAA --spacing 1:2 -n 2 {GENOME} --out o.tsv",
    f"attribute plain --method ism {GENOME} --out o",
    f"motifs plain {GENOME} --no-controls --untrained 0 --routes kernels,seqlets --out o",
)
RUN = (
    "predict run --split test --out o.tsv",
    "evaluate run --no-controls",
    "compare run WORLD/twin --no-controls --split test --out o",
    "attribute run --only all --out o",
    "attribute run --only all --method deep_lift_shap --out o",
    "sanity run --epochs 0 --windows 2 --out o.json",
    "motifs run --no-controls --untrained 0 --out o",
    "chip run --out o",
    "attention run --out o",
    "dnase run WORLD/twin --out o",
)
LINES = (*PLAIN, *RUN)


@pytest.fixture
def spoil(world: Path, tmp_path: Path) -> Callable[[float], None]:
    """Copies runs with another number among their weights: NaN, or one so large that the sum overflows."""

    def copy(value: float) -> None:
        for name in ("run", "plain"):
            shutil.copytree(world / name, tmp_path / name, ignore=shutil.ignore_patterns("m*.json"))
            file = tmp_path / name / "model.safetensors"
            weights = load_file(file)
            last = [key for key, tensor in weights.items() if tensor.ndim == 2][-1]
            weights[last] = torch.full_like(weights[last], value)
            save_file(weights, file)

    return copy


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("line", [PLAIN[0], *RUN[:3]])
def test_weights(
    line: str,
    value: float,
    spoil: Callable[[float], None],
    world: Path,
    interpret: Callable[..., Ended],
    tmp_path: Path,
) -> None:
    spoil(value)
    before = tree(tmp_path)
    ended = interpret(*words(line, world))
    assert (ended.code, len(ended.err.replace("evaluating run\n", "").splitlines())) == (2, 1), ended
    assert "model.safetensors holds NaN or infinity in " in ended.err
    assert tree(tmp_path) == before


@pytest.mark.parametrize("line", LINES)
def test_answers(
    line: str, spoil: Callable[[float], None], world: Path, interpret: Callable[..., Ended], tmp_path: Path
) -> None:
    spoil(3e38)
    before = tree(tmp_path)
    ended = interpret(*words(line, world))
    lines = [
        each for each in ended.err.splitlines() if not each.startswith(("  ", "note:", "warning:", "evaluating"))
    ]
    assert (ended.code, len(lines)) == (2, 1), ended
    assert "the model's " in lines[0]
    assert " for window " in lines[0]
    assert {name: value for name, value in tree(tmp_path).items() if "metrics" not in name} == before


def test_the_window_is_named() -> None:
    """Of several batches, by its number among all."""
    model = build("deepbind", length=40, channels=5).eval()
    x = torch.zeros(7, 5, 40)
    x[:, 0] = 1
    x[5, 4, 3] = 3e38
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1).mul_(10)
    with pytest.raises(NotFiniteError, match="for window 5 ") as told:
        attribute(model, x, method="saliency", batch_size=2)
    assert told.value.row == 5
