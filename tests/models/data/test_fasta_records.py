"""One reader of FASTA: the same answer for training data, genomes and scanning, whatever wrote the file."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import numpy as np
import pytest

from motiflens.analyses.motifs.engines.sequences import read_fasta as scanned
from motiflens.models.data.fasta_records import fasta_records
from motiflens.models.data.genome import open_genome
from motiflens.models.data.one_hot import decode
from motiflens.models.data.read_fasta import place_of, read_fasta

PLAIN = b">a one\nACGT\nNNAC\n>b two\nTTTTGGGG\n"
FORMS = {
    "plain": PLAIN,
    "byte-order mark": b"\xef\xbb\xbf" + PLAIN,
    "Windows line ends": PLAIN.replace(b"\n", b"\r\n"),
    "comments": b"; made by hand\n>a one\n;first half\nACGT\n; > not a header\nNNAC\n>b two\nTTTTGGGG\n;end",
    "spaces": b">a one\nAC GT\n NN\tAC \n\n>b two\nTTTT GGGG\n",
    "no last line end": PLAIN[:-1],
    "> in a header": PLAIN.replace(b"a one", b"a one>two;three"),
    "uracil": PLAIN.replace(b"TTTT", b"UUUU"),
    "gzip": gzip.compress(PLAIN),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_answer_everywhere(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.fa"
    path.write_bytes(FORMS[form])
    wanted = {"a": "ACGTNNAC", "b": "TTTTGGGG"}
    assert {name: letters.decode().replace("U", "T") for name, letters in scanned(path)} == wanted
    sequences, _ = read_fasta(path)
    assert dict(zip(sequences.table["name"], map(decode, sequences.bases()), strict=True)) == wanted
    for block in (1 << 24, 7):
        monkeypatch.setattr("motiflens.models.data.genome._BLOCK", block)
        monkeypatch.setenv("MOTIFLENS_CACHE", str(tmp_path / f"cache{block}"))
        genome = open_genome(path)
        assert {n: decode(genome.chromosome(i) & np.uint8(7)) for i, n in enumerate(genome.names)} == wanted


def test_long_lines_are_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("motiflens.models.data.fasta_records._PIECE", 5)
    path = tmp_path / "x.fa"
    path.write_bytes(b">name of a\nACGTACGTACGTACGT\n;comment is long\nAC\n>b\nGGGGGGGGGGG")
    found = [(record.line, record.name, record.letters) for record in fasta_records(path)]
    assert found == [(1, "name", b"ACGTACGTACGTACGTAC"), (5, "b", b"GGGGGGGGGGG")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"ACGT\n", "line 1 does not begin with '>'"),
        (b"\n\n \n", "holds no sequence"),
        (b"> \nAC\n", "line 1 is a header without a name"),
        (b">a\rACGT\r", "line 1 has old Macintosh line ends"),
        (b">a\nAC\nA#C\n", "line 3: '#' is no nucleotide letter"),
        (
            b">" + b"x" * 60 + b"\nAC\n",
            "its header has 61 letters, more than 50: set MOTIFLENS_MAX_HEADER",
        ),
        (b">a\n" + b"AC\n" * 60, "its sequence has 102 letters, more than 100: set MOTIFLENS_MAX_RECORD"),
    ],
)
def test_refusals(content: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTIFLENS_MAX_HEADER", "50")
    monkeypatch.setenv("MOTIFLENS_MAX_RECORD", "100")
    path = tmp_path / "x.fa"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        list(fasta_records(path, allowed=b"ACGT"))


def test_a_compressed_record_without_end_is_stopped_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of 50 million letters in 50 kB: it was held in memory whole, whatever its size."""
    monkeypatch.setenv("MOTIFLENS_MAX_RECORD", "2000000")
    path = tmp_path / "bomb.fa.gz"
    path.write_bytes(gzip.compress(b">a\n" + b"A" * 50_000_000, compresslevel=9))
    began = time.perf_counter()
    with pytest.raises(ValueError, match="more than 2,000,000"):
        list(fasta_records(path))
    assert time.perf_counter() - began < 5


def test_the_place_in_a_header_is_found_in_linear_time() -> None:
    assert place_of("a|b::chr1:5-9(-) x:1-2", 4) == ("a|b::chr1"[5:], 5, "-")
    assert place_of(":5-9 chr2:5-9", 4) == ("chr2", 5, "+")
    assert place_of("range=chr1:6-9 strand=-", 4) == ("chr1", 5, "-")
    began = time.perf_counter()
    for header in ("x" * 500_000, ":1" * 250_000, "x:1-" * 125_000, "1" * 500_000 + ":"):
        assert place_of(header, 4) is None
    assert time.perf_counter() - began < 10  # a second on this machine; hours when it was quadratic
