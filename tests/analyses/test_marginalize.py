"""Motifs put into and taken out of backgrounds: closed forms, a plain loop, every architecture, the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.analyses.marginalize import (
    Backgrounds,
    Model,
    ablate,
    backgrounds_of,
    interval,
    marginalize,
    parse_spacings,
    put,
    space,
)
from motiflens.analyses.marginalize_command import motifs_of
from motiflens.models import Run, architectures, build, open_run, save_run
from motiflens.models.architectures.wrapped import wrap
from motiflens.models.data.windows import ArrayWindows

LENGTH = 61
A, B = motifs_of("GATTACAG")[0], motifs_of("CCGTACGG"[:7] + "A")[0]


class Grammar(nn.Module):
    """2 for A, 1 for B, and 3 more where B begins exactly 5 bp after A, on the strand as given."""

    def __init__(self) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for motif in (A, B):
            kernel = torch.from_numpy(motif.ppm.T.copy()).float()[None]
            found.append(torch.nn.functional.conv1d(x[:, :4], kernel)[:, 0] >= motif.width - 0.5)
        a, b = (hit.any(-1).float() for hit in found)
        together = (found[0][:, : -(A.width + 5)] & found[1][:, A.width + 5 :]).any(-1).float()
        return (2 * a + b + 3 * together)[:, None]


@pytest.fixture
def grammar(tmp_path: Path) -> Model:
    model = wrap("grammar", Grammar)(length=LENGTH, channels=4, outputs=1, meta=0)
    return Model(Run(tmp_path, model.eval(), {"tasks": ["a"]}))


def random_backgrounds(count: int = 12, length: int = LENGTH) -> Backgrounds:
    codes = np.random.default_rng(0).integers(0, 4, (count, length)).astype(np.uint8)
    return Backgrounds(codes, np.zeros((count, 0, length), np.float32), None)


def test_effects_are_those_of_the_model(grammar: Model) -> None:
    table = marginalize(grammar, [A, B], random_backgrounds())
    assert table["strand"].tolist() == ["+", "-", "+", "-"]
    # each strand counts half, and a site on either is read on one of them
    np.testing.assert_allclose(table["effect"], [1, 1, 0.5, 0.5], atol=1e-6)
    np.testing.assert_allclose(table["background"], 0, atol=1e-6)


def test_the_grammar_is_found(grammar: Model) -> None:
    table = space(grammar, (A, B), range(-12, 13), random_backgrounds())
    own = table[(table["spacing"] == 5) & (table["orientation"] == "++")]
    assert own["interaction"].tolist() == pytest.approx([1.5])
    # the same on the other strand: B before A, both turned
    twin = table[(table["spacing"] == -5) & (table["orientation"] == "--")]
    assert twin["interaction"].tolist() == pytest.approx([1.5])
    assert (table["interaction"].abs() < 1e-6).sum() == len(table) - 2
    np.testing.assert_allclose(table["effect"], table["first"] + table["second"] + table["interaction"], atol=1e-6)


def test_ablation_takes_the_effect_away(grammar: Model) -> None:
    backgrounds = random_backgrounds()
    with_a = replace(backgrounds, codes=put(backgrounds.codes, A.ppm.argmax(axis=1).astype(np.uint8), 7))
    table = ablate(grammar, [A, B], with_a, threshold=2e-5, shuffles=2)
    assert table["windows"].tolist() == [12, 0]
    assert table["effect"][0] == pytest.approx(-1, abs=0.1)
    assert np.isnan(table["effect"][1])


@pytest.mark.parametrize("name", [name for name in architectures() if not name.startswith("test")])
def test_every_architecture_against_a_plain_loop(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    small = {
        "kegru": {"k": 3, "dimension": 8, "units": 6},
        "deepsea": {"kernels": (4, 5, 6), "kernel_size": 4, "pool": 2},
    }
    model = build(name, length=LENGTH, **small.get(name, {}))
    run = open_run(save_run(tmp_path / "run", model, {"tasks": ["a"]}))
    backgrounds = random_backgrounds(3)
    found = marginalize(Model(run), [A], backgrounds)["effect"][0]
    expected = []
    start = (LENGTH - A.width) // 2
    for row in backgrounds.codes:
        new = row.copy()
        new[start : start + A.width] = A.ppm.argmax(axis=1)
        pair = [np.eye(5, dtype=np.float32)[codes][:, :4].T[None].copy() for codes in (new, row)]
        with torch.no_grad():
            logits = []
            for x in map(torch.from_numpy, pair):
                strands = [x] if run.model.siamese else [x, x.flip(1, 2)]
                logits.append(np.mean([run.model(strand)[0, 0].item() for strand in strands]))
        expected.append(logits[0] - logits[1])
    assert found == pytest.approx(np.mean(expected), abs=2e-5)


def test_backgrounds() -> None:
    codes = random_backgrounds(20).codes
    windows = ArrayWindows(codes, np.zeros(20))
    assert (backgrounds_of(windows, "given", 50).codes == codes).all()
    shuffled = backgrounds_of(windows, "shuffle", 50, seed=1).codes
    assert (np.sort(shuffled) == np.sort(codes)).all()
    assert not (shuffled == codes).all()
    assert len(backgrounds_of(windows, "random", 5)) == 5
    with pytest.raises(ValueError, match="must be one of"):
        backgrounds_of(windows, "none", 5)


def test_intervals_cover() -> None:
    rng = np.random.default_rng(0)
    covered = [low <= 1 <= high for _, low, high, _ in (interval(rng.normal(1, 2, 20)) for _ in range(400))]
    assert 0.92 <= np.mean(covered) <= 0.98
    assert interval(np.array([2.0, 2.0]))[:3] == (2.0, 2.0, 2.0)


@pytest.mark.parametrize("text", ["5", "a:b", "3:1", "1:2:0", "1:2:3:4"])
def test_bad_spacings(text: str) -> None:
    with pytest.raises(ValueError, match="expected first:last"):
        parse_spacings(text)


def test_what_does_not_fit(grammar: Model) -> None:
    with pytest.raises(ValueError, match="no spacing fits"):
        space(grammar, (A, B), [100], random_backgrounds())
    with pytest.raises(ValueError, match="do not fit into windows"):
        marginalize(grammar, [motifs_of("A" * 70)[0]], random_backgrounds())


def test_command(tmp_path: Path) -> None:
    run = save_run(tmp_path / "run", build("cnn_zeng", length=LENGTH, kernels=4, kernel_size=6), {"tasks": ["a"]})
    rng = np.random.default_rng(0)
    (tmp_path / "s.fa").write_text(
        "".join(f">s{i}\n{''.join(rng.choice(list('ACGT'), LENGTH))}\n" for i in range(9))
    )
    base = ["marginalize", str(run), "--fasta", str(tmp_path / "s.fa")]
    out = tmp_path / "t.tsv"
    words = [*base, "--pair", "CACGTG", "jaspar:2026:MA0148.5", "--spacing", "-6:6:2"]
    words += ["--out", str(out), "--figure", str(tmp_path / "f.png")]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    table = pd.read_csv(out, sep="\t")
    assert sorted(set(table["spacing"])) == list(range(-6, 7, 2))
    assert json.loads(Path(f"{out}.json").read_text())["backgrounds"] == 9
    assert (tmp_path / "f.png").stat().st_size > 1000
    for more in (["--background", "random"], ["--ablate"]):
        words = [*base, "--motif", "jaspar:2026:MA0148.5,MA0058.4", "--out", str(out), *more]
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert len(pd.read_csv(out, sep="\t")) == (4 if "random" in more else 2)
    for wrong in ([], ["--motif", "ACGT", "--pair", "ACGT", "ACGT"], ["--pair", "ACGT", "ACGT", "--spacing", "x"]):
        result = CliRunner().invoke(app, [*base, *wrong, "--out", str(out)])
        assert isinstance(result.exception, ValueError)
