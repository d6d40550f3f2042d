"""Backgrounds: files, counts, both strands."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.analyses.motifs.engines.background import NRDB, background


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


def test_backgrounds_by_name() -> None:
    """FIMO's default, and the motif file's own, by our names and by FIMO's."""
    for name in ("nrdb", "--nrdb--"):
        np.testing.assert_allclose(
            background(name, both_strands=False), [0.281774, 0.22202, 0.228876, 0.26733], rtol=0, atol=1e-6
        )
    given = np.array([0.1, 0.2, 0.3, 0.4])
    for name in ("motifs", "--motif--"):
        np.testing.assert_allclose(background(name, motifs=given), [0.25, 0.25, 0.25, 0.25], rtol=0, atol=1e-6)
        np.testing.assert_allclose(background(name, motifs=given, both_strands=False), given, rtol=0, atol=1e-6)
        assert background(name).tolist() == [0.25] * 4
    assert background("--uniform--").tolist() == [0.25] * 4


def test_nrdb_is_pymemesuites() -> None:
    common = pytest.importorskip("pymemesuite.common")
    wanted = list(common.Background.from_nrdb(common.Alphabet.dna()).frequencies)
    np.testing.assert_allclose(NRDB, wanted, rtol=0, atol=1e-9)


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


@given(
    st.lists(
        st.sampled_from(["A 0.25\n", "C .25\n", "g 2.5e-1\n", "U 0.25\n", "# x", "\n"])
        | st.text(st.characters(codec="utf-8"), max_size=9)
    )
)
@settings(deadline=None)
def test_any_text_gives_frequencies_or_one_line(pieces: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bg.txt")
        path.write_text("".join(pieces), encoding="utf-8", newline="")
        message = str(path)
        try:
            frequencies = background(path)
            assert frequencies.sum() == pytest.approx(1)
        except ValueError as error:
            message = str(error)
        assert str(path) in message
        assert len(message.splitlines()) == 1


def test_numbers_have_a_range() -> None:
    for numbers in ([np.inf, 1, 1, 1], [1e308] * 4, [0, 0, 0, 0], [-1, 1, 1, 1]):
        with pytest.raises(ValueError, match="expected frequencies >= 0"):
            background(numbers)


def test_bad_sources(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="neither a file nor uniform, nrdb"):
        background(str(tmp_path / "none"))
    with pytest.raises(ValueError, match="needs the sequences"):
        background("sequences")
    with pytest.raises(ValueError, match="no A, C, G or T"):
        background("sequences", sequences=["NNN"])
    with pytest.raises(ValueError, match="shape"):
        background([0.5, 0.5])
    with pytest.raises(ValueError, match=">= 0"):
        background([float("nan"), 1, 1, 1])
