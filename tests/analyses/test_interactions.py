"""Interacting motifs: a rule that is known, its absence, attention, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.analyses.interactions import InteractionOptions, find_pairs, interactions
from motiflens.analyses.marginalize import Backgrounds, Model
from motiflens.analyses.marginalize_command import motifs_of
from motiflens.analyses.motifs.motif import Motif
from motiflens.models import Run, build, open_run, save_run
from motiflens.models.architectures.wrapped import wrap
from motiflens.models.types import Codes

LENGTH = 120
MOTIFS = [motifs_of(letters)[0] for letters in ("GATTACAGAT", "CCGTACGGTC", "TTGGCAACCA")]
OPTIONS = InteractionOptions(threshold=2e-6, shuffles=2)


def strength(x: Tensor, motif: Motif) -> Tensor:
    """1 where the whole motif is somewhere in a window, 0 where 6 of its 10 bases are at most, (N,)."""
    kernel = torch.from_numpy(motif.ppm.T.copy()).float()[None]
    return (torch.nn.functional.conv1d(x[:, :4], kernel)[:, 0].amax(-1) - 6).clamp_min(0) / 4


class Partner(nn.Module):
    """The second motif counts only beside the first one; the third one counts by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        a, b, c = (strength(x, motif) for motif in MOTIFS)
        return (a + 2 * a * b + c)[:, None]


