"""One file as other programs write it: the same result, or one line; never another result without a word."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Ended, tree, words

CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "crlf": lambda text: text.replace(b"\n", b"\r\n"),
    "cr": lambda text: text.replace(b"\n", b"\r"),
    "mark": lambda text: b"\xef\xbb\xbf" + text,
    "no last end": lambda text: text.rstrip(b"\n"),
    "blank lines": lambda text: text + b"\n   \n\t\n",
    "gzip": gzip.compress,
    "gzip twice": lambda text: gzip.compress(gzip.compress(text)),
    "utf-16": lambda text: text.decode().encode("utf-16"),
    "null bytes": lambda text: text[: len(text) // 2] + bytes(50) + text[len(text) // 2 :],
    "latin-1": lambda text: text + b"\xe9\xe8\n",
    "empty": lambda text: b"",
}
USES = {
    "m.meme": "scan --motifs FILE --sequences WORLD/s.fa --out o.tsv",
    "s.fa": "scan --motifs WORLD/m.meme --sequences FILE --out o.tsv",
    "v.vcf": "variants WORLD/plain --genome WORLD/genome.fa --null 0 --vcf FILE --out o.tsv",
    "peaks.narrowPeak": "predict WORLD/plain --genome WORLD/genome.fa --bed FILE --out o.tsv",
    "genome.fa": "predict WORLD/plain --genome FILE --out o.tsv",
    "a.seq": "data describe FILE",
}
EQUAL = {"mark", "no last end", "blank lines", "gzip"}
# What some readers take as it is meant, and others refuse; letters that are no base are N in sequences, noted.
SOMETIMES = {"crlf": {"m.meme", "s.fa", "genome.fa"}, "cr": {"m.meme"}}
NOTED = {("s.fa", "null bytes"), ("s.fa", "latin-1")}


def made(ended: Ended, folder: Path) -> object:
    """Return what a command made, or told."""
    out = folder / "o.tsv"
    if out.exists():
        return out.read_bytes()
    return [line for line in ended.out.splitlines() if not line.startswith("  hash")]  # of the bytes of the file


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", USES)
def test_a_file_of_another_program(
    name: str, change: str, world: Path, interpret: Callable[..., Ended], tmp_path: Path
) -> None:
    text = (world / name).read_bytes()
    file = tmp_path / name
    file.write_bytes(CHANGES[change](text))
    ended = interpret(*words(USES[name].replace("FILE", name), world))
    if change in EQUAL or name in SOMETIMES.get(change, ()):
        assert ended.code == 0, ended
        found = made(ended, tmp_path)
        file.write_bytes(text)
        for path in tmp_path.glob("o.tsv*"):
            path.unlink()
        assert found == made(interpret(*words(USES[name].replace("FILE", name), world)), tmp_path)
    elif (name, change) in NOTED:
        assert (ended.code, "are read as N" in ended.err) == (0, True), ended
    else:
        assert (ended.code, len(ended.err.splitlines())) == (2, 1), ended
        assert name in ended.err
        assert len(ended.err) < 500, "a line that can be read"
        assert set(tree(tmp_path)) == {name}


def test_a_note_is_one_line(world: Path, interpret: Callable[..., Ended], tmp_path: Path) -> None:
    """Also about a file whose name holds a line end."""
    ended = interpret("match", world / "m.meme", world / "m.meme", "--thresh", 1, "--out", "new\nline.tsv")
    assert ended.code == 0
    assert all(line.startswith("note: ") for line in ended.err.splitlines()), ended.err
    assert (tmp_path / "new\nline.tsv").is_file()
