"""The embedding of k-mers, against hand computations."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from motiflens.analyses.cli.main import main
from motiflens.analyses.figures.kmer_map import kmer_map, kmer_sensitivity
from motiflens.analyses.kmer_embedding import (
    KmerOptions,
    kmer_embedding,
    kmer_study,
    principal_components,
    reverse_complement_distances,
    settings_table,
)
from motiflens.models import build, open_run, save_run


def _run(folder: Path, *, k: int = 3, twins: bool = False, **settings: int) -> Path:
    """A KEGRU whose reverse complements share a vector, or do not."""
    torch.manual_seed(0)
    model = build("kegru", length=40, k=k, dimension=8, units=4, **settings)
    if twins:
        with torch.no_grad():
            for number in range(4**k):
                digits = [number // 4**i % 4 for i in range(k)]  # last base first
                other = sum((3 - digit) * 4 ** (k - 1 - i) for i, digit in enumerate(digits))
                model.get_parameter("embedding.weight")[other] = model.get_parameter("embedding.weight")[number]
    save_run(folder, model, {"tasks": ["t"], "data": {"source": "nowhere"}})
    table = [{"task": "t", "positives": 5, "negatives": 5, "auroc": 0.6 + 0.1 * k, "auprc": 0.5}]
    (folder / "metrics.json").write_text(json.dumps({"valid": table}))
    return folder


def test_kmers_are_numbered_as_the_model_does(tmp_path: Path) -> None:
    found = kmer_embedding(open_run(_run(tmp_path / "run")))
    assert found.words[:5] == ("AAA", "AAC", "AAG", "AAT", "ACA")
    assert found.words[found.reverse[found.words.index("ACG")]] == "CGT"
    assert found.gc[found.words.index("ACG")] == pytest.approx(2 / 3)
    np.testing.assert_array_equal(found.reverse[found.reverse], np.arange(64))


def test_principal_components(rng: np.random.Generator) -> None:
    vectors = rng.normal(size=(30, 6)) * [5, 3, 1, 1, 1, 1]
    places, share = principal_components(vectors)
    values = np.linalg.eigvalsh(np.cov(vectors.T))[::-1]
    np.testing.assert_allclose(places.var(axis=0, ddof=1), values[:2], rtol=1e-9)
    np.testing.assert_allclose(share, values[:2] / values.sum(), rtol=1e-9)
    assert (places[np.abs(places).argmax(axis=0), [0, 1]] > 0).all()


def test_twins_are_told_from_an_embedding_that_knows_no_strands(tmp_path: Path) -> None:
    how = KmerOptions()
    known = kmer_embedding(open_run(_run(tmp_path / "twins", twins=True)))
    _, tests = reverse_complement_distances(known, how)
    np.testing.assert_allclose(tests["reverse_complements"], 0.0, atol=1e-6)
    assert (tests["p"] < 0.05).all()
    plain = kmer_embedding(open_run(_run(tmp_path / "plain")))
    _, other = reverse_complement_distances(plain, how)
    assert (other["p"] > 0.01).all()
    assert other["reverse_complements"].iloc[0] == pytest.approx(1.0, abs=0.2)  # as any two random vectors


def test_no_kmer_is_its_own_random_partner(tmp_path: Path) -> None:
    """With two letters a class of equal GC has four members: a quarter of the pairs would have distance 0."""
    found = kmer_embedding(open_run(_run(tmp_path / "run", k=2)))
    distances, _ = reverse_complement_distances(found, KmerOptions())
    drawn = distances.loc[distances["pair"] != "reverse complements", "distance"]
    assert (drawn > 1e-6).all()


def test_a_direction_that_all_vectors_share_is_no_likeness(tmp_path: Path) -> None:
    found = kmer_embedding(open_run(_run(tmp_path / "run")))
    _, tests = reverse_complement_distances(found, KmerOptions())
    _, moved = reverse_complement_distances(found._replace(vectors=found.vectors + 50.0), KmerOptions())
    np.testing.assert_allclose(moved["reverse_complements"], tests["reverse_complements"], rtol=1e-9)
    np.testing.assert_allclose(moved["random"], tests["random"], rtol=1e-9)


def test_the_map_shows_each_kmer_by_its_gc(tmp_path: Path) -> None:
    """004, Fig. 4: places are principal components, colours the share of G and C; names lie apart."""
    study = kmer_study([_run(tmp_path / "run")])
    table = study.tables["kmers"]
    figure = kmer_map(table, np.array([0.5, 0.2]))
    points = figure.axes[0].collections[0]
    np.testing.assert_allclose(points.get_offsets(), table[["pc1", "pc2"]].to_numpy())
    np.testing.assert_allclose(np.asarray(points.get_array()), table["gc"])
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) > 3
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])


def test_means_and_medians_over_data_sets() -> None:
    """004, Fig. 4: of every k, stride and dimension over the data sets, in the table and as lines."""
    rows = [
        (k, s, 50, mean)
        for k, s, means in ((4, 2, (0.6, 0.7, 0.95)), (5, 2, (0.8, 0.9)), (5, 3, (0.5,)))
        for mean in means
    ]
    table = pd.DataFrame(rows, columns=["k", "stride", "dimension", "mean"])
    found = settings_table(table).set_index(["k", "stride", "dimension"])
    assert found.loc[(4, 2, 50)].tolist() == pytest.approx([3, 0.75, 0.7])
    assert found.loc[(5, 2, 50)].tolist() == pytest.approx([2, 0.85, 0.85])
    by_k, by_stride, _ = kmer_sensitivity(table, "auroc").axes
    points, means, medians = by_k.lines
    assert sorted(points.get_ydata()) == sorted(table["mean"])
    np.testing.assert_allclose(means.get_ydata(), [0.75, 2.2 / 3])
    np.testing.assert_allclose(medians.get_ydata(), [0.7, 0.8])
    np.testing.assert_allclose(by_stride.lines[1].get_xdata(), [2, 3])


def test_runs_of_equal_name_in_two_sets_are_told_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        _run(tmp_path / name / "k=3")
    study = kmer_study([tmp_path / "one", tmp_path / "two"])
    assert study.tables["sensitivity"]["run"].tolist() == ["one/k=3", "two/k=3"]
    assert list(study.made_by["runs"]) == ["one/k=3", "two/k=3"]
    assert study.tables["settings"]["runs"].tolist() == [2]


def test_sensitivity_and_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for k in (2, 3):
        _run(tmp_path / "sweep" / f"k{k}", k=k)
    study = kmer_study([tmp_path / "sweep"])
    table = study.tables["sensitivity"]
    assert table["k"].tolist() == [2, 3]
    assert table["mean"].tolist() == pytest.approx([0.8, 0.9])
    out = tmp_path / "out"
    for arguments, code in (
        (["kmers", str(tmp_path / "sweep"), "--out", str(out), "--seed", "2"], 0),
        (["kmers", str(_other(tmp_path / "tbinet")), "--out", str(tmp_path / "no")], 2),
    ):
        monkeypatch.setattr(sys, "argv", ["interpret", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        assert int(stop.value.code or 0) == code
    assert "embeds no k-mers" in capsys.readouterr().err
    for suffix in ("svg", "png", "tsv"):
        assert list(out.glob(f"*.{suffix}"))
    assert json.loads((out / "provenance.json").read_text())["seed"] == 2
    assert not (tmp_path / "no").exists()


def _other(folder: Path) -> Path:
    small = {"kernels": 2, "kernel_size": 5, "pool": 5, "units": 2, "dense": 2}
    return save_run(folder, build("tbinet", length=40, **small), {"tasks": ["t"]})
