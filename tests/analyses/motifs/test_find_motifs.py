"""The whole way from a model to its folder, on a model that knows four motifs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.motifs.find_motifs import _clusters, find_motifs
from motiflens.analyses.motifs.gate import Gate, core_information, gated, trim
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_context import MotifContext, tasks_of
from motiflens.analyses.motifs.motif_files import read_motifs
from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.analyses.motifs.naming import name_motifs
from motiflens.analyses.motifs.nulls import shuffle_columns
from motiflens.analyses.motifs.write_folder import write_folder
from motiflens.models import build, open_run, save_run
from motiflens.models.data.windows import ArrayWindows, Dataset

OPTIONS = MotifOptions(kernel_threshold="half", shuffles=50, untrained=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, planted: ModuleType) -> Path:
    """The output of a run with all routes."""
    path = tmp_path_factory.mktemp("motifs")
    data = planted.dataset(np.random.default_rng(0))
    findings = find_motifs(planted.run(path), data, targets=jaspar(), options=OPTIONS)
    return write_folder(path / "out", findings)


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / name, sep="\t", keep_default_na=False, na_values=[""])


def test_every_file_and_column_is_explained(folder: Path) -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "outputs.md"
    explained = set(re.findall(r"`([^`]+)`", page.read_text(encoding="utf-8")))
    tables = sorted(folder.glob("*.tsv"))
    assert len(tables) >= 7
    for file in tables:
        assert set(file.read_text().splitlines()[0].split("\t")) - explained == set(), file.name
    assert {file.name for file in folder.iterdir() if file.is_file()} - explained == set()


def test_kernels_are_named(folder: Path, planted: ModuleType) -> None:
    table = read(folder, "motifs.tsv").set_index("motif_id")
    known = table[(table["route"] == "kernels") & (table["target_q"] < 0.05)]
    wanted = {f"kernel_{k:03d}": name for k, name in enumerate(planted.FACTORS)}
    assert set(known.index) == set(wanted)
    assert known.loc["kernel_000", "target_alt"] == "CTCF"
    assert known.loc["kernel_001", "target_family"] == "FOX"
    assert "Ets-related" in known.loc["kernel_003", "target_family"]
    assert (known["orientation"].isin(["+", "-"])).all()
    factors = read(folder, "factors.tsv")
    assert factors[(factors["route"] == "kernels") & (factors["found"])]["factor"].tolist() == list(
        planted.FACTORS
    )


def test_summary_counts_and_nulls(folder: Path, planted: ModuleType) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    table = read(folder, "motifs.tsv")
    for route in ("kernels", "attention", "seqlets", "denovo"):
        assert not summary["routes"][route]["left_out"]
        assert summary["routes"][route]["motifs"] == (table["route"] == route).sum()
    seqlets = table[table["route"] == "seqlets"]
    lowering = seqlets["motif_id"].str.contains("neg")
    assert summary["routes"]["seqlets"]["lowering"] == lowering.sum()
    assert summary["routes"]["seqlets"]["lowering_matched"] == (lowering & (seqlets["target_q"] < 0.05)).sum()
    assert summary["nulls"]["column_shuffled"]["observed"] == 4
    assert summary["nulls"]["column_shuffled"]["total"] == 6
    assert summary["nulls"]["column_shuffled"]["null_mean"] < 1
    assert summary["nulls"]["untrained"]["null_counts"] == [0]
    assert summary["factors"]["found_by_kernels"] == list(planted.FACTORS)
    assert summary["factors"]["found_by_untrained_kernels"] == [0]
    assert summary["uncorrected"]["kernels"] == 6  # both kernels of noise too: that is why it is not used
    untrained = summary["nulls"]["untrained"]
    assert (untrained["observed"], untrained["total"]) == (4, 6)
    assert summary["data"]["split"] == "test"
    assert summary["made_by"]["data_hash"] == "0" * 64


def test_attended_windows_are_enriched(folder: Path) -> None:
    tests = read(folder, "enrichment.tsv").set_index("target_id")
    assert tests.loc["MA0139.2", "enrichment_q"] < 1e-6
    assert tests.loc["MA0139.2", "enrichment"] > 5
    assert (tests["enrichment_q"] < 0.05).mean() < 0.3
    hits = read(folder, "hits.tsv")
    assert list(hits.columns[:4]) == ["motif_id", "motif_alt_id", "sequence_name", "start"]
    assert (hits["p-value"] <= 1e-4).all()


def test_files_agree_with_each_other(folder: Path) -> None:
    table = read(folder, "motifs.tsv")
    motifs = {motif.name: motif for motif in read_motifs(folder / "motifs.meme")}
    assert set(motifs) == set(table["motif_id"])
    assert all(motifs[row.motif_id].width == row.width for row in table.itertuples())
    targets = {motif.name for motif in read_motifs(folder / "targets.meme")}
    assert targets == set(table["target_id"].dropna())
    tested = set(table.loc[table["match"] == "tested", "target_id"])
    assert set(read(folder, "matches.tsv")["Target_ID"]) >= tested
    tree = json.loads((folder / "dendrogram.json").read_text())
    passed = table[table["gate"] == "passed"]
    assert set(tree["labels"]) == set(passed["motif_id"])
    assert len(tree["linkage"]) == len(passed) - 1
    clusters = read(folder, "clusters.tsv")
    assert tree["edit"]["distinct"] == {str(d): clusters[f"edit_{d}"].nunique() for d in (0, 3, 5, 10)}
    summary = json.loads((folder / "summary.json").read_text())
    assert tree["matched"]["distinct"]["0"] == summary["uncorrected"]["kernels"]
    assert tree["targets"]["distinct"]["0"] == 4
    with np.load(folder / "profiles.npz") as profiles:
        assert profiles["attention"].shape[1] == len(profiles["positions"])
        assert summary["data"]["attended"] <= profiles["site_counts"].sum() <= 2 * summary["data"]["attended"]
        assert len(profiles["dnase"]) == len(profiles["attention"])
    sites = pd.read_csv(folder / "sites.bed", sep="\t", header=None)
    assert ((sites[2] > sites[1]) & (sites[1] >= 0)).all()
    assert set(sites[5]) <= {"+", "-"}


@pytest.mark.parametrize(
    ("routes", "change", "message"),
    [
        (["kernel"], {}, "there is no route 'kernel'"),
        (["attention"], {"least_prediction": 0.99999}, "is predicted above"),
        (["seqlets"], {"method": "nonsense"}, "attribution method 'nonsense': expected one of"),
    ],
)
def test_bad_requests(
    tmp_path: Path, planted: ModuleType, routes: list[str], change: dict[str, object], message: str
) -> None:
    data = planted.dataset(np.random.default_rng(0))
    run = planted.run(tmp_path)

    def ask() -> None:
        options = replace(OPTIONS, routes=routes, **change)  # type: ignore[arg-type]
        find_motifs(run, data, targets=jaspar(), options=options)

    with pytest.raises(ValueError, match=message):
        ask()


def test_bad_data(tmp_path: Path, planted: ModuleType) -> None:
    run = planted.run(tmp_path)
    data = planted.dataset(np.random.default_rng(0))
    tasks = data["test"].tasks

    def data_of(codes: np.ndarray) -> Dataset:
        return Dataset(
            "x", "arrays", {"test": ArrayWindows(codes, np.ones((len(codes), 4)), tasks=tasks)}, hash="0"
        )

    kernels = MotifOptions(routes=["kernels"])
    with pytest.raises(ValueError, match="no known motifs to match against"):
        find_motifs(run, data, targets=[])
    with pytest.raises(ValueError, match="no sequences with a known base"):
        find_motifs(
            run,
            data_of(np.full((30, 160), 4, np.uint8)),
            targets=jaspar(),
            options=MotifOptions(routes=["kernels"]),
        )
    with pytest.raises(ValueError, match="shorter than the kernels' 20 bp"):
        find_motifs(run, data_of(np.zeros((30, 12), np.uint8)), targets=jaspar(), options=kernels)
    one = data["test"].codes(np.array([1]))
    with pytest.raises(ValueError, match="needs 20 sequences"):
        find_motifs(run, data_of(one), targets=jaspar(), options=MotifOptions(routes=["denovo"]))
    with pytest.raises(ValueError, match="no task of NOSUCH: they have CTCF, FOXA1, MAX, SPI1"):
        find_motifs(run, data, targets=jaspar(), tf="NOSUCH")
    short = ArrayWindows(data["test"].codes(np.arange(9)), np.ones(9))
    with pytest.raises(ValueError, match="gives 4 outputs, the data have 1 tasks"):
        find_motifs(run, Dataset("x", "arrays", {"test": short}, hash="0"), targets=jaspar())


def test_a_model_without_attention_takes_the_other_routes(tmp_path: Path, planted: ModuleType) -> None:
    data = planted.dataset(np.random.default_rng(0))
    model = build("danq", length=160, outputs=4, kernels=4, kernel_size=12, units=2, dense=4)
    run = open_run(save_run(tmp_path / "danq", model, {"tasks": list(data["test"].tasks)}))
    quick = MotifOptions(least_prediction=0.1, shuffles=2, untrained=0)
    summary = find_motifs(run, data, targets=jaspar()[:60], options=quick).summary
    assert summary["routes"]["attention"]["left_out"]
    assert "has no attention" in summary["routes"]["attention"]["note"]
    assert " in the middle 101 bp of predicted positives" in summary["routes"]["denovo"]["note"]
    with pytest.raises(ValueError, match="has no attention"):
        find_motifs(run, data, targets=jaspar()[:60], options=replace(quick, routes=["attention"]))


def test_tasks_of_a_factor() -> None:
    windows = ArrayWindows(np.zeros((1, 4), np.uint8), np.zeros((1, 3)), tasks=("MAX|a", "REST|a", "MAX|b"))
    assert tasks_of(windows, None) == [0, 1, 2]
    assert tasks_of(windows, "max") == [0, 2]
    assert tasks_of(windows, "REST|a") == [1]


def test_gate_by_hand() -> None:
    weak, sure = np.full(4, 0.25), np.array([0.97, 0.01, 0.01, 0.01])
    motif = Motif("m", np.stack([weak, sure, sure, weak, sure, sure, sure, weak, weak]), nsites=500)
    short = trim(motif)
    assert short is not None
    assert (short.width, short.info["trimmed"]) == (6, 1.0)
    each = 2 + 0.97 * np.log2(0.97) + 0.03 * np.log2(0.01) - 3 / (2 * np.log(2) * 500)
    np.testing.assert_allclose(core_information(short), 5 * each, rtol=1e-12)
    assert gated([motif], Gate())[1] == [True]
    assert gated([motif], Gate(core=9.1))[1] == [False]
    assert gated([motif], Gate(sites=501))[1] == [False]
    flat = Motif("flat", np.stack([weak] * 8), nsites=100)
    assert gated([flat], Gate()) == ([flat], [False])


@pytest.mark.slow
def test_names_are_calibrated(rng: np.random.Generator) -> None:
    """Motifs with permuted positions are named at no more than the nominal rate."""
    targets = jaspar()
    real = [motif for motif in targets if 7 <= motif.width <= 14]
    named = 0
    for repeat in range(8):
        drawn = [shuffle_columns(real[i], rng) for i in rng.choice(len(real), 10, replace=False)]
        found = name_motifs(drawn, targets, shuffles=10, seed=repeat)
        named += bool((found.best["q"] < 0.05).any())
    # 8 runs at a nominal 5 %: more than 2 would happen once in 170
    assert named <= 2
    # and the matrices themselves are
    found = name_motifs(real[:15], targets, shuffles=10)
    assert (found.best["q"] < 0.05).mean() > 0.9


def test_options_are_checked() -> None:
    assert MotifOptions(kernel_threshold="zero", method="saliency", flat_dnase=0).method == "saliency"
    for key, value, message in (
        ("kernel_threshold", "most", "kernel threshold 'most': expected one of zero, half"),
        ("distance", "kl", "distance 'kl'"),
        ("width", 2, "width is 2: expected at least 4"),
        ("least_prediction", 1.5, "expected at least 0 and less than 1"),
        ("flat_dnase", -1, "flat_dnase is -1: expected at least 0, or infinity"),
        ("flat_dnase", float("nan"), "flat_dnase is nan"),
        ("maximum", 0, "maximum is 0: expected at least 1"),
        ("alpha", 0, "alpha is 0: expected more than 0 and at most 1"),
        ("shuffles", -1, "shuffles is -1"),
    ):
        with pytest.raises(ValueError, match=message):
            MotifOptions(**{key: value})  # type: ignore[arg-type]


def test_each_route_is_a_family_of_its_own(folder: Path, tmp_path: Path, planted: ModuleType) -> None:
    """Kernels get the same q whatever other routes are taken, and attention's motifs match nothing."""
    data = planted.dataset(np.random.default_rng(0))
    options = replace(OPTIONS, routes=["kernels"], untrained=0)
    alone = find_motifs(planted.run(tmp_path), data, targets=jaspar(), options=options).table
    q = alone.set_index("motif_id")["target_q"]
    table = read(folder, "motifs.tsv").set_index("motif_id")
    kernels = table[table["route"] == "kernels"]
    np.testing.assert_allclose(kernels["target_q"], q[kernels.index], rtol=1e-5)
    attention = table[table["route"] == "attention"]
    assert len(attention) > 0
    assert (attention["match"] == "by construction").all()
    assert attention["target_q"].isna().all()
    assert (attention["target_id"] == attention.index.str.removeprefix("attention_")).all()
    assert not read(folder, "matches.tsv")["Query_ID"].str.startswith("attention").any()
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["routes"]["attention"]["matched"] == 0
    assert (
        summary["routes"]["attention"]["enriched"] == (read(folder, "enrichment.tsv")["enrichment_q"] < 0.05).sum()
    )
    assert summary["routes"]["attention"]["enriched_of_shuffled"] == [0, 0, 0]
    assert set(summary["factors"]["enriched_at_attention"]) == set(planted.FACTORS)


