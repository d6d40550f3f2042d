"""A damaged cache is noticed, told of, and made again; the command lists, verifies and clears it."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import scipy.io
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.models.cache import cache_folder
from motiflens.models.cache_file import cache_files, clear_unfinished, intact, seal, verify_cache
from motiflens.models.data.genome import open_genome
from motiflens.models.data.one_hot import decode
from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.data.tracks import Track
from motiflens.models.unfinished import LOCK, unfinished


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTIFLENS_CACHE", str(tmp_path / "cache"))


def change(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content[: len(content) * 2 // 3])
    elif how == "other":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    else:
        path.write_bytes(b"{}")
    state = path.stat()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000))


@pytest.mark.parametrize("how", ["cut", "other", "empty object"])
@pytest.mark.parametrize("kind", ["bases.u8", "index.json", "track", "codes", "labels"])
def test_damage_is_made_good(kind: str, how: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "ACGTTTGCAN" * 30
    (tmp_path / "g.fa").write_text(f">one\n{text}\n")
    with pyBigWig.open(str(tmp_path / "t.bw"), "w") as file:
        file.addHeader([("one", 300)])
        file.addEntries("one", 0, values=np.arange(300.0), span=1, step=1)
    x = np.zeros((9, 4, 20))
    x[:, 1] = 1
    scipy.io.savemat(tmp_path / "d.mat", {"trainxdata": x, "traindata": np.eye(9)[:, :2]})

    def read() -> tuple[str, list[float], str, list[float]]:
        genome = open_genome(tmp_path / "g.fa")
        bases = decode(genome.read(np.array([0]), np.array([0]), 300)[0])
        values = Track(tmp_path / "t.bw", genome).read(np.array([0]), np.array([0]), 300)[0]
        windows = open_dataset(tmp_path / "d.mat")["train"]
        return bases, values.tolist(), decode(windows.codes(np.arange(9)).ravel()), windows.labels.ravel().tolist()

    wanted = read()
    assert wanted[0] == text
    names = {"track": "tracks/*/*.npy", "codes": "deepsea/*/*codes.npy", "labels": "deepsea/*/*labels*.npy"}
    (path,) = cache_folder().glob(names.get(kind, f"genomes/*/{kind}"))
    change(path, how)
    with caplog.at_level(logging.WARNING, "motiflens"):
        assert read() == wanted
    assert any(str(path) in message and "it is made again" in message for message in caplog.messages)
    caplog.clear()
    assert read() == wanted
    assert not caplog.messages, "whole again"


def test_touched_files_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("abc")
    assert not intact(path), "without a checksum"
    seal(path)
    os.utime(path)
    assert intact(path)
    path.with_name("x.seal").write_text("{}")
    assert not intact(path)
    assert not intact(tmp_path / "none")


def test_command(tmp_path: Path) -> None:
    (tmp_path / "g.fa").write_text(">one\nACGTTTGCAN\n")
    open_genome(tmp_path / "g.fa")
    run = CliRunner()
    assert "genomes" in run.invoke(app, ["cache"]).output
    assert "0 files were damaged" in run.invoke(app, ["cache", "verify"]).output
    (bases,) = cache_folder().glob("genomes/*/bases.u8")
    change(bases, "other")
    old = cache_folder("genomes") / ".x.abcd1234.part"
    old.mkdir()
    for name in ("part", LOCK):  # nobody holds it
        (old / name).write_bytes(b"ACG")
    with unfinished(cache_folder("genomes") / "y") as new:
        new.write_bytes(b"ACG")
        found = run.invoke(app, ["cache", "verify"]).output
        assert new.exists(), "its process lives"
    assert "removed 1 unfinished" in found
    assert f"removed {bases}: it has another content than was written" in found.replace("\n", " ")
    assert "1 files were damaged" in found
    assert not old.exists()
    assert clear_unfinished() == 0
    assert verify_cache() == []
    result = run.invoke(app, ["cache", "clear", "nothing"])
    assert "the cache holds no 'nothing'" in str(result.exception)
    assert run.invoke(app, ["cache", "clear"]).exit_code == 0
    assert list(cache_files()) == []
