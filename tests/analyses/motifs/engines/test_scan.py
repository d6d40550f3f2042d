"""scan: FIMO's own output, an independent slow reference, pymemesuite, and awkward input."""

from __future__ import annotations

import gzip
import importlib
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from motiflens.analyses.motifs.engines.background import background
from motiflens.analyses.motifs.engines.external import scan_with
from motiflens.analyses.motifs.engines.match import match_table
from motiflens.analyses.motifs.engines.pvalues import smooth
from motiflens.analyses.motifs.engines.scan import scan, scan_to_file
from motiflens.analyses.motifs.engines.scan_layout import COLUMNS
from motiflens.analyses.motifs.engines.sequences import read_fasta, reverse_complement
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import read_motifs, write_meme
from motiflens.analyses.motifs.scan_command import ScanCommand, scan_command
from motiflens.models.data.fasta_records import fasta_records

scan_module = importlib.import_module("motiflens.analyses.motifs.engines.scan")
KEY = ["motif_id", "sequence_name", "start", "stop", "strand"]


def _slow():  # type: ignore[no-untyped-def]
    import importlib.util

    spec = importlib.util.spec_from_file_location("slow_scan", Path(__file__).with_name("slow_scan.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.slow_scan


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("gold", "bg", "threshold"), [("uniform_1e-4", None, 1e-4), ("at_1e-3", "background_at.txt", 1e-3)]
)
def test_equals_fimo(shared: Path, tmp_path: Path, gold: str, bg: str | None, threshold: float) -> None:
    folder = shared / "gold"
    wanted = pd.read_csv(folder / f"fimo_{gold}.tsv.gz", sep="\t", dtype=str)
    out = tmp_path / "hits.tsv"
    scan_to_file(
        read_motifs(folder / "fimo_motifs.meme"),
        folder / "fimo_sequences.fa.gz",
        out,
        background=folder / bg if bg else "uniform",
        threshold=threshold,
    )
    found = pd.read_csv(out, sep="\t", dtype=str)
    assert tuple(found.columns) == COLUMNS
    both = wanted.merge(found, on=KEY, how="outer", suffixes=("", "_ours"), indicator=True)
    assert (both["_merge"] == "both").all()  # 0 missing, 0 extra
    for column in ("motif_alt_id", "score", "p-value", "matched_sequence"):
        assert (both[column] == both[f"{column}_ours"]).all(), column  # to the printed digit
    q, ours = both["q-value"].astype(float), both["q-value_ours"].astype(float)
    np.testing.assert_allclose(ours, q, rtol=0.05, atol=0)  # FIMO's pi0 comes from 10,000 random p-values


def _motifs(rng: np.random.Generator) -> list[Motif]:
    made = []
    for i, width in enumerate((1, 4, 7, 8, 9, 12, 13, 21, 35)):
        ppm = rng.dirichlet(np.full(4, (0.2, 0.6, 3.0)[i % 3]), width)
        if i % 4 == 1:
            ppm = np.eye(4)[rng.integers(0, 4, width)]  # zeros everywhere
        made.append(Motif(f"m{i}", ppm, alt=f"a{i}", nsites=(None, 20.0, 1.0, 4321.5)[i % 4]))
    return made


def _sequences(rng: np.random.Generator) -> dict[str, str]:
    made = {"empty": "", "short": "ACGTA", "n_only": "N" * 60}
    for i in range(6):
        letters = rng.choice(list("ACGTNacgtn"), 80, p=[0.2, 0.15, 0.15, 0.2, 0.01, 0.1, 0.06, 0.05, 0.07, 0.01])
        made[f"s{i}"] = "".join(letters)
    return made


@pytest.mark.parametrize("threshold", [1e-3, 0.05, 1.0])
@pytest.mark.parametrize("skew", [[0.25] * 4, [0.45, 0.05, 0.05, 0.45], [0.05, 0.05, 0.1, 0.8]])
def test_equals_slow_reference(rng: np.random.Generator, threshold: float, skew: list[float]) -> None:
    motifs, sequences = _motifs(rng), _sequences(rng)
    table = scan(motifs, sequences, background=skew, threshold=threshold)
    found = {
        (a, s, b, e, strand, round(score, 9), float(f"{p:.9g}"), letters)
        for a, s, b, e, strand, score, p, letters in table[
            [*KEY, "score", "p-value", "matched_sequence"]
        ].itertuples(index=False)
    }
    wanted = _slow()(motifs, sequences, background(skew).tolist(), threshold)
    assert found == wanted
    assert len(found) == len(table)
    assert len(found) > 0


@given(
    seed=st.integers(0, 10**6),
    width=st.integers(1, 24),
    concentration=st.sampled_from([0.05, 0.3, 1.0, 20.0]),
    sites=st.sampled_from([None, 1.0, 20.0, 1e6]),
    threshold=st.sampled_from([1e-4, 1e-2, 0.3]),
)
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_equals_slow_reference_anywhere(
    seed: int, width: int, concentration: float, sites: float | None, threshold: float
) -> None:
    rng = np.random.default_rng(seed)
    motif = Motif("m", rng.dirichlet(np.full(4, concentration), width), nsites=sites)
    best = "".join("ACGT"[i] for i in motif.ppm.argmax(axis=1))
    frequencies = background(rng.dirichlet(np.full(4, 5.0)))
    noise = ["".join(rng.choice(list("ACGTN"), 60, p=[0.24] * 4 + [0.04])) for _ in range(2)]
    sequences = {"a": noise[0] + best + noise[1], "b": reverse_complement(best.encode()).decode()}
    table = scan([motif], sequences, background=frequencies, threshold=threshold)
    wanted = _slow()([motif], sequences, frequencies.tolist(), threshold)
    assert set(zip(table["sequence_name"], table["start"], table["strand"], strict=True)) == {
        (hit[1], hit[2], hit[4]) for hit in wanted
    }


@pytest.mark.parametrize("skew", ["uniform", "gc"])
def test_equals_pymemesuite(rng: np.random.Generator, tmp_path: Path, skew: str) -> None:
    pytest.importorskip("pymemesuite")
    fasta, bg = tmp_path / "s.fa", tmp_path / "bg.txt"
    fasta.write_text("".join(f">{name}\n{letters}\n" for name, letters in _sequences(rng).items()))
    bg.write_text("# order 0\nA 0.1\nC 0.4\nG 0.4\nT 0.1\n")
    motifs = [*_motifs(rng), *jaspar(ids=["MA0139.1", "MA1929.2", "MA0004.1"])]
    source = "uniform" if skew == "uniform" else str(bg)
    ours = scan(motifs, fasta, background=source, threshold=0.01)
    theirs, _ = scan_with("meme", motifs, fasta, background=source, threshold=0.01)
    columns = [*KEY, "matched_sequence"]
    ours, theirs = (t.sort_values(columns, ignore_index=True) for t in (ours, theirs))
    pd.testing.assert_frame_equal(ours[columns], theirs[columns], check_dtype=False)
    np.testing.assert_allclose(ours["score"].astype(float), theirs["score"].astype(float), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours["p-value"].astype(float), theirs["p-value"].astype(float), rtol=1e-6, atol=0)
    np.testing.assert_allclose(ours["q-value"].astype(float), theirs["q-value"].astype(float), rtol=0, atol=0.03)


def _frequencies(gc: float) -> list[float]:
    return [0.5 - gc / 2, gc / 2, gc / 2, 0.5 - gc / 2]


@pytest.mark.parametrize(
    ("sequence_gc", "background_gc", "count"), [(0.1, 0.8, 40), (0.8, 0.2, 40), (0.5, 0.5, 1)]
)
def test_q_is_never_below_fimo(
    rng: np.random.Generator, tmp_path: Path, sequence_gc: float, background_gc: float, count: int
) -> None:
    """A background far from the sequences, and few windows: q was 0 for all hits of a motif.

    0.9: FIMO's share of nulls comes from 10,000 random p-values.
    """
    pytest.importorskip("pymemesuite")
    letters = rng.choice(list("ACGT"), (count, 100), p=_frequencies(sequence_gc))
    fasta, bg = tmp_path / "s.fa", tmp_path / "bg.txt"
    fasta.write_text("".join(f">s{i}\n{''.join(row)}\n" for i, row in enumerate(letters)))
    pairs = zip("ACGT", _frequencies(background_gc), strict=True)
    bg.write_text("".join(f"{letter} {share}\n" for letter, share in pairs))
    motifs = jaspar(ids=["MA1640.2", "MA0139.1", "MA0148.5", "MA0601.2", "MA2556.1"])
    ours = scan(motifs, fasta, background=bg, threshold=0.01).set_index(KEY)["q-value"].astype(float)
    theirs, _ = scan_with("meme", motifs, fasta, background=str(bg), threshold=0.01)
    wanted = theirs.set_index(KEY)["q-value"].astype(float).loc[ours.index]
    assert len(ours) > 0
    assert (ours >= 0.9 * wanted).all()


def test_few_windows_have_q_of_benjamini_and_hochberg() -> None:
    """86 windows, most of them sites: the share of nulls among so few was estimated, and q lay below FIMO's."""
    motif = Motif("m", np.eye(4)[[0, 2, 1, 3, 1, 0]] * 0.96 + 0.01)
    table = scan([motif], {"s": "AGCTCA" * 8}, threshold=1)
    assert len(table) == 86
    np.testing.assert_allclose(table["q-value"], false_discovery_control(table["p-value"]), rtol=1e-9, atol=0)


@pytest.mark.parametrize("sites", [0.5, 1.0, 1.9, 7.5, 20.9, None])
def test_sites_with_a_fraction_lose_it(rng: np.random.Generator, sites: float | None) -> None:
    """As in the MEME Suite; all scores of nine JASPAR 2026 matrices differed."""
    pytest.importorskip("pymemesuite")
    from pymemesuite import common

    frequencies = np.array(common.Background.from_nrdb(common.Alphabet.dna()).frequencies)
    ppm = rng.dirichlet(np.full(4, 0.3), 5).round(6)
    ppm[:, 3] = 1 - ppm[:, :3].sum(axis=1)
    motif = Motif("m", ppm, nsites=sites)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "m.meme")
        write_meme(path, [motif], background=[0.25] * 4)
        with common.MotifFile(str(path)) as file:
            wanted = [[float(value) for value in row] for row in file.read().frequencies]
    np.testing.assert_allclose(smooth(motif, frequencies), wanted, rtol=0, atol=3e-6)  # six printed decimals