def windows(count: int = 30) -> Codes:
    """One site of each motif in every window, in any order."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (count, LENGTH)).astype(np.uint8)
    for row in range(count):
        for place, motif in zip(rng.permutation(3), MOTIFS, strict=True):
            at = int(place) * 40 + int(rng.integers(0, 25))
            codes[row, at : at + 10] = motif.ppm.argmax(axis=1)
    return codes


def model_of(kind: type[nn.Module], folder: Path) -> Model:
    built = wrap(kind.__name__.lower(), kind)(length=LENGTH, channels=4, outputs=1, meta=0)
    return Model(Run(folder, built.eval(), {"tasks": ["a"]}))


def given(codes: Codes) -> Backgrounds:
    return Backgrounds(codes, np.zeros((len(codes), 0, codes.shape[1]), np.float32), None)


def test_the_pair_that_binds_only_together_is_found(tmp_path: Path) -> None:
    table = interactions(model_of(Partner, tmp_path), MOTIFS, given(windows()), OPTIONS)
    assert len(table) == 3
    best = table.iloc[0]
    assert (best["first"], best["second"]) == (MOTIFS[0].name, MOTIFS[1].name)
    assert best["q"] < 1e-5
    assert best["low"] > 0.5
    assert abs(best["null"]) < 0.05
    assert (table["q"][1:] > 0.05).all()
    assert (table["score"][1:].abs() < 0.05).all()


class Saturating(Partner):
    """A sum of all three above a floor: no pair has a rule of its own, but the strong one is in all of them."""

    weights = (8.0, 0.3, 0.3)

    def forward(self, x: Tensor) -> Tensor:
        total = sum(w * strength(x, motif) for w, motif in zip(self.weights, MOTIFS, strict=True))
        return (total - 4.0).clamp_min(0)[:, None]


def test_a_floor_is_no_rule_between_motifs(tmp_path: Path) -> None:
    """Without the strong motif nothing counts: its pairs are far from the stretches that do nothing, and alike."""
    table = interactions(model_of(Saturating, tmp_path), MOTIFS, given(windows()), OPTIONS)
    strong = table[table["first"] == MOTIFS[0].name]
    assert (strong["low"] > 0.1).all()
    assert (table["q"] > 0.1).all()
    # what depends of the strong motif's effect of 4.6 on one of 0.3, without which it is 4.3
    assert strong["share"].tolist() == pytest.approx([0.3 / 4.6] * 2, abs=0.02)
    assert table.loc[table["first"] != MOTIFS[0].name, "share"].tolist() == pytest.approx([0.0], abs=0.05)
    loose = interactions(model_of(Saturating, tmp_path), MOTIFS, given(windows()), replace(OPTIONS, share=0.0))
    assert (loose["q"] <= 0.1).any()  # the stronger one of two alike


def test_windows_with_two_motifs_are_compared_with_control_stretches(tmp_path: Path) -> None:
    table = interactions(model_of(Partner, tmp_path), MOTIFS[:2], given(windows()), OPTIONS)
    assert len(table) == 1
    assert table["q"].iloc[0] < 1e-5
    assert abs(table["null"].iloc[0]) < 0.05


class EitherWay(Partner):
    """The first two motifs help each other where an A leads the window, and hinder each other elsewhere."""

    def forward(self, x: Tensor) -> Tensor:
        sizes = []
        for motif in MOTIFS:
            kernel = torch.from_numpy(motif.ppm.T.copy()).float()[None]
            sizes.append((torch.nn.functional.conv1d(x[:, :4, 1:], kernel)[:, 0].amax(-1) - 6).clamp_min(0) / 4)
        a, b, c = sizes
        return (a + 2 * (2 * x[:, 0, 0] - 1) * a * b + c)[:, None]


def test_effects_that_cancel_are_told_from_none(tmp_path: Path) -> None:
    """The interval of the mean covers 0 while p is small: the interval of sizes says which is meant."""
    model = wrap("either", EitherWay)(length=LENGTH, channels=4, outputs=1, meta=0)
    codes = windows()
    codes[::2, 0], codes[1::2, 0] = 0, 1
    codes = codes[(codes[:, :12] != windows()[:, :12]).sum(axis=1) <= 1]
    table = interactions(Model(Run(tmp_path, model.eval(), {"tasks": ["a"]})), MOTIFS, given(codes), OPTIONS)
    best = table.iloc[0]
    assert (best["first"], best["second"]) == (MOTIFS[0].name, MOTIFS[1].name)
    assert best["low"] < 0 < best["high"]
    assert best["q"] < 1e-4
    assert best["excess_low"] > 0.5
    assert (table["excess_low"][1:] <= 0.05).all()


def near(motif: Motif, name: str) -> Motif:
    """A matrix of the same letters, less sure of each."""
    return Motif(name, 0.9 * motif.ppm + 0.025)


def test_a_pair_comes_once_whatever_its_motifs_are_called(tmp_path: Path) -> None:
    """Of matrices that are alike one stands for all, unless each is asked for; other numbers stay as they were."""
    model, codes = model_of(Partner, tmp_path), windows()
    one = interactions(model, MOTIFS, given(codes), OPTIONS)
    more = [*MOTIFS, near(MOTIFS[0], "again"), near(MOTIFS[1], "too")]
    collapsed = interactions(model, more, given(codes), OPTIONS)
    numbers = ["pairs", "windows", "distance", "score", "low", "high", "null", "excess", "p", "q"]
    pd.testing.assert_frame_equal(collapsed[numbers], one[numbers], rtol=1e-12)
    assert set(collapsed.loc[0, "first_motifs"].split(",")) <= {MOTIFS[0].name, "again"}
    assert collapsed.loc[0, "first"] == collapsed.loc[0, "first_motifs"].split(",")[0]


def test_sites_of_either_name_are_one_pair(tmp_path: Path) -> None:
    """Half of the first motif's sites have one base that its near matrix alone prefers."""
    other = MOTIFS[0].ppm.copy()
    other[4] = [0, 1, 0, 0]  # GATTACAGAT -> GATTCCAGAT
    soft = [Motif(MOTIFS[0].name, 0.96 * MOTIFS[0].ppm + 0.01), Motif("variant", 0.96 * other + 0.01)]
    codes = windows()
    for row in range(0, len(codes), 2):
        at = next(i for i in range(LENGTH) if (codes[row, i : i + 10] == MOTIFS[0].ppm.argmax(axis=1)).all())
        codes[row, at + 4] = 1
    model, motifs = model_of(Partner, tmp_path), [*soft, *MOTIFS[1:]]
    options = replace(OPTIONS, threshold=1e-5)
    apart = interactions(model, motifs, given(codes), replace(options, collapse=False))
    names = [{first, second} for first, second in zip(apart["first"], apart["second"], strict=True)]
    assert {soft[0].name, MOTIFS[1].name} in names
    assert {"variant", MOTIFS[1].name} in names
    together = interactions(model, motifs, given(codes), options)
    assert len(together) == 3
    assert (together["windows"] == 30).all()
    best = together.iloc[0]
    assert set(best["first_motifs"].split(",")) == {soft[0].name, "variant"}
    assert best["q"] < apart["q"].min()


