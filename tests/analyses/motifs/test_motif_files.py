"""Motif files: formats in, MEME out, bad files."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import (
    FORMATS,
    parse_motifs,
    read_databases,
    read_motif_file,
    read_motifs,
    write_meme,
)

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


def letters(motif: Motif) -> str:
    return "".join("ACGT"[base] for base in motif.ppm.argmax(axis=1))


def test_jaspar_rows_in_any_order() -> None:
    """Rows labelled T, G, C, A were read as A, C, G, T."""
    motif = parse_motifs(">m X\nT [ 10 0 ]\nG [ 0 0 ]\nC [ 0 0 ]\nA [ 0 10 ]\n").motifs[0]
    assert letters(motif) == "TA"


ACGG = "0.97 0.01 0.01 0.01\n0.01 0.97 0.01 0.01\n0.01 0.01 0.97 0.01\n0.01 0.01 0.97 0.01\n"


def test_a_row_a_position() -> None:
    """HOMER's files and .pfm: four positions were read transposed, other widths refused or not."""
    homer = f">ACGG\tname(Zf)/cell-ChIP/Homer\t6.04\t-20.1\t0\n{ACGG.replace(' ', chr(9))}"
    (motif,) = parse_motifs(homer).motifs
    assert (motif.name, motif.alt, letters(motif)) == ("ACGG", "name(Zf)/cell-ChIP/Homer", "ACGG")
    assert letters(parse_motifs(f">m\n{ACGG}").motifs[0]) == "ACGG"  # rows alone sum to 1
    assert letters(parse_motifs(f">m\n{ACGG}0.01 0.01 0.01 0.97\n").motifs[0]) == "ACGGT"
    assert parse_motifs(">m\n10 20 30 40\n25 25 25 25\n1 2 3 94\n").motifs[0].nsites == 100
    transposed = "".join(" ".join(row) + "\n" for row in zip(*map(str.split, ACGG.splitlines()), strict=True))
    assert letters(parse_motifs(f">m\n{transposed}").motifs[0]) == "ACGG"  # columns alone sum to 1


def test_four_by_four_is_decided_by_the_stated_format(tmp_path: Path) -> None:
    path = tmp_path / "m.pfm"
    path.write_text(">m\n0 1 0 0\n0 0 1 0\n0 0 0 1\n1 0 0 0\n")
    with pytest.raises(ValueError, match=r"four rows of four numbers could be .*m.pfm=jaspar or .*m.pfm=homer"):
        read_motifs(path)
    assert letters(read_motifs(path, format="homer")[0]) == letters(read_motifs(f"{path}=homer")[0]) == "CGTA"
    assert letters(read_motifs(path, format="jaspar")[0]) == letters(read_motifs(f"{path}=jaspar")[0]) == "TACG"
    with pytest.raises(ValueError, match="format 'x': expected one of meme, jaspar, homer, transfac"):
        read_motifs(path, format="x")


def test_old_meme_headers_and_comments() -> None:
    """MEME 4.9's header gave the second name 'width'; a comment below the matrix header was refused."""
    header = "MOTIF  1\twidth =   2   sites =  17   llr = 43   E-value = 6.9e-002"
    text = MEME.replace("MOTIF  M1 first", header).replace("E= 4.1e-009\n", "E= 4.1e-009\n# two rows\n")
    first = parse_motifs(text).motifs[0]
    assert (first.name, first.alt, first.width) == ("1", "", 2)
    jaspar = "# of mine\n>m X\n# two positions\nA [ 9 0 ]\nC [ 0 9 ]\n  # half\nG [ 0 0 ]\nT [ 0 0 ]\n"
    assert letters(parse_motifs(jaspar).motifs[0]) == "AC"
    assert parse_motifs(MEME.replace("M1 first", "M1 MEME\twidth = 2 sites = 17")).motifs[0].alt == "MEME"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('<?xml version="1.0"?>\n<!DOCTYPE MEME[\n', "is XML"),
        ("<!DOCTYPE HTML>\n<html>\nMEME version 4\n", "is HTML"),
    ],
)
def test_other_outputs_of_meme_are_named(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=rf"{what}: give the text output .*meme.txt"):
        parse_motifs(text)


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e400", "1_0", "x", "1e16"])
def test_sites_and_widths_are_numbers(value: str) -> None:
    """nsites= nan and inf ended in a segmentation fault of match, and of scan."""
    for field, replaced in (("nsites", "nsites= 17"), ("w", "w= 2")):
        with pytest.raises(ValueError, match=r"\(read as MEME text\), line 12: expected a "):
            parse_motifs(MEME.replace(replaced, f"{field}= {value}"))
    with pytest.raises(ValueError, match="expected 0 to"):
        Motif("m", np.full((2, 4), 0.25), nsites=float(value) if value in ("nan", "inf", "-1") else float("nan"))


def test_too_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """5,000 positions took all memory in match; the limit is stated and can be raised."""
    text = MEME.replace("w= 2", "w= 5000").replace("1 0 0 0\n", "1 0 0 0\n" * 4999)
    with pytest.raises(ValueError, match=r"line 12: motif M1 has 5,000 positions, more than 500: set"):
        parse_motifs(text)
    with pytest.raises(ValueError, match="more than 500"):
        Motif("m", np.full((501, 4), 0.25))
    monkeypatch.setenv("MOTIFLENS_MAX_MOTIF_WIDTH", "5000")
    assert parse_motifs(text).motifs[0].width == 5000


