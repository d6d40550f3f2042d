"""Output goes onto no input, no device, and nothing of another's."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from motiflens.models.destination import output_file, output_folder, written_by_us
from motiflens.models.files import write_json, write_text, write_together, write_whole, write_with_record
from motiflens.models.folder_lock import LOCK, folder_lock
from motiflens.models.provenance import provenance


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("spelling", ["in.fa", "./in.fa", "link.fa", "sub/../in.fa"])
@pytest.mark.parametrize("overwrite", [True, False])
def test_never_onto_an_input(here: Path, spelling: str, overwrite: bool) -> None:
    Path("sub").mkdir()
    Path("in.fa").write_text("")
    Path("link.fa").symlink_to("in.fa")
    with pytest.raises(ValueError, match="is read by this command"):
        output_file(spelling, inputs=["in.fa", None], overwrite=overwrite)


def test_never_onto_an_input_with_the_record(here: Path) -> None:
    Path("x.json").write_text("")
    with pytest.raises(ValueError, match=r"x\.json is read"):
        output_file("x", inputs=["x.json"])


def test_anothers_file_is_kept_unless_asked(here: Path) -> None:
    Path("notes.tsv").write_text("mine")
    with pytest.raises(ValueError, match=r"notes\.tsv exists and motiflens did not write it.*--overwrite"):
        output_file("notes.tsv")
    output_file("notes.tsv", overwrite=True)
    Path("table.json").write_text("{}")
    with pytest.raises(ValueError, match=r"table\.json exists"):
        output_file("table")
    Path("empty.tsv").touch()
    output_file("empty.tsv")  # nothing is lost


def test_our_own_file_is_replaced(here: Path) -> None:
    with write_with_record("a.tsv", provenance()) as part:
        part.write_text("a")
    output_file("a.tsv")
    write_json("s.json", {"made_by": provenance()})
    output_file("s.json", record=False)
    write_text("r.html", '<head>\n<meta name="generator" content="motiflens 0.1">')
    assert written_by_us(Path("r.html"))


def test_a_record_without_its_file_is_our_own(here: Path) -> None:
    """Of a process that was killed between the two: the same command refused."""
    write_json(here / "killed.tsv.json", provenance())
    output_file(here / "killed.tsv")
    (here / "notes.tsv.json").write_text('{"a": 1}')
    with pytest.raises(ValueError, match=r"notes\.tsv\.json exists and motiflens did not write it"):
        output_file(here / "notes.tsv")


@pytest.mark.parametrize("text", ["[]", "{", "null", '{"versions": []}', "[" * 100_000])
def test_what_is_no_record(here: Path, text: str) -> None:
    Path("a.tsv").write_text("a")
    Path("a.tsv.json").write_text(text)
    assert not written_by_us(Path("a.tsv"))


def test_no_folder_device_or_pipe(here: Path) -> None:
    os.mkfifo("pipe")
    for path in ("pipe", "/dev/null", "."):
        with pytest.raises(ValueError, match=r"device or a pipe|is a folder"):
            output_file(path, overwrite=True)
        with pytest.raises(ValueError, match=r"device or a pipe|is a folder"), write_whole(path):
            pass
    Path("file").touch()
    with pytest.raises(ValueError, match="is a file, no folder"):
        output_file("file/x.tsv")


def test_a_file_of_an_input_folder_is_kept(here: Path) -> None:
    Path("run").mkdir()
    Path("run/model.safetensors").write_text("weights")
    with pytest.raises(ValueError, match="belongs to run"):
        output_file("run/model.safetensors", inputs=["run"], overwrite=True)
    output_file("run/predictions.tsv", inputs=["run"])


def test_links_are_followed(here: Path) -> None:
    Path("target.tsv").write_text("old")
    Path("link.tsv").symlink_to("target.tsv")
    write_text("link.tsv", "new")
    assert Path("link.tsv").is_symlink()
    assert Path("target.tsv").read_text() == "new"


@pytest.mark.parametrize("path", ["-", "/dev/stdout"])
def test_standard_output(here: Path, path: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output_file(path)
    with write_with_record(path, {}) as part:
        part.write_text("a\n")
    assert capfdbinary.readouterr().out == b"a\n"
    assert not list(here.iterdir())


def test_several_files_or_none(here: Path) -> None:
    def half() -> None:
        with write_together("a", "b") as (a, _):
            a.write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert not list(here.iterdir())


def test_folders(here: Path) -> None:
    output_folder("new", mark="m.json", names=["t.tsv"])
    Path("o").mkdir()
    Path("o/t.tsv").write_text("mine")
    with pytest.raises(ValueError, match=r"o/t\.tsv exists"):
        output_folder("o", mark="m.json", names=["t.tsv"])
    output_folder("o", mark="m.json", names=["t.tsv"], overwrite=True)
    output_folder("o", mark="m.json", names=["other.tsv"])
    write_json("o/m.json", provenance())
    output_folder("o", mark="m.json", names=["t.tsv"])
    with pytest.raises(ValueError, match="read by this command"):
        output_folder("o", mark="m.json", inputs=["o/"])
    with pytest.raises(ValueError, match="is no folder"):
        output_folder("o/t.tsv", mark="m.json")


HOLD = "import sys, time; from motiflens.models.folder_lock import folder_lock\nwith folder_lock(sys.argv[1]):\n"


def test_the_second_is_told_who_holds_a_folder(here: Path) -> None:
    hold = HOLD + "    print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", hold, "out"], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(ValueError, match=f"out is being written by process {holder.pid} on "),
            folder_lock("out"),
        ):
            pass
    finally:
        holder.kill()  # it cannot clean up: its lock is stale
        holder.wait()
    assert Path("out", LOCK).exists()
    with folder_lock("out"):
        pass
    assert not Path("out", LOCK).exists()


def test_a_lock_leaves_nothing(here: Path) -> None:
    with folder_lock("a/b"):
        assert Path("a/b", LOCK).exists()
    assert not Path("a").exists()
    with folder_lock("c"):
        Path("c/result").touch()
    assert [path.name for path in Path("c").iterdir()] == ["result"]


def test_one_of_many_holds_it(here: Path) -> None:
    """Twenty turns of four processes: never two at once."""
    turn = (
        "import os, random, time\nfor _ in range(20):\n"
        "    try:\n"
        "        with folder_lock(sys.argv[1]):\n"
        "            os.close(os.open('turn', os.O_CREAT | os.O_EXCL)); time.sleep(random.random() / 500)\n"
        "            os.unlink('turn')\n"
        "    except ValueError: time.sleep(random.random() / 500)\n"
    )
    code = "import sys; from motiflens.models.folder_lock import folder_lock\n" + turn
    began = time.monotonic()
    workers = [subprocess.Popen([sys.executable, "-c", code, "out"]) for _ in range(4)]
    assert [worker.wait() for worker in workers] == [0] * 4, f"after {time.monotonic() - began:.1f} s"
