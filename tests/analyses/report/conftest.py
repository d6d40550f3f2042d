"""An output folder of `interpret motifs`, small and known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import write_meme


def _motif(name: str, letters: str, alt: str = "") -> Motif:
    ppm = np.full((len(letters), 4), 0.02)
    ppm[np.arange(len(letters)), ["ACGT".index(letter) for letter in letters]] = 0.94
    return Motif(name, ppm, alt=alt, nsites=100)


ROWS = [
    ("kernel_000", "kernels", "passed", "MA0139.1", "CTCF", "zinc <fingers>", 1e-6, "+", 1, 4),
    ("kernel_001", "kernels", "passed", "MA0148.4", "FOXA1", "forkhead", 0.3, "-", 0, 4),
    ("kernel_002", "kernels", "failed", "", "", "", np.nan, "", np.nan, np.nan),
    ("seqlet_pos_00", "seqlets", "passed", "MA0148.4", "FOXA1", "forkhead", 1e-3, "+", 0, 4),
]


def _write_folder(path: Path, *, architecture: str = "tbinet") -> Path:
    """Write a folder as `interpret motifs` does."""
    path.mkdir(parents=True)
    columns = ["motif_id", "route", "gate", "target_id", "target_alt", "target_family", "target_q", "orientation"]
    table = pd.DataFrame(ROWS, columns=[*columns, "offset", "overlap"])
    table = table.assign(width=4, nsites=[900, 80, 5, 40], information=[7.5, 6.0, 1.0, 5.0], consensus="ACGT")
    table = table.assign(enrichment=[3.2, np.nan, np.nan, 1.1], enrichment_p=0.01, enrichment_q=[0.02, 1, 1, 1])
    table["cluster"] = pd.array([1, 2, pd.NA, 2], dtype="Int64")
    table.to_csv(path / "motifs.tsv", sep="\t", index=False)
    write_meme(path / "motifs.meme", [_motif(row[0], "CCAC") for row in ROWS])
    write_meme(path / "targets.meme", [_motif("MA0139.1", "GCCACT", "CTCF"), _motif("MA0148.4", "GTGG", "FOXA1")])
    np.savez(
        path / "profiles.npz",
        bin_edges=np.linspace(0, 500, 51),
        site_counts=np.arange(50),
        attention=np.random.default_rng(0).random((20, 30)).astype(np.float32),
    )
    tree = {"labels": ["kernel_000", "kernel_001", "seqlet_pos_00"], "linkage": [[1, 2, 0.1, 2], [0, 3, 0.8, 3]]}
    more = {"distance": "1 - correlation", "cut": 0.4, "clusters": 2, "adjusted_rand": {"0": 0.5}}
    edit = {"distinct": {"0": 3, "3": 2, "5": 1, "10": 1}}
    (path / "dendrogram.json").write_text(json.dumps({**tree, **more, "edit": edit, "matched": edit}))
    route = {"families": 1, "seconds": 1.0, "note": "", "left_out": False}
    null = {"total": 3, "null_mean": 0.2, "null_interval": [0, 1], "null_counts": [0, 0, 1], "p": 0.25}
    summary = {
        "model": {"architecture": architecture, "run": "r", "parameters": 12801, "tasks": 2},
        "data": {"source": "small", "split": "test", "windows": 900, "length": 500},
        "tf": None,
        "targets": {"source": "jaspar2026", "count": 1019},
        "routes": {
            "kernels": {**route, "motifs": 3, "passed": 2, "matched": 1},
            "seqlets": {**route, "motifs": 1, "passed": 1, "matched": 1},
            "attention": {
                **route,
                "motifs": 0,
                "passed": 0,
                "matched": 0,
                "left_out": True,
                "note": "no attention",
            },
        },
        "nulls": {"column_shuffled": {**null, "observed": 1}, "untrained": {**null, "observed": 1}},
        "factors": {
            "trained_on": ["CTCF", "FOXA1"],
            "found_by_kernels": ["CTCF"],
            "found_by_any_route": ["CTCF", "FOXA1"],
            "found_by_untrained_kernels": [0, 0],
        },
        "uncorrected": {"kernels": 2, "what": "kernels at E < 0.05"},
        "parameters": {
            "alpha": 0.05,
            "kernel_threshold": "zero",
            "scaling": "field",
            "width": 20,
            "least_prediction": 0.5,
            "flat_dnase": 15.0,
            "hit_p": 1e-4,
            "method": "saliency",
            "gate": {"least": 4.0},
            "distance": "ed",
            "shuffles": 20,
            "seed": 0,
        },
        "made_by": {"command": "interpret motifs --model tbinet", "versions": {"motiflens": "0.1.0"}, "seed": 0},
    }
    (path / "summary.json").write_text(json.dumps(summary))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One finished folder."""
    return _write_folder(tmp_path / "one")


@pytest.fixture
def other_folder(tmp_path: Path) -> Path:
    """Another model's."""
    return _write_folder(tmp_path / "two", architecture="danq")
