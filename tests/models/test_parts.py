"""Parts of a result: made once, kept through a stop, gone at the end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from motiflens.models.executor import Workers, crew
from motiflens.models.files import write_text
from motiflens.models.parts import make_parts, part_file, parts_folder
from motiflens.models.progress import Step
from motiflens.models.unfinished import LOCK


@dataclass(frozen=True)
class Number:
    file: Path
    value: int
    size: int = 2


def parts(folder: Path, count: int = 4) -> list[Number]:
    return [Number(part_file(folder, "n", number), number) for number in range(count)]


def write(part: Number) -> None:
    if part.value == 2 and not (part.file.parent.parent / "mended").exists():
        raise ValueError("two")
    assert not part.file.exists(), "made twice"
    write_text(part.file, str(part.value))


def test_an_error_keeps_what_is_done_and_a_second_run_does_the_rest(tmp_path: Path) -> None:
    out = tmp_path / "out.tsv"
    with crew(Workers()) as team:
        with pytest.raises(ValueError, match="two"), parts_folder(out) as folder:
            make_parts(write, parts(folder), team, lambda step: None, stage="counting")
        assert len(list((tmp_path / "out.tsv.parts").glob("part-*"))) == 2
        (tmp_path / "mended").touch()
        steps: list[Step] = []
        with parts_folder(out) as folder:
            make_parts(write, parts(folder), team, steps.append, stage="counting")
            assert [part.file.read_text() for part in parts(folder)] == ["0", "1", "2", "3"]
    assert [(step.done, step.total) for step in steps] == [(4, 8), (6, 8), (8, 8)]
    assert not (tmp_path / "out.tsv.parts").exists()


def test_nothing_is_left_where_nothing_was_made(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bad"), parts_folder(tmp_path / "out.tsv"):
        raise ValueError("bad")
    assert list(tmp_path.iterdir()) == []


def test_another_s_folder_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "out.tsv.parts"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="motiflens did not write it"), parts_folder(tmp_path / "out.tsv"):
        pass
    assert [file.name for file in folder.iterdir()] == ["mine.txt"]
    (folder / "mine.txt").unlink()
    with parts_folder(tmp_path / "out.tsv") as given:
        (given / "mine.txt").write_text("put in later")
    assert [file.name for file in folder.iterdir()] == ["mine.txt"]


def test_killed_before_the_folder_had_its_mark(tmp_path: Path) -> None:
    """A lock and an unfinished mark were taken for another's files, and the same command refused."""
    folder = tmp_path / "out.tsv.parts"
    unfinished = folder / ".parts.json.0a_b1c2d.part"
    unfinished.mkdir(parents=True)
    for place in (folder, unfinished):
        (place / LOCK).touch()
    with parts_folder(tmp_path / "out.tsv") as given:
        assert [file.name for file in given.iterdir() if file.name != LOCK] == ["parts.json"]
    assert not folder.exists()


def test_killed_while_parts_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of parts of several files one was there and another was not: the same command ended in an error."""
    out, unlink, left = tmp_path / "out.tsv", Path.unlink, 2

    def killed(file: Path, missing_ok: bool = False) -> None:
        nonlocal left
        if file.name.startswith("part"):
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
        unlink(file, missing_ok)

    def work() -> None:
        with parts_folder(out) as folder:
            for ending in ("index", "letters", "names"):
                (folder / f"part-1.{ending}").touch()
            monkeypatch.setattr(Path, "unlink", killed)

    with pytest.raises(KeyboardInterrupt):
        work()
    monkeypatch.undo()
    assert len(list(tmp_path.glob("out.tsv.parts/part-*"))) == 2
    with parts_folder(out) as folder:
        assert not list(folder.glob("part-*"))
    assert list(tmp_path.iterdir()) == []


def test_names_tell_what_parts_hold() -> None:
    one = part_file(Path("x"), "chr1/0", "weights", (1, 2))
    assert one == part_file(Path("x"), "chr1/0", "weights", (1, 2))
    assert one.name.startswith("part-chr1_0-")
    assert (
        len({one, part_file(Path("x"), "chr1/0", "other", (1, 2)), part_file(Path("x"), "chr1/0", "weights")}) == 3
    )