@pytest.mark.slow  # memelite compiles at its first use
def test_memelite_is_a_cross_check(rng: np.random.Generator, tmp_path: Path) -> None:
    fasta = tmp_path / "s.fa"
    site = "TGGCCACCAGGGGGCGCTA"
    fasta.write_text(f">a\n{''.join(rng.choice(list('ACGT'), 100))}{site}ACGTAC\n")
    table, counted = scan_with("memelite", jaspar(ids=["MA0139.1"]), fasta)
    assert (101, 119, "+", site) in set(
        table[["start", "stop", "strand", "matched_sequence"]].itertuples(index=False, name=None)
    )
    assert counted == {"sequences": 1, "bases": 125, "foreign": "", "wide": ""}
    with pytest.raises(ValueError, match="uniform background only"):
        scan_with("memelite", jaspar(ids=["MA0139.1"]), {"a": "AACA"}, background="sequences")  # type: ignore[arg-type]


def test_batches_change_nothing(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sequences cut into pieces, hits spread over many batches: the same table."""
    motifs = _motifs(rng)
    sequences = {"long": "".join(rng.choice(list("ACGTN"), 5000, p=[0.249] * 4 + [0.004])), **_sequences(rng)}
    whole = scan(motifs, sequences, threshold=0.01, threads=1)
    for size in (37, 100, 1001):
        monkeypatch.setattr(scan_module, "BATCH", size)
        monkeypatch.setattr("motiflens.analyses.motifs.engines.scan_part.BLOCK", 4)
        monkeypatch.setattr("motiflens.analyses.motifs.engines.scan_part.ROOM", 3)
        pd.testing.assert_frame_equal(scan(motifs, sequences, threshold=0.01, threads=2), whole)


def test_rows_in_pieces_change_nothing(
    rng: np.random.Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    motifs, sequences = _motifs(rng), _sequences(rng)
    scan_to_file(motifs, sequences, tmp_path / "a.tsv", threshold=0.1)
    rows = scan_module._Scan.rows
    monkeypatch.setattr(scan_module._Scan, "rows", lambda self, **how: rows(self, 7, **how))
    scan_to_file(motifs, sequences, tmp_path / "b.tsv", threshold=0.1)
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()
    p = pd.read_csv(tmp_path / "a.tsv", sep="\t")["p-value"]
    assert p.is_monotonic_increasing
    assert len(p) > 50


def test_reverse_complement_of_everything(rng: np.random.Generator) -> None:
    """Scanning the other strand's letters gives the mirrored hits."""
    motifs = _motifs(rng)
    letters = "".join(rng.choice(list("ACGT"), 400))
    one = scan(motifs, {"s": letters}, background=[0.3, 0.2, 0.2, 0.3], threshold=0.01)
    other = scan(
        motifs,
        {"s": reverse_complement(letters.encode()).decode()},
        background=[0.3, 0.2, 0.2, 0.3],
        threshold=0.01,
    )
    mirrored = {
        (a, len(letters) + 1 - stop, len(letters) + 1 - start, "+-"[strand == "+"], m)
        for a, start, stop, strand, m in other[
            ["motif_id", "start", "stop", "strand", "matched_sequence"]
        ].itertuples(index=False)
    }
    assert mirrored == set(
        one[["motif_id", "start", "stop", "strand", "matched_sequence"]].itertuples(index=False, name=None)
    )


def test_one_strand() -> None:
    table = scan(jaspar(ids=["MA0139.1"]), {"s": "TAGCGCCCCCTGGTGGCCA"}, both_strands=False)
    assert len(table) == 0
    assert list(table.columns) == list(COLUMNS)
    assert scan(jaspar(ids=["MA0139.1"]), {"s": "TAGCGCCCCCTGGTGGCCA"})["strand"].tolist() == ["-"]


def test_duplicate_names_and_small_inputs(tmp_path: Path) -> None:
    fasta = tmp_path / "s.fa.gz"
    with gzip.open(fasta, "wt") as file:
        file.write(">a first\nACGTAC\nGTT\n>a second\nACGTACGTT\n\n>b\n\n")
    motif = Motif("m", np.eye(4)[[0, 1, 2, 3, 0]])
    table = scan([motif, motif], fasta, threshold=1e-2)
    assert table["sequence_name"].tolist() == ["a"] * len(table)
    assert len(table) % 4 == 0
    assert list(read_fasta(fasta)) == [("a", b"ACGTACGTT"), ("a", b"ACGTACGTT"), ("b", b"")]
    assert len(scan([motif], ["ACG"])) == 0  # shorter than the motif
    assert len(scan([motif], ["N" * 50])) == 0
    assert scan([motif], ["acguacguu"], threshold=1e-2)["matched_sequence"].tolist()[0] in ("acgua", "ACGTA")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ACGT\n", "line 1 does not begin with '>'"),
        ("", "is empty: expected"),
        (">\nACGT\n", "line 1 is a header without a name"),
    ],
)
def test_bad_fasta(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.fa"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        scan([Motif("m", np.full((3, 4), 0.25))], path)


def test_foreign_letters_are_counted_and_read_as_n(tmp_path: Path) -> None:
    """FIMO warns and goes on; a digit was refused."""
    motif = Motif("m", np.eye(4)[[0, 1, 2, 3]])
    path = tmp_path / "s.fa"
    path.write_text(">a\nACGT1ACGTEE\n>b\nACGT\n")
    told = r"3 letters of 1 sequences are read as N: 'E' \(2\), '1' \(1\); first in a"
    with pytest.warns(UserWarning, match=told):
        table = scan([motif], path, threshold=0.01, both_strands=False)
    assert table["start"].tolist() == [1, 6, 1]
    assert scan_to_file([motif], path, tmp_path / "o.tsv", threshold=0.01).foreign
    plain = scan([motif], {"a": "ACGTNACGTNN", "b": "ACGT"}, threshold=0.01, both_strands=False)
    pd.testing.assert_frame_equal(plain, table)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff>a x\nACGTACGT\n>b\nGGACGT\n",
        ">a x\r\nACGT\r\nACGT\r\n>b\r\nGGACGT\r\n",
        "; old comment\n>a x\n;more\nACG TACGT\n\n>b\nGG AC\tGT\n",
    ],
)
def test_fasta_as_it_is_meant(tmp_path: Path, text: str) -> None:
    """A byte-order mark, Windows line ends, comments, spaces: the same table, and what the data reader reads."""
    path, plain = tmp_path / "s.fa", tmp_path / "plain.fa"
    path.write_bytes(text.encode("utf-8"))
    plain.write_text(">a x\nACGTACGT\n>b\nGGACGT\n")
    motif = Motif("m", np.eye(4)[[0, 1, 2, 3]])
    pd.testing.assert_frame_equal(scan([motif], path, threshold=0.01), scan([motif], plain, threshold=0.01))
    read = [(record.name, record.letters) for record in fasta_records(path)]
    assert read == list(read_fasta(path)) == [("a", b"ACGTACGT"), ("b", b"GGACGT")]