def test_enrichment_alone_names_no_factor(tmp_path: Path, planted: ModuleType) -> None:
    """Known motifs are enriched where the model looks; without a match no route names their factors."""
    data = planted.dataset(np.random.default_rng(0))
    options = replace(OPTIONS, routes=["attention"], untrained=0)
    targets = jaspar(ids=[*planted.FACTORS.values()])
    findings = find_motifs(planted.run(tmp_path), data, targets=targets, options=options)
    factors = findings.summary["factors"]
    assert {"CTCF", "FOXA1", "SPI1"} <= set(factors["enriched_at_attention"])
    assert factors["found_by_any_route"] == factors["found_by_kernels"] == []
    assert len(findings.significant) == 0


def test_sites_are_counted_once(folder: Path) -> None:
    tests = read(folder, "enrichment.tsv")
    assert (tests["windows"] <= tests["sites"]).all()
    assert (tests["loci"] <= tests["sites"]).all()
    attended = json.loads((folder / "summary.json").read_text())["data"]["attended"]
    assert tests["windows"].max() <= attended / 3  # each of four factors has a fourth of the windows
    hits = read(folder, "hits.tsv")
    assert not hits.duplicated(["motif_id", "sequence_name", "start"]).any()  # palindromes once


def test_only_kernels_are_counted_as_distinct_targets() -> None:
    """TBiNet's Table 5 is about kernels: what seqlets and attention match must not be counted with them."""
    targets = [
        Motif(name, np.eye(4)[order])
        for name, order in zip(("MA1", "MA2", "MA3"), ([0, 1], [2, 3], [1, 2, 3]), strict=True)
    ]
    matched = pd.DataFrame({"route": ["kernels", "seqlets", "attention"], "target_id": ["MA1", "MA2", "MA3"]})
    context = cast("MotifContext", SimpleNamespace(targets=targets))
    assert _clusters(context, [], [], matched).trees["targets"]["distinct"]["0"] == 1
