"""Every file that a command reads, holding what it should not: one line that names it, nothing written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Ended, tree

# How a file is given to a command: name -> words, in which FILE is the bad file and WORLD the folder of good ones.
USES = {
    "scan motifs": ("bad.meme", "scan --motifs FILE --sequences WORLD/s.fa --out OUT"),
    "scan sequences": ("bad.fa", "scan --motifs WORLD/m.meme --sequences FILE --out OUT"),
    "scan gzipped": ("bad.fa.gz", "scan --motifs WORLD/m.meme --sequences FILE --out OUT"),
    "scan background": ("bad.bg", "scan --motifs WORLD/m.meme --sequences WORLD/s.fa --background FILE --out OUT"),
    "match query": ("bad.meme", "match FILE WORLD/m.meme --out OUT"),
    "match target": ("bad.jaspar", "match WORLD/m.meme FILE --out OUT"),
    "describe fasta": ("bad.fa", "data describe FILE"),
    "describe fasta.gz": ("bad.fa.gz", "data describe FILE"),
    "describe bed": ("bad.bed", "data describe FILE --genome WORLD/genome.fa"),
    "describe genome": ("bad.fa", "data describe WORLD/peaks.narrowPeak --genome FILE"),
    "describe seq": ("bad.seq", "data describe FILE"),
    "describe seq.gz": ("bad.seq.gz", "data describe FILE"),
    "describe npz": ("bad.npz", "data describe FILE"),
    "describe h5": ("bad.h5", "data describe FILE"),
    "describe mat": ("bad.mat", "data describe FILE"),
    "describe negatives": ("bad.fa", "data describe WORLD/s.fa --negatives-file FILE"),
    "predict bed": ("bad.bed", "predict WORLD/plain --genome WORLD/genome.fa --bed FILE --out OUT"),
    "predict genome": ("bad.fa", "predict WORLD/plain --genome FILE --out OUT"),
    "predict blacklist": ("bad.bed", "predict WORLD/plain --genome WORLD/genome.fa --blacklist FILE --out OUT"),
    "import text": ("bad.txt", "import FILE --out OUT"),
    "import h5": ("bad.h5", "import FILE --out OUT"),
    "train data": ("bad.fa", "train --model tbinet --data FILE --out OUT"),
    "variants": ("bad.vcf", "variants WORLD/plain --vcf FILE --genome WORLD/genome.fa --null 2 --out OUT"),
    "hits motifs": ("bad.meme", "hits WORLD/run --motifs FILE --only all --out OUT"),
    "interactions motifs": ("bad.meme", "interactions WORLD/run --motifs FILE --only all --out OUT"),
    "study plan": ("bad.toml", "study FILE --data WORLD --out OUT"),
    "uniqueness genome": ("bad.fa", "data uniqueness FILE --size 8 --out OUT"),
    "motifs targets": ("bad.meme", "motifs WORLD/run --targets FILE --out OUT"),
}
# Contents that a use may rightly read.
FINE = {
    ("describe bed", "newlines"),
    ("predict blacklist", "newlines"),
    ("predict blacklist", "empty"),
}
CONTENTS = (
    *(
        "empty",
        "newlines",
        "junk",
        "zeros",
        "text",
        "utf-16",
        "cut gzip",
        "damaged gzip",
        "gzip of nothing",
        "list",
    ),
    *("null", "deep", "html", "one byte", "hdf5 head", "zip head", "long line"),
)


def refused(ended: Ended, *names: str) -> None:
    """Check that a command gave one line, which holds one of some names, and code 2."""
    lines = [line for line in ended.err.splitlines() if not line.startswith("  ")]  # else stages that take long
    assert (ended.code, len(lines)) == (2, 1), ended
    assert "Traceback" not in ended.err
    assert any(name in ended.err for name in names), ended.err


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("use", USES)
def test_a_bad_file(
    use: str,
    content: str,
    world: Path,
    contents: dict[str, bytes],
    interpret: Callable[..., Ended],
    tmp_path: Path,
) -> None:
    name, line = USES[use]
    file = tmp_path / name
    file.write_bytes(contents[content])
    before = tree(world) | {name: tree(tmp_path)[name]}
    ended = interpret(
        *line.replace("FILE", str(file)).replace("WORLD", str(world)).replace("OUT", "out.tsv").split()
    )
    after = tree(world) | tree(tmp_path)
    if ended.code == 0 and (use, content) in FINE:
        return
    refused(ended, name)
    assert after == before, "nothing is new, nothing has changed"


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_no_file(use: str, kind: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    name, line = USES[use]
    if kind == "folder":
        (tmp_path / name).mkdir()
    ended = interpret(*line.replace("FILE", name).replace("WORLD", str(world)).replace("OUT", "out.tsv").split())
    refused(ended, name)
    assert not [path for path in tmp_path.iterdir() if path.name != name]


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.98])
@pytest.mark.parametrize("ending", ["npz", "h5", "mat"])
def test_a_file_that_was_cut(
    ending: str, share: float, good_files: dict[str, Path], interpret: Callable[..., Ended], tmp_path: Path
) -> None:
    whole = good_files[ending].read_bytes()
    bad = tmp_path / f"bad.{ending}"
    bad.write_bytes(whole[: int(len(whole) * share)])
    refused(interpret("data", "describe", bad), bad.name)


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_bad_run(
    name: str,
    content: str,
    world: Path,
    contents: dict[str, bytes],
    interpret: Callable[..., Ended],
    tmp_path: Path,
) -> None:
    shutil.copytree(world / "plain", tmp_path / "run")
    (tmp_path / "run" / name).write_bytes(contents[content])
    before = tree(tmp_path)
    refused(interpret("predict", "run", "--genome", world / "genome.fa", "--out", "out.bed"), name)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("value", ["[]", "null", '"x"', "3", "{}"])
@pytest.mark.parametrize("key", ["model", "data", "tasks", "channels"])
def test_a_run_whose_record_is_of_a_wrong_kind(
    key: str, value: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path
) -> None:
    import json

    shutil.copytree(world / "plain", tmp_path / "run")
    path = tmp_path / "run" / "config.json"
    config = json.loads(path.read_text())
    config[key] = json.loads(value)
    path.write_text(json.dumps(config))
    ended = interpret("predict", "run", "--split", "test", "--out", "out.tsv")
    assert ended.code in (0, 2), ended
    if ended.code == 2:
        refused(ended, "config.json", "run")
        assert not (tmp_path / "out.tsv").exists()


# Where in metrics.json -> what stands there in place of what should.
MEASURES = (
    "tasks=[[]]",
    "tasks=[-1]",
    "tasks=3",
    'tasks=[{"task": 3}]',
    'tasks=[{"task": "a", "auroc": [[]]}]',
    "=5",
)


@pytest.mark.parametrize("command", ["compare run WORLD/run --no-controls", "report run --out r.html"])
@pytest.mark.parametrize("place", MEASURES)
def test_measures_of_a_wrong_kind(
    place: str, command: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path
) -> None:
    import json

    shutil.copytree(world / "run", tmp_path / "run")
    key, _, value = place.partition("=")
    record = {"data_hash": "x", "tasks": [{"task": "CTCF|GM", "auroc": 0.5}]}
    if key:
        record[key] = json.loads(value)
    content = {"evaluated_test": [record] if key else json.loads(value)}
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(content))
    refused(interpret(*command.replace("WORLD", str(world)).split()), "run/metrics.json")


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("name", ["summary.json", "motifs.tsv", "motifs.meme", "profiles.npz"])
def test_a_bad_folder_of_motifs(
    name: str,
    content: str,
    contents: dict[str, bytes],
    found_motifs: Path,
    interpret: Callable[..., Ended],
    tmp_path: Path,
) -> None:
    shutil.copytree(found_motifs, tmp_path / "motifs")
    (tmp_path / "motifs" / name).write_bytes(contents[content])
    before = tree(tmp_path)
    refused(interpret("report", "motifs", "--out", "r.html"), "motifs")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("length = 200", "length = 99999999999999999999"),
        ("length = 200", "length = 0"),
        ("bin = 100", "bin = -1"),
        ("stride = 100", "stride = nan"),
        ("stride = 100", "stride = 1e99"),
        ("[[cell_types]]", "[expression]\ntable = 'genome.fa'\ncomponents = 1000000\n[[cell_types]]"),
        ("[[cell_types]]", "[expression]\ntable = 'genome.fa'\n[[cell_types]]"),
        ('"peaks.narrowPeak"', '"signal.bw"'),
        ('["chr2"]', '["chr2:first -4"]'),
    ],
)
def test_a_bad_dataset(old: str, new: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    for name in ("genome.fa", "signal.bw", "peaks.narrowPeak"):
        shutil.copy(world / name, tmp_path / name)
    (tmp_path / "dataset.toml").write_text((world / "dataset.toml").read_text().replace(old, new))
    refused(interpret("data", "describe", tmp_path), str(tmp_path))


# What a run's config.json says of its data -> a value that cannot be.
RECORDED = (
    *(("options.tf", value) for value in ('"NOPE"', "5", "[]", '""')),
    *(("options.signals", value) for value in ('["nope"]', "5", '"dnase"', "[3]")),
    *(("options.length", value) for value in ("-1", '"200"', "1e30")),
    ("options.labelling", '"nope"'),
    ("options.test", '"chrNOPE"'),
    *(("options", value) for value in ("5", "[]")),
    *(("source", value) for value in ('"/nowhere/at/all"', "5", '["a"]')),
)


@pytest.mark.parametrize(
    "command", ["predict run --split test --out o.tsv", "evaluate run --no-controls", "predict run --out o.tsv"]
)
@pytest.mark.parametrize(("place", "value"), RECORDED)
def test_the_file_that_is_wrong_is_named(
    place: str, value: str, command: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path
) -> None:
    """It is the run's config.json that holds the wrong value, not the data set that has no such thing."""
    import json

    shutil.copytree(world / "run", tmp_path / "run")
    path = tmp_path / "run" / "config.json"
    config = json.loads(path.read_text())
    data = config["data"]
    section, _, key = place.rpartition(".")
    (data[section] if section else data)[key] = json.loads(value)
    path.write_text(json.dumps(config))
    before = tree(tmp_path)
    ended = interpret(*command.split())
    unread = "--split" not in command and command.startswith("predict")  # a genome: these do not matter
    if unread and place in ("options.length", "options.labelling", "options.test"):
        assert ended.code in (0, 2)
        return
    refused(ended, "run/config.json")
    assert tree(tmp_path) == before