def test_databases_together(tmp_path: Path) -> None:
    for name, ppm in (("one", [[1.0, 0, 0, 0]]), ("two", [[0, 1.0, 0, 0]])):
        write_meme(tmp_path / f"{name}.meme", [Motif("m", np.array(ppm)), Motif("same", np.full((2, 4), 0.25))])
    together = read_databases([tmp_path / "one.meme", tmp_path / "two.meme"])
    assert [motif.name for motif in together] == ["m", "same", "m@two.meme"]
    assert [letters(motif)[0] for motif in together] == ["A", "A", "C"]
    with pytest.raises(ValueError, match="no motif database"):
        read_databases([])


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


def test_a_transfac_motif_that_is_not_closed_keeps_its_name() -> None:
    text = "AC M1\nP0 A C G T\n01 1 0 0 0\nAC M2\nP0 A C G T\n01 0 1 0 0\n"
    assert [(m.name, letters(m)) for m in parse_motifs(text).motifs] == [("M1", "A"), ("M2", "C")]


CISBP = """TF\tT012345_2.00
TF Name\tGATA1
Motif\tM00123_2.00

Pos\tA\tC\tG\tT
1\t0.1\t0.1\t0.6\t0.2
2\t0.7\t0.1\t0.1\t0.1

Pos\tT\tG\tC\tA
1\t0.7\t0.1\t0.1\t0.1
"""


def test_cisbp_text(tmp_path: Path) -> None:
    (tmp_path / "M7.txt").write_text(CISBP)
    first, second = read_motifs(tmp_path / "M7.txt")
    assert (first.name, first.alt, first.nsites, letters(first)) == ("M00123_2.00", "GATA1", None, "GA")
    np.testing.assert_allclose(first.ppm[0], [0.1, 0.1, 0.6, 0.2], rtol=1e-12)
    assert (second.name, letters(second)) == ("M7_2", "T")


UNIPROBE = """Protein: Gata4\tSeed k-mer: AGATAAG
A:\t0.1\t0.7
C:\t0.1\t0.1
G:\t0.7\t0.1
T:\t0.1\t0.1

Sox4 primary
T:\t0.7
G:\t0.1
C:\t0.1
A:\t0.1
"""


def test_uniprobe_text(tmp_path: Path) -> None:
    first, second = parse_motifs(UNIPROBE).motifs
    assert (first.name, letters(first)) == ("Gata4", "GA")
    assert (second.name, letters(second)) == ("Sox4", "T")
    (tmp_path / "Alx3.pwm").write_text("A: .7\nC: .1\nG: .1\nT: .1\n")
    assert [m.name for m in read_motifs(tmp_path / "Alx3.pwm")] == ["Alx3"]


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
        (CISBP.replace("A\tC", "C"), "read as CIS-BP text.*, line 5: expected 'Pos A C G T'"),
        (CISBP.replace("\t0.6", ""), "line 6: expected a position and 4 numbers"),
        ("Pos\tA\tC\tG\tT\n", "holds no motif"),
        (UNIPROBE.replace("T:\t0.1\t0.1\n", ""), "read as UniPROBE text.*, line 6: expected a row of T"),
        (">MA0004.1\tARNT\t1\ntgggCACGTGaa\n", "line 2: a sequence, no matrix"),
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


PIECES = st.sampled_from(
    [
        *MEME.splitlines(True), *JASPAR.splitlines(True), *TRANSFAC.splitlines(True), "\r", "\x0c", "\u2028", "#",
        "w=", "nsites= nan", "E=", "-1 ", "1e999 ", "0x1 ", ">", "[", "A ", "|", "0 0 0 0\n", "=", "\t6\t7\n",
    ]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=12), max_size=30), st.sampled_from([None, *FORMATS]))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_motifs_or_one_line(pieces: list[str], format: str | None) -> None:
    """Whatever a file holds: motifs that engines can take, or one line that names the file."""
    message, motifs = "f.txt", list[Motif]()
    try:
        motifs = parse_motifs("".join(pieces), name="f.txt", format=format).motifs
    except ValueError as error:
        message = str(error)
    assert "f.txt" in message
    assert len(message.splitlines()) == 1
    for motif in motifs:
        assert np.isfinite(motif.ppm).all()
        assert motif.nsites is None or 0 < motif.nsites < 1e16


@given(st.binary(max_size=200), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_one_line(content: bytes, packed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "f.meme")
        path.write_bytes(b"\x1f\x8b" + content if packed else content)
        with pytest.raises(ValueError, match=r"f\.meme") as raised:
            read_motifs(path)
        assert len(str(raised.value).splitlines()) == 1


def test_the_line_of_a_bad_background_is_named(tmp_path: Path) -> None:
    """The letters stand on the line after the heading; an even and an odd line, counted from 1."""
    for blank in (0, 1):
        path = tmp_path / f"b{blank}.meme"
        path.write_text(
            "MEME version 4\n"
            + "\n" * blank
            + "ALPHABET= ACGT\n\nBackground letter frequencies\nA .2 C .2 G .2 T .2\n\nMOTIF M1\n"
            "letter-probability matrix: alength= 4 w= 1\n1 0 0 0\n"
        )
        with pytest.raises(ValueError, match=rf"line {5 + blank}: background sums to 0\.8, not 1"):
            read_motifs(path)
