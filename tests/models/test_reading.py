"""Whatever a library says of a damaged file, the user gets one line that names it."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

from motiflens.models import build, open_run, save_run
from motiflens.models.compare import task_table
from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.reading import reading
from motiflens.models.train import _state


@pytest.mark.parametrize(
    "error",
    [
        zlib.error("Error -3"),
        struct.error("unpack requires 4 bytes"),
        KeyError("X"),
        IndexError(),
        AttributeError("shape"),
        MemoryError(),
        RecursionError("deep"),
        OverflowError("too large"),
        RuntimeError("HDF5\nsays no"),
        scipy.io.matlab.MatReadError("empty"),
        EOFError(),
        OSError("bad"),
    ],
)
def test_every_kind_of_error_is_one_line(error: Exception) -> None:
    with (
        pytest.raises(ValueError, match=r"^a/b.npz is a damaged \.npz file \(.+\): copy") as caught,
        reading("a/b.npz", ".npz file"),
    ):
        raise error
    assert "\n" not in str(caught.value)


def test_what_is_clear_already_stays() -> None:
    with pytest.raises(FileNotFoundError), reading("a", "b"):
        raise FileNotFoundError("a")
    with pytest.raises(ValueError, match=r"^a row 3 is wrong$"), reading("a", "b"):
        raise ValueError("a row 3 is wrong")


def cut(path: Path, at: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * at)])


def npz(path: Path) -> None:
    x = np.zeros((20, 4, 9), np.float32)
    x[:, 0] = 1
    np.savez_compressed(path, X=x, y=np.arange(20) % 2)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for i in range(140, len(content) - 8, 3):
        content[i] ^= 0x5A
    path.write_bytes(bytes(content))


def mat(path: Path, value: float | None = None) -> None:
    x = np.zeros((6, 4, 20))
    x[:, 1] = 1
    if value is not None:
        x[3, 1, 5] = value
    scipy.io.savemat(path, {"trainxdata": x, "traindata": np.eye(6)[:, :2]}, do_compression=True)


def group(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("trainxdata")
        file["traindata"] = np.zeros((2, 6))


def sparse(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("X", shape=(10**9, 4, 1000), dtype="f4", chunks=(1, 4, 1000))
        file["y"] = np.zeros(3)


def bomb(path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", bytes(3_000_000))


CASES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "npz with wrong bytes": ("x.npz", lambda p: (npz(p), flipped(p)), "x.npz is a damaged or unsafe"),
    "npz cut": ("x.npz", lambda p: (npz(p), cut(p, 0.6)), "x.npz is a damaged or unsafe"),
    "npz bomb": ("x.npz", bomb, "X.npy has 3,000,000 bytes, more than 2,000,000: set MOTIFLENS_MAX_MEMORY"),
    "sparse h5": ("x.h5", sparse, "MOTIFLENS_MAX_MEMORY"),
    "mat with wrong bytes": ("x.mat", lambda p: (mat(p), flipped(p)), "x.mat is a damaged MATLAB file"),
    "mat of nothing": (
        "x.mat",
        lambda p: p.write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200)),
        "x.mat is a damaged",
    ),
    "mat with a group": ("x.mat", group, "trainxdata is Group: expected an array"),
    "mat with NaN": ("x.mat", lambda p: mat(p, np.nan), "trainxdata row 3 is not one-hot"),
    "mat with a half": ("x.mat", lambda p: mat(p, 0.5), "trainxdata row 3 is not one-hot"),
    "deep TOML": ("dataset.toml", lambda p: p.write_text("a = " + "[" * 3000 + "]" * 3000), "is no TOML file"),
    "FASTA of blank lines": ("x.fa", lambda p: p.write_text("\n\n \n\n"), "x.fa holds no sequence"),
}


@pytest.mark.parametrize("case", CASES)
def test_damaged_data(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTIFLENS_MAX_MEMORY", "2000000")
    name, make, message = CASES[case]
    make(tmp_path / name)
    with pytest.raises(ValueError, match=r".") as caught:
        open_dataset(tmp_path / name)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    ["[]", "{", "null", '{"model": null}', '{"model": {}}', "[" * 100_000, '{"model": {"architecture": 3}}'],
)
def test_damaged_runs(content: str, tmp_path: Path) -> None:
    save_run(tmp_path / "run", build("deepbind", length=40, kernels=2), {"tasks": ["a"]})
    (tmp_path / "run" / "config.json").write_text(content)
    with pytest.raises(ValueError, match=r"config\.json is a damaged configuration of a run"):
        open_run(tmp_path / "run")


def test_damaged_measures_and_states(tmp_path: Path) -> None:
    save_run(tmp_path / "run", build("deepbind", length=40, kernels=2), {"tasks": ["a"]})
    for content in ("null", "[]", "{", "[" * 100_000):
        (tmp_path / "run" / "metrics.json").write_text(content)
        with pytest.raises(ValueError, match=r"metrics\.json is a damaged file of measures"):
            task_table(tmp_path / "run")
    for junk in (b"", b"junk", bytes(range(256)) * 9, b"\x80\x02" + b"(" * 999):
        (tmp_path / "last.ckpt").write_bytes(junk)
        with pytest.raises(ValueError, match=r"last\.ckpt is a damaged state of a training"):
            _state(tmp_path / "last.ckpt")
    (tmp_path / "run" / "metrics.json").write_text(json.dumps({}))
