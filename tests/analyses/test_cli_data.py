"""`interpret data describe`: what it prints, and one clear line for each kind of broken input."""

from __future__ import annotations

import gzip
import inspect
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pyBigWig
import pytest

from motiflens.analyses.cli.data_options import DataOptions
from motiflens.analyses.cli.main import main
from motiflens.analyses.cli.option_groups import option_groups

SIZES = {"chr1": 4000, "chr2": 3000, "chr3": 3000}
HEADER = "FoldID\tEventID\tseq\tBound\n"
TOML = """
name = "small"
[genome]
fasta = "genome.fa"
[windows]
length = 200
bin = 100
stride = 100
[splits]
valid = ["chr2"]
test = ["chr3"]
[signals]
uniqueness = "signal.bw"
[[cell_types]]
name = "K562"
accessibility = "signal.bw"
[[experiments]]
tf = "CTCF"
cell_type = "K562"
peaks = "peaks.narrowPeak"
"""


def bigwig(path: Path, sizes: dict[str, int]) -> None:
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(sizes.items()))
        for name in sizes:
            file.addEntries([name], [10], ends=[200], values=[2.0])


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every source is right."""
    folder = tmp_path_factory.mktemp("good")
    rng = np.random.default_rng(0)
    text = {name: "".join(rng.choice(list("ACGT"), size)) for name, size in SIZES.items()}
    (folder / "genome.fa").write_text("".join(f">{name}\n{letters}\n" for name, letters in text.items()))
    lines = []
    for i in range(30):
        name = f"chr{i % 3 + 1}"
        start = int(rng.integers(0, SIZES[name] - 120))
        lines.append(f"{name}\t{start}\t{start + 120}\tp{i}\t0\t.\t3.5\t-1\t-1\t60\n")
    (folder / "peaks.narrowPeak").write_text("".join(lines))
    bigwig(folder / "signal.bw", SIZES)
    (folder / "dataset.toml").write_text(TOML)
    rows = ["".join(row) for row in rng.choice(list("ACGT"), (40, 50))]
    (folder / "a.fa").write_text("".join(f">s{i}\n{row}\n" for i, row in enumerate(rows)))
    (folder / "a.seq").write_text(HEADER + "".join(f"A\ts{i}\t{row}\t1\n" for i, row in enumerate(rows)))
    return folder


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    """Run the command line in this process."""
    monkeypatch.setattr(sys, "argv", ["interpret", *words])
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("MOTIFLENS_DEBUG", raising=False)
    capsys.readouterr()
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["."], ["folder", "CTCF|K562", "200 bp", "fold"]),
        ([".", "--tf", "CTCF"], ["uniqueness", "dnase", "channel"]),
        (["a.fa"], ["fasta", "dinucleotide shuffling"]),
        (["a.seq", "--ratio", "2"], ["deepbind_seq", "50 bp"]),
        (["peaks.narrowPeak", "--genome", "genome.fa"], ["peaks", "warning: positive windows are all centred"]),
        (["peaks.narrowPeak", "--genome", "genome.fa", "--offset", "9"], ["within 9 bp"]),
    ],
)
def test_what_is_printed(
    good: Path,
    words: list[str],
    shown: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(good)
    code, out, err = run(capsys, monkeypatch, "data", "describe", *words)
    assert (code, err) == (0, "")
    for part in (*shown, "train", "valid", "test", "GC pos", "hash"):
        assert part in out


def test_json(good: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run(capsys, monkeypatch, "data", "describe", str(good), "--json")
    found = json.loads(out)
    assert code == 0
    assert found["length"] == 200
    assert [row["split"] for row in found["splits"]] == ["train", "valid", "test"]


def text(name: str, content: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content.encode()) and None


def changed(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        before = (folder / "dataset.toml").read_text()
        assert old in before
        (folder / "dataset.toml").write_text(before.replace(old, new))

    return change


def truncated(name: str) -> Callable[[Path], None]:
    def cut(folder: Path) -> None:
        data = gzip.compress((folder / name.removesuffix(".gz")).read_bytes())
        (folder / name).write_bytes(data[: len(data) // 2])

    return cut


def arrays(**content: object) -> Callable[[Path], None]:
    return lambda folder: np.savez(folder / "a.npz", **content)


def one_hot(count: int = 12) -> np.ndarray:
    return np.eye(4)[np.random.default_rng(0).integers(0, 4, (count, 9))].transpose(0, 2, 1)


def peak(*fields: object) -> Callable[[Path], None]:
    return text("bad.bed", "chr1\t5\t90\n" + "\t".join(map(str, fields)) + "\n")


def mat(**content: np.ndarray) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        with h5py.File(folder / "train.mat", "w") as file:
            file.update(content)

    return write


PEAKS = ["bad.bed", "--genome", "genome.fa"]
CASES: dict[str, tuple[Callable[[Path], object] | None, list[str], str]] = {
    # name: what breaks it, the words of the command line, what the line must say
    "nothing there": (None, ["absent.fa"], "absent.fa does not exist"),
    "folder of nothing": (lambda f: (f / "empty").mkdir(), ["empty"], "is a folder without dataset.toml"),
    "unknown kind": (text("notes.txt", "hello\n"), ["notes.txt"], "is of no known kind"),
    "folder instead of a file": (
        lambda f: (f / "sub").mkdir(),
        ["peaks.narrowPeak", "--genome", "sub"],
        "sub is a folder: expected a genome FASTA",
    ),
    "empty file": (text("e.fa", ""), ["e.fa"], "e.fa is empty"),
    "truncated gzip": (truncated("a.seq.gz"), ["a.seq.gz"], "a.seq.gz is a truncated gzip file"),
    "truncated genome": (
        truncated("genome.fa.gz"),
        ["peaks.narrowPeak", "--genome", "genome.fa.gz"],
        "genome.fa.gz is a truncated gzip file",
    ),
    "damaged gzip": (
        lambda f: (f / "b.fa.gz").write_bytes(gzip.compress(b">a\nACGT\n")[:-8] + bytes(8)),
        ["b.fa.gz"],
        "b.fa.gz is a damaged gzip file",
    ),
    "Windows line ends": (text("w.seq", HEADER.replace("\n", "\r\n")), ["w.seq"], "line 1 has a Windows line end"),
    "Windows line ends in a genome": (
        text("w.fa", ">chr1\r\nACGT\r\n"),
        ["peaks.narrowPeak", "--genome", "w.fa"],
        "past the end of chr1 (4 bp",  # they are taken; the genome is too short
    ),
    "bytes that are no text": (
        lambda f: (f / "b.seq").write_bytes(b"\xff\xfe\x00\x01\n"),
        ["b.seq"],
        "is no text",
    ),
    "another header": (text("h.seq", "id\tseq\ty\n"), ["h.seq"], "line 1 is 'id\\tseq\\ty': expected the columns"),
    "missing columns": (text("c.seq", HEADER + "A\ts1\tACGT\n"), ["c.seq"], "line 2 has 3 tab-separated columns"),
    "no rows": (text("n.seq", HEADER), ["n.seq"], "n.seq holds no sequence"),
    "label that is no label": (text("l.seq", HEADER + "A\ts1\tACGT\t2\n"), ["l.seq"], "line 2 has Bound = '2'"),
    "letter that is no base": (
        text("x.seq", HEADER + "A\ts1\tACGEA\t1\n"),
        ["x.seq"],
        "line 2 has 'E' at base 4: expected A, C, G, T, N",
    ),
    "mixed lengths": (
        text("m.fa", ">a\nACGTA\n>b\nACG\n"),
        ["m.fa"],
        "line 3 has 3 bases, the first sequence 5: expected one length",
    ),
    "duplicate names": (text("d.fa", ">a\nACG\n>b\nACG\n>a\nCCC\n"), ["d.fa"], "lines 1 and 5 are both named 'a'"),
    "header without a sequence": (text("s.fa", ">a\n>b\nACG\n"), ["s.fa"], "line 1: 'a' has no sequence"),
    "no FASTA": (text("p.fa", "ACGT\n"), ["p.fa"], "line 1 does not begin with '>'"),
    "too few to divide": (text("t.fa", ">a\nACG\n>b\nACG\n"), ["t.fa"], "2 sequences, 1 where equal and"),
    "peaks without a genome": (None, ["peaks.narrowPeak"], "give the genome's FASTA as genome (--genome)"),
    "unknown chromosome": (
        peak("chr9", 5, 90),
        PEAKS,
        "bad.bed line 2 has the chromosome 'chr9', which is not in",
    ),
    "chromosome of another style": (peak("1", 5, 90), PEAKS, "line 2 says '1' where genome.fa says 'chr1'"),
    "negative coordinate": (peak("chr1", -5, 90), PEAKS, "line 2 starts at -5"),
    "reversed coordinates": (peak("chr1", 90, 5), PEAKS, "line 2 ends at 5, not after its start 90"),
    "past the end": (peak("chr1", 5, 9000), PEAKS, "line 2 ends at 9000, past the end of chr1 (4000 bp"),
    "coordinate that is no number": (peak("chr1", "five", 90), PEAKS, "line 2 has the start 'five'"),
    "columns missing from a BED": (peak("chr1", 5), PEAKS, "line 2 has 2 tab-separated columns: expected 3"),
    "spaces instead of tabs": (text("bad.bed", "chr1 5 90\n"), PEAKS, "line 1 has 1 tab-separated columns"),
    "summit outside its peak": (
        text("bad.narrowPeak", "chr1\t5\t90\tp\t0\t.\t1\t-1\t-1\t500\n"),
        ["bad.narrowPeak", "--genome", "genome.fa"],
        "line 1 has its summit 500 bp after its start, outside the peak",
    ),
    "only comments": (text("bad.bed", "# none\n"), PEAKS, "bad.bed holds no interval"),
    "genome with a name twice": (
        text("twice.fa", ">chr1\nAC\n>chr1\nAC\n"),
        ["peaks.narrowPeak", "--genome", "twice.fa"],
        "twice.fa names the sequence 'chr1' twice",
    ),
    "genome with a letter that is no base": (
        text("letter.fa", ">chr1\nACQ\n"),
        ["peaks.narrowPeak", "--genome", "letter.fa"],
        "sequence 'chr1' base 3 is 'Q'",
    ),
    "genome cut off after a header": (
        text("cut.fa", ">chr1\nAC\n>chr2"),
        ["peaks.narrowPeak", "--genome", "cut.fa"],
        "ends after the header of 'chr2'",
    ),
    "toml that is no toml": (text("dataset.toml", "[genome\n"), ["."], "dataset.toml is no TOML file"),
    "misspelt key": (
        changed("stride", "strde"),
        ["."],
        "unknown key 'strde' in [windows]: did you mean 'stride'?",
    ),
    "value of a wrong kind": (changed("length = 200", 'length = "200"'), ["."], "'length' in [windows] is '200'"),
    "missing key": (changed('fasta = "genome.fa"', ""), ["."], "'fasta' in [genome] is missing"),
    "missing file": (changed("peaks.narrowPeak", "nowhere.bed"), ["."], "nowhere.bed does not exist"),
    "no experiments": (changed("[[experiments]]", "[[cell_types]]"), ["."], "unknown key 'tf' in [cell_types]"),
    "unknown labelling": (
        changed("bin = 100", 'bin = 100\nlabelling = "odd"'),
        ["."],
        "labelling 'odd' is unknown",
    ),
    "chromosome in two splits": (changed('["chr2"]', '["chr3"]'), ["."], "chr3 is in two splits"),
    "split without a chromosome": (changed('["chr2"]', '["2"]'), ["."], "says '2' where"),
    "experiment in no cell type": (
        changed('cell_type = "K562"', 'cell_type = "GM"'),
        ["."],
        "is in 'GM', which is no",
    ),
    "window smaller than its bin": (
        changed("length = 200", "length = 50"),
        ["."],
        "expected at least the bin's 100",
    ),
    "unknown TF": (None, [".", "--tf", "GATA9"], "has no experiment of tf 'GATA9': it has CTCF"),
    "unknown signal": (None, [".", "--tf", "CTCF", "--signals", "x"], "has no signal 'x'"),
    "bigWig of another genome": (
        lambda f: bigwig(f / "signal.bw", {"chr1": 4000, "chr2": 2999}),
        ["."],
        "signal.bw says that chr2 has 2999 bp",
    ),
    "bigWig of another style": (
        lambda f: bigwig(f / "signal.bw", {"1": 4000, "chr2": 3000}),
        ["."],
        "signal.bw says '1' where",
    ),
    "bigWig that is none": (text("signal.bw", "track\n"), ["."], "signal.bw is no bigWig file"),
    "bigWig cut off": (
        lambda f: (f / "signal.bw").write_bytes((f / "signal.bw").read_bytes()[:70]),
        ["."],
        "signal.bw is a damaged or truncated bigWig file",
    ),
    "NaN labels": (arrays(X=one_hot(), y=np.full(12, np.nan)), ["a.npz"], "row 0 has a NaN label"),
    "labels that are none": (arrays(X=one_hot(), y=np.full(12, 3)), ["a.npz"], "row 0 has the label 3"),
    "labels of another length": (
        arrays(X=one_hot(), y=np.ones(5)),
        ["a.npz"],
        "has the shape (5,): expected (12,)",
    ),
    "channels last": (arrays(X=one_hot().transpose(0, 2, 1), y=np.ones(12)), ["a.npz"], "(N, L, 4): transpose"),
    "not one-hot": (arrays(X=one_hot() * 0.7, y=np.ones(12)), ["a.npz"], "row 0 is not one-hot"),
    "arrays of other names": (arrays(a=np.ones(3)), ["a.npz"], "a.npz holds a: expected X and y"),
    "pickled arrays": (arrays(X=np.array([{}]), y=np.ones(1)), ["a.npz"], "a.npz is a damaged or unsafe"),
    "npz cut off": (text("a.npz", "PK\x03\x04rest"), ["a.npz"], "a.npz is a damaged"),
    "mat of other names": (mat(x=np.ones(3)), ["train.mat"], "holds x: expected DeepSEA's trainxdata"),
    "mat of another shape": (
        mat(trainxdata=np.ones((3, 5, 2)), traindata=np.ones((2, 2))),
        ["train.mat"],
        "trainxdata has the shape (2, 5, 3): expected (N, 4, L)",
    ),
    "mat that is none": (
        text("train.mat", "MATLAB 5.0 MAT-file" + " " * 200),
        ["train.mat"],
        "is a damaged MATLAB",
    ),
    "unknown columns": (
        mat(trainxdata=np.zeros((3, 4, 2)), traindata=np.ones((2, 2))),
        ["train.mat", "--columns", "all"],
        "columns 'all' are unknown",
    ),
    "unknown negatives": (None, ["a.fa", "--negatives", "random"], "negatives 'random' are unknown"),
    "gc negatives without a genome": (None, ["a.fa", "--negatives", "gc"], "give its FASTA as genome"),
    "length of nothing": (None, ["a.fa", "--length", "0"], "length is 0"),
    "an option without meaning": (
        None,
        ["a.fa", "--labelling", "dream"],
        "labelling means nothing for a FASTA file",
    ),
    "test that is nothing": (None, ["a.fa", "--test", "chr8"], "test 'chr8' is neither a file nor a chromosome"),
}


@pytest.mark.parametrize("name", list(CASES))
def test_broken_input_gives_one_line(
    name: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks, words, said = CASES[name]
    folder = tmp_path / "data"
    shutil.copytree(good, folder)
    if breaks is not None:
        breaks(folder)
    monkeypatch.chdir(folder)
    code, out, err = run(capsys, monkeypatch, "data", "describe", *words)
    assert code == 2
    assert out == ""
    assert err.startswith("interpret: ")
    assert err.count("\n") == 1
    assert said in err


def test_there_are_enough_kinds() -> None:
    assert len(CASES) >= 30


@pytest.mark.parametrize(("words", "code"), [([".", "--tf", "CTCF"], 0), (["absent.fa"], 2)])
def test_in_a_process_of_its_own(good: Path, words: list[str], code: int) -> None:
    command = [sys.executable, "-m", "motiflens.analyses.cli.main", "data", "describe", *words]
    done = subprocess.run(command, cwd=good, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == (code > 0)


def test_commands_share_the_options() -> None:
    seen = {}

    def command(data: DataOptions, out: str, seed: int = 4) -> None:
        seen.update(data=data, out=out, seed=seed)

    wrapped = option_groups(command)
    names = list(inspect.signature(wrapped).parameters)
    assert names[:2] == ["out", "seed"]
    assert set(names) == {"out", *DataOptions.__dataclass_fields__}
    wrapped(out="x", seed=7, tf="CTCF")
    assert seen == {"data": DataOptions(tf="CTCF", seed=7), "out": "x", "seed": 7}
