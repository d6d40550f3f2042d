"""Motif files: formats in, MEME out, bad files."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import parse_motifs, read_motif_file, read_motifs, write_meme

MEME = """MEME version 4.4

ALPHABET= ACGT

strands: + -

Background letter frequencies (from uniform background):
A 0.3 C 0.2
G 0.2 T 0.3

MOTIF  M1 first
letter-probability matrix: alength= 4 w= 2 nsites= 17 E= 4.1e-009
  0.1  0.2  0.3  0.4
1 0 0 0
URL http://x

MOTIF M2

letter-probability matrix:
0.333 0.333 0.333 0
"""


def test_meme() -> None:
    first, second = parse_motifs(MEME).motifs
    assert (first.name, first.alt, first.nsites, first.evalue) == ("M1", "first", 17.0, 4.1e-9)
    assert first.ppm.tolist() == [[0.1, 0.2, 0.3, 0.4], [1, 0, 0, 0]]
    assert (second.name, second.alt, second.nsites) == ("M2", "", None)
    np.testing.assert_allclose(second.ppm, [[1 / 3, 1 / 3, 1 / 3, 0]], rtol=1e-12, atol=0)
    background = parse_motifs(MEME).background
    assert background is not None
    assert background.tolist() == [0.3, 0.2, 0.2, 0.3]


def test_rows_as_printed_stay() -> None:
    """Six decimals that miss 1 by 1e-6 are used as they stand, as the MEME Suite does."""
    text = MEME.replace("0.333 0.333 0.333 0", "0.333333 0.333333 0.333333 0.000000")
    assert parse_motifs(text).motifs[1].ppm.tolist() == [[0.333333, 0.333333, 0.333333, 0]]


def test_full_meme_output() -> None:
    text = MEME.replace("MOTIF  M1 first", "MOTIF RGGTC MEME-1\twidth = 2 sites = 17 llr = 9 E-value = 4.1e-9")
    assert (parse_motifs(text).motifs[0].name, parse_motifs(text).motifs[0].alt) == ("RGGTC", "MEME-1")


def test_round_trip(rng: np.random.Generator, tmp_path: Path) -> None:
    motifs = [
        Motif(f"m{i}", rng.dirichlet(np.full(4, 0.3), int(rng.integers(1, 36))), alt="b c"[: i % 4], nsites=sites)
        for i, sites in enumerate((None, 20.0, 3.5, 123456.0, 7.0))
    ]
    path = tmp_path / "m.meme"
    write_meme(path, motifs, background=[0.3, 0.2, 0.2, 0.3])
    found = read_motif_file(path)
    for wrote, read in zip(motifs, found.motifs, strict=True):
        assert (read.name, read.alt) == (wrote.name, "_".join(wrote.alt.split()))
        assert read.nsites == (20.0 if wrote.nsites is None else wrote.nsites)
        np.testing.assert_allclose(read.ppm, wrote.ppm, rtol=0, atol=2.1e-6)
        np.testing.assert_allclose(read.ppm.sum(axis=1), 1, rtol=0, atol=1e-12)
    packed = tmp_path / "m.meme.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert [m.ppm.tolist() for m in read_motifs(packed)] == [m.ppm.tolist() for m in found.motifs]


JASPAR = """>MA0001.1\tAGL3
A  [ 0  3 79]
C  [94 75  4]
G  [ 1  0  3]
T  [ 2 19 11]
>plain
0.1 0.7
0.2 0.1
0.3 0.1
0.4 0.1
"""


def test_jaspar_text() -> None:
    counts, plain = parse_motifs(JASPAR).motifs
    assert (counts.name, counts.alt, counts.nsites) == ("MA0001.1", "AGL3", 97.0)
    np.testing.assert_allclose(counts.ppm[0], np.array([0, 94, 1, 2]) / 97, rtol=1e-12, atol=0)
    assert plain.nsites is None
    np.testing.assert_allclose(plain.ppm, [[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]], rtol=1e-12, atol=0)


TRANSFAC = """AC  M00001
XX
ID  V$MYOD_01
NA  MyoD
P0      T      G      C      A
01      1      2      2      0      S
02      2      1      2      0      R
XX
//
ID any
PO  A C G T
1   0.5 0.5 0 0
//
"""


def test_transfac_text() -> None:
    first, second = parse_motifs(TRANSFAC).motifs
    assert (first.name, first.alt, first.nsites) == ("M00001", "MyoD", 5.0)
    np.testing.assert_allclose(first.ppm, [[0, 0.4, 0.4, 0.2], [0, 0.4, 0.2, 0.4]], rtol=1e-12, atol=0)
    assert (second.name, second.ppm.tolist()) == ("any", [[0.5, 0.5, 0, 0]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello\n", "is neither MEME"),
        ("", "is neither MEME"),
        ("MEME version 4\n", "holds no motif"),
        (MEME.replace("1 0 0 0", "1 0 0"), "line 14: motif M1: expected 4 probabilities"),
        (MEME.replace("1 0 0 0", "1 0 0 1"), "sum to 1"),
        (MEME.replace("1 0 0 0", "1 0 0 x"), "line 14: expected numbers"),
        (MEME.replace("1 0 0 0", "1 0 0 -0.1"), ">= 0"),
        (MEME.replace("w= 2", "w= 3"), "2 rows, expected 3"),
        (MEME.replace("alength= 4", "alength= 20"), "is not DNA"),
        (MEME.replace("ALPHABET= ACGT", "ALPHABET= ACDEFGHIKLMNPQRSTVWY"), "is not DNA"),
        (JASPAR.replace("T  [ 2 19 11]\n", ""), "expected 4 rows"),
        (JASPAR.replace("[ 2 19 11]", "[ 2 19]"), "of one length"),
        (">m\nA [0 1]\nC [0 1]\nG [0 1]\nT [0 1]\n", "zeros"),
        (TRANSFAC.replace("T      G      C      A", "T G C"), "expected 'P0 A C G T'"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as raised:
        read_motifs(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_absent_and_damaged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_motifs(tmp_path / "none.meme")
    damaged = tmp_path / "m.meme.gz"
    damaged.write_bytes(gzip.compress(MEME.encode())[:-20])
    with pytest.raises(ValueError, match="damaged gzip"):
        read_motifs(damaged)
    binary = tmp_path / "b.meme"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match="is not text"):
        read_motifs(binary)


def test_nothing_to_write(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no motifs"):
        write_meme(tmp_path / "m.meme", [])
    with pytest.raises(ValueError, match="white space"):
        write_meme(tmp_path / "m.meme", [Motif("a b", np.full((1, 4), 0.25))])
    assert not list(tmp_path.iterdir())