@given(
    st.lists(
        st.sampled_from(
            [b">a\n", b">b c\n", b"ACGT\n", b"acgn", b"\n", b"\r\n", b";x\n", b"\xef\xbb\xbf", b"\x1f\x8b", b">"]
        )
        | st.binary(max_size=6),
        max_size=20,
    )
)
@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("ignore:.*are read as N")
def test_any_bytes_give_hits_or_one_line(pieces: list[bytes]) -> None:
    motif = Motif("m", np.eye(4)[[0, 1, 2, 3]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s.fa")
        path.write_bytes(b"".join(pieces))
        message = str(path)
        try:
            scan([motif], path, threshold=0.01, threads=1)
        except ValueError as error:
            message = str(error)
        assert str(path) in message
        assert len(message.splitlines()) == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1e300])
def test_no_number_reaches_a_compiled_kernel_unchecked(value: float) -> None:
    """nsites of nan and inf made integer scores of garbage, and a segmentation fault."""
    with pytest.raises(ValueError, match="nsites"):
        Motif("m", np.full((3, 4), 0.25), nsites=value)
    with pytest.raises(ValueError, match="background"):
        scan([Motif("m", np.full((3, 4), 0.25))], ["ACGT"], background=[value, 1, 1, 1])


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 1e-300, 0.3, 1.0, 20.0, 1e6, 1e15]),
    st.sampled_from([[1, 1, 1, 1], [1, 0, 0, 0], [1e-300, 1, 1, 1e-300], [1e15, 1, 1, 1]]),
)
@settings(max_examples=60, deadline=None)
def test_extreme_but_valid_numbers(seed: int, sites: float, frequencies: list[float]) -> None:
    """Every motif and background that is taken gives finite scores and p in 0 .. 1, in scan and match."""
    rng = np.random.default_rng(seed)
    motif = Motif("m", rng.dirichlet(np.full(4, 0.05), int(rng.integers(1, 9))), nsites=sites)
    table = scan([motif], ["ACGTACGTTTGCA"], background=frequencies, threshold=1, threads=1)
    assert np.isfinite(table[["score", "p-value", "q-value"]].to_numpy(dtype=float)).all()
    assert table["p-value"].between(0, 1).all()
    pairs = match_table([motif], [motif, motif], background=frequencies, threshold=1, threads=1)
    assert pairs["p-value"].between(0, 1).all()


