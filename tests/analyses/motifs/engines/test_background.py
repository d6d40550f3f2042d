"""Backgrounds: files, counts, both strands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motiflens.analyses.motifs.engines.background import background


def test_file_with_higher_orders(tmp_path: Path) -> None:
    path = tmp_path / "bg.txt"
    path.write_text("# order 0\nA 3.0e-01\nC 0.2\nG 0.1\nT 0.4\n# order 1\nAA 0.1\nAC 0.2\n")
    np.testing.assert_allclose(background(path, both_strands=False), [0.3, 0.2, 0.1, 0.4], rtol=0, atol=1e-6)
    np.testing.assert_allclose(background(str(path)), [0.35, 0.15, 0.15, 0.35], rtol=0, atol=1e-6)


def test_counted() -> None:
    sequences = {"a": "AAaNc", "b": "gU"}
    np.testing.assert_allclose(
        background("sequences", sequences=sequences, both_strands=False),
        [0.5, 1 / 6, 1 / 6, 1 / 6],
        rtol=0,
        atol=2e-6,
    )


def test_uniform_is_exact() -> None:
    assert background().tolist() == [0.25] * 4
    assert background([1, 1, 1, 1]).tolist() == [0.25] * 4


def test_absent_letters_stay_finite() -> None:
    found = background("sequences", sequences=["AAAA"])
    assert (found > 0).all()
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A 0.3\nC 0.2\nG 0.5\n", "expected lines for A, C, G, T"),
        ("A x\n", "line 1: expected 'A 0.25'"),
        ("A\n", "line 1"),
        ("A 0.3\nC 0.2\nG 0.5\nT 0.6\n", "sum to 1.6"),
        ("A -0.5\nC 0.5\nG 0.5\nT 0.5\n", ">= 0"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bg.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        background(path)


def test_bad_sources(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="neither 'uniform'"):
        background(str(tmp_path / "none"))
    with pytest.raises(ValueError, match="needs the sequences"):
        background("sequences")
    with pytest.raises(ValueError, match="no A, C, G or T"):
        background("sequences", sequences=["NNN"])
    with pytest.raises(ValueError, match="shape"):
        background([0.5, 0.5])
    with pytest.raises(ValueError, match=">= 0"):
        background([float("nan"), 1, 1, 1])
