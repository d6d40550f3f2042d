"""What the terminal says of motifs."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.cli.motifs_table import _row, show_motifs
from motiflens.analyses.motifs.by_factor import by_factor
from motiflens.analyses.motifs.find_motifs import find_motifs
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.models.data.windows import ArrayWindows, Dataset


def test_circular_matches_are_not_counted(
    tmp_path: Path, planted: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = planted.dataset(np.random.default_rng(0))
    options = MotifOptions(routes=("kernels", "attention"), untrained=0)
    targets = jaspar(ids=[*planted.FACTORS.values(), "MA0138.3", "MA0095.3"])
    findings = find_motifs(planted.run(tmp_path), data, targets=targets, options=options)
    show_motifs(findings, Path("report.html"))
    lines = capsys.readouterr().out.splitlines()
    factors = by_factor(findings.table, 0.05)
    assert factors["factor"].is_unique
    assert {"CTCF", "FOXA1", "MAX", "SPI1"} <= set(factors["factor"].str.upper())
    both = factors[factors["routes"] == "kernels,attention"]
    assert len(both) >= 3
    assert both["q"].notna().all()
    assert factors.loc[factors["routes"] == "attention", "q"].isna().all()  # enriched there, which is no match
    assert factors["motifs"].sum() == len(findings.significant) + sum(
        findings.table.loc[findings.table["route"] == "attention", "enrichment_q"] < 0.05
    )
    for row in factors.itertuples(index=False):
        assert sum(line.split()[:2] == [row.factor, row.motif_id] for line in lines) == 1
    assert any(line.startswith(f"all {len(findings.motifs)} motifs: motifs.tsv") for line in lines)
    timed = next(line for line in lines if line.startswith("time: "))
    assert re.fullmatch(r"time: \d+\.\d s: .+", timed), timed
    count = (findings.summary["routes"]["attention"]["enriched"], sum(findings.table["route"] == "attention"))
    assert count[0] >= 3
    line = f"attention: {count[0]} known motifs enriched, {count[1]} of them distinct; 0, 0, 0 when the places are"
    assert f"{line} shuffled" in lines
    assert "factors named by kernels: 4 of 4 (CTCF, FOXA1, MAX, SPI1); by untrained kernels: -" in lines
    assert lines[-1] == "report.html"
    routes = {**findings.summary["routes"]}
    routes["attention"] = {**routes["attention"], "enriched": 0}
    show_motifs(replace(findings, summary={**findings.summary, "routes": routes}), Path("report.html"))
    assert "attention names no known motif where kernels does: the model has learned" in capsys.readouterr().out
    titles: list[str] = []  # of the table on a terminal
    monkeypatch.setattr("motiflens.analyses.cli.tables.print_table", lambda *_, title: titles.append(title))
    show_motifs(findings, Path("report.html"))
    kernels = findings.table[findings.table["route"] == "kernels"]
    assert titles == [f"{(kernels['target_q'] < 0.05).sum()} motifs match a known one at q < 0.05"]


def test_no_probability_is_printed_as_0() -> None:
    row = {"factor": "CTCF", "motif_id": "kernel_0", "consensus": "CCACTAGGGGG", "nsites": 9.0, "motifs": 1}
    both = {"routes": "kernels,attention", "q": 0.0, "enrichment": 3.0, "enrichment_q": 0.0}
    shown = _row(pd.Series({**row, **both, "enrichment_log10_q": -412.3}))
    assert shown[-2:] == ["< 1e-300", "3.0x (5.0e-413)"]


@pytest.mark.parametrize(("given", "where"), [({"tf": "MAX"}, "--tf"), ({"factor": "Usf-1"}, "--factor")])
def test_the_name_that_tells_the_factor_is_said(
    given: dict[str, str], where: str, tmp_path: Path, planted: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    data = planted.dataset(np.random.default_rng(0))
    options = MotifOptions(routes=("kernels",), untrained=0, shuffles=5, factor=given.get("factor"))
    targets = jaspar(ids=["MA0058.4", "MA0093.4"])
    findings = find_motifs(planted.run(tmp_path), data, targets=targets, tf=given.get("tf"), options=options)
    show_motifs(findings, Path("report.html"))
    name = "MAX" if where == "--tf" else "USF1"
    assert f"trained on {name} (by {where}; --factor names another)" in capsys.readouterr().out


def test_unknown_factor(tmp_path: Path, planted: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    data = planted.dataset(np.random.default_rng(0))["test"]
    windows = ArrayWindows(
        data.codes(np.arange(60)), data.labels[:60], tasks=("bound1", "bound2", "bound3", "bound4")
    )
    run = planted.run(tmp_path)
    run = replace(run, config={**run.config, "tasks": list(windows.tasks)})
    options = MotifOptions(routes=("kernels",), untrained=0, shuffles=5)
    dataset = Dataset("mine.fa", "arrays", {"test": windows}, hash="0")
    findings = find_motifs(run, dataset, targets=jaspar()[:40], options=options)
    show_motifs(findings, Path("report.html"))
    text = capsys.readouterr().out
    assert "unknown factor: no known motif is named by bound1, bound2, bound3, …; --factor names it" in text
    assert "factors named" not in text
    assert (findings.factors["found"] == "unknown").all()