def test_bad_options(tmp_path: Path) -> None:
    motif = Motif("m", np.full((3, 4), 0.25))
    with pytest.raises(ValueError, match="no motifs"):
        scan([], ["ACGT"])
    with pytest.raises(ValueError, match="no sequences"):
        scan([motif], [])
    for threshold in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(ValueError, match="threshold"):
            scan([motif], ["ACGT"], threshold=threshold)
    with pytest.raises(ValueError, match="threads"):
        scan([motif], ["ACGT"], threads=0)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        scan([motif], tmp_path / "none.fa")
    with pytest.raises(ValueError, match="engine 'x'"):
        scan_with("x", [motif], tmp_path / "none.fa")


def test_null_hits_are_calibrated(rng: np.random.Generator) -> None:
    """On random letters the share of windows with p <= t is t, and q < 0.05 is rare."""
    motifs = jaspar(ids=["MA0139.1", "MA0148.5", "MA0162.5", "MA1929.2"])
    letters = "".join(rng.choice(list("ACGT"), 200_000))
    table = scan(motifs, {"s": letters}, threshold=1e-3)
    for motif, hits in table.groupby("motif_id"):
        assert abs(len(hits) / 400_000 - 1e-3) < 2.5e-4, motif
    assert (table["q-value"] < 0.05).sum() <= 2


@pytest.mark.parametrize("engine", ["ours", "meme", pytest.param("memelite", marks=pytest.mark.slow)])
def test_motifs_wider_than_every_sequence_are_told_by_each_engine(engine: str, tmp_path: Path) -> None:
    """Of other engines only a count of 0 hits was seen. CTCF's 19 positions, and 12 known bases in a row."""
    fasta, meme = tmp_path / "s.fa", tmp_path / "m.meme"
    fasta.write_text(">a\nACGTTGACCAGTNNNNNNNNACGTTGACCAGT\n>b\nACGTA\n", encoding="utf-8")
    write_meme(meme, jaspar(ids=["MA0139.1", "MA0004.1"]))
    record = scan_command(str(meme), fasta, tmp_path / "out.tsv", ScanCommand(engine=engine, threshold=1e-2))
    assert record["wide"] == "1 of 2 motifs are wider than every sequence and can have no site: MA0139.1"