class Joined(Partner):
    """Each of six motifs adds its own share; a wave over the sum makes all of them depend on all others."""

    bend = 0.0

    def forward(self, x: Tensor) -> Tensor:
        total = sum(w * strength(x, motif) for w, motif in zip((1.0, 0.8, 0.6, 0.9, 0.7, 1.1), SIX, strict=True))
        return (total + self.bend * torch.sin(2 * total))[:, None]


class Bent(Joined):
    bend = 1.0


SIX = [*MOTIFS, *(motifs_of(letters)[0] for letters in ("AACCTTGGCA", "CAGTCAATGC", "TGTGCCATTA"))]


def any_three(seed: int) -> Codes:
    """Three of six motifs in each window, at random."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (40, LENGTH)).astype(np.uint8)
    for row in range(len(codes)):
        for place, number in enumerate(rng.permutation(6)[:3]):
            at = place * 40 + int(rng.integers(0, 25))
            codes[row, at : at + 10] = SIX[int(number)].ppm.argmax(axis=1)
    return codes


@pytest.mark.parametrize("kind", [Joined, Bent])
def test_models_without_a_pair_have_no_more_than_the_nominal_share(kind: type[nn.Module], tmp_path: Path) -> None:
    """Of an additive model, and of one in which all depends on all: p and fdr at .1, over 4 draws of windows."""
    p_values, called, tested = [], 0, 0
    for seed in range(4):
        options = replace(OPTIONS, least=4, seed=seed, shuffles=1)
        table = interactions(model_of(kind, tmp_path), SIX, given(any_three(seed)), options)
        p_values += table["p"].tolist()
        called += int(((table["q"] <= 0.1) & (table["fdr"] <= 0.1)).sum())
        tested += len(table)
    assert tested > 40
    assert np.mean(np.array(p_values) <= 0.05) <= 0.05
    assert called == 0


def test_shuffled_names_are_a_null(tmp_path: Path) -> None:
    """Where names say nothing, pairs are as surprising as with shuffled names; a planted pair is far beyond."""
    found = interactions(model_of(Partner, tmp_path), MOTIFS, given(windows()), OPTIONS)
    assert found["fdr"].iloc[0] <= 0.05
    assert (found["fdr"][1:] > 0.3).all()
    two = interactions(model_of(Partner, tmp_path), MOTIFS[:2], given(windows()), OPTIONS)
    assert two["fdr"].isna().all()  # there is nothing to shuffle
    none = interactions(model_of(Partner, tmp_path), MOTIFS, given(windows()), replace(OPTIONS, permutations=0))
    assert none["fdr"].isna().all()
    pd.testing.assert_frame_equal(none.drop(columns="fdr"), found.drop(columns="fdr"))


def test_pairs_and_controls() -> None:
    codes = windows(10)
    pairs = list(find_pairs(MOTIFS, codes, OPTIONS))
    assert len(pairs) == 30
    for pair in pairs:
        assert (codes[pair.row, pair.a.start : pair.a.end] == MOTIFS[pair.a.motif].ppm.argmax(axis=1)).all()
        for a, b in pair.controls:
            assert {a, b} & {pair.a, pair.b}
            assert a.end <= b.start or b.end <= a.start
            assert b.end - b.start == 10


@pytest.mark.parametrize("method", ["epistasis", "attention"])
def test_untrained_models_interact_with_nothing(method: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    sizes = {"kernels": 8, "kernel_size": 8, "units": 4, "dense": 8, "attention": "pairwise"}
    run = open_run(save_run(tmp_path / "run", build("deepgrn", length=LENGTH, **sizes), {"tasks": ["a"]}))
    options = InteractionOptions(method=method, threshold=2e-6, shuffles=1)
    table = interactions(Model(run), MOTIFS, given(windows(12)), options)
    assert len(table) == 3
    assert (table["q"] > 0.01).all()


@pytest.mark.parametrize(("sites", "most"), [(2, 24), (6, 246)])
def test_the_stated_cost_is_that_of_the_mutants(sites: int, most: int, tmp_path: Path) -> None:
    """As `interactions --help` says it, with three shuffles: two sites, and the most that count."""
    rows = []

    class Counted(Model):
        def logits(self, codes: Codes, *given: Any, **options: Any) -> Any:
            rows.append(len(codes))
            return super().logits(codes, *given, **options)

    codes = np.random.default_rng(1).integers(0, 4, (5, 400)).astype(np.uint8)
    for place in range(sites):
        codes[:, 60 * place : 60 * place + 10] = MOTIFS[place % 3].ppm.argmax(axis=1)
    model = Counted(Run(tmp_path, build("deepbind", length=400, kernels=2).eval(), {"tasks": ["a"]}))
    interactions(model, MOTIFS, given(codes), InteractionOptions(threshold=2e-6))
    assert max(rows) <= most
    assert min(rows) > 0.8 * most
    help_ = CliRunner().invoke(app, ["interactions", "--help"], env={"TERMINAL_WIDTH": "2000"}).output
    assert f" {most} " in " ".join(help_.split())


def test_what_cannot_be_tested(tmp_path: Path) -> None:
    run = open_run(save_run(tmp_path / "run", build("cnn_zeng", length=LENGTH, kernels=2), {"tasks": ["a"]}))
    random = np.random.default_rng(0).integers(0, 4, (5, LENGTH)).astype(np.uint8)
    with pytest.raises(ValueError, match="no two of the 3 motifs have sites"):
        interactions(Model(run), MOTIFS, given(random), OPTIONS)
    options = InteractionOptions(method="attention", threshold=2e-6)
    with pytest.raises(ValueError, match="has no attention"):
        interactions(Model(run), MOTIFS, given(windows(6)), options)
    with pytest.raises(ValueError, match="method must be one of"):
        InteractionOptions(method="magic")


def test_command(tmp_path: Path) -> None:
    run = save_run(tmp_path / "run", build("cnn_zeng", length=LENGTH, kernels=4), {"tasks": ["a"]})
    from motiflens.analyses.motifs.motif_files import write_meme

    write_meme(tmp_path / "m.meme", MOTIFS)
    letters = ["".join("ACGT"[code] for code in row) for row in windows(8)]
    (tmp_path / "s.fa").write_text("".join(f">s{i}\n{text}\n" for i, text in enumerate(letters)))
    out = tmp_path / "t.tsv"
    words = ["interactions", str(run), "--motifs", str(tmp_path / "m.meme"), "--fasta", str(tmp_path / "s.fa")]
    words += ["--thresh", "2e-6", "--shuffles", "1", "--out", str(out)]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    table = pd.read_csv(out, sep="\t")
    assert table["pairs"].tolist() == [8, 8, 8]
    assert {"first_motifs", "second_motifs", "fdr", "q"} <= set(table.columns)
    record = json.loads(Path(f"{out}.json").read_text(encoding="utf-8"))
    assert (record["families"], record["pairs"]) == (3, 3)
    assert CliRunner().invoke(app, [*words, "--keep-all", "--permutations", "0", "--overwrite"]).exit_code == 0
    again = pd.read_csv(out, sep="\t")
    assert again["fdr"].isna().all()
    assert again["p"].tolist() == table["p"].tolist()
    assert Path(f"{out}.json").is_file()
