"""`interpret attribute` from end to end on a tiny genome."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyBigWig
import pytest
import torch
from typer.testing import CliRunner

from motiflens.analyses.cli.attribute_report import values
from motiflens.analyses.cli.main import app, main
from motiflens.interpret import open_store
from motiflens.interpret.store_block import StoreBlock, read_block, write_block
from motiflens.models import build, save_run
from motiflens.models.data import open_dataset

SIZES = {"chr1": 3000, "chr2": 2000, "chr3": 2000}
TOML = """
name = "tiny"
[genome]
fasta = "genome.fa"
[windows]
length = 200
bin = 100
stride = 100
labelling = "deepsea"
[splits]
valid = ["chr2"]
test = ["chr3"]
[[cell_types]]
name = "GM"
accessibility = "signal.bw"
[[experiments]]
tf = "CTCF"
cell_type = "GM"
peaks = "peaks.narrowPeak"
fold_change = "signal.bw"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set and a run of an untrained model on it."""
    folder = tmp_path_factory.mktemp("tiny")
    rng = np.random.default_rng(0)
    text = {name: "".join(rng.choice(list("ACGT"), size)) for name, size in SIZES.items()}
    (folder / "genome.fa").write_text("".join(f">{name}\n{letters}\n" for name, letters in text.items()))
    (folder / "dataset.toml").write_text(TOML)
    with pyBigWig.open(str(folder / "signal.bw"), "w") as file:
        file.addHeader(list(SIZES.items()))
        for name, size in SIZES.items():
            file.addEntries(name, 0, values=rng.random(size).tolist(), span=1, step=1)
    lines = [f"{name}\t{at}\t{at + 150}\t.\t0\t.\t5\t5\t5\t75" for name in SIZES for at in (400, 900, 1300)]
    (folder / "peaks.narrowPeak").write_text("\n".join(lines) + "\n")
    torch.manual_seed(0)
    options = {"tf": "CTCF", "signals": ["dnase"]}
    dataset = open_dataset(folder, tf="CTCF", signals=("dnase",))
    windows = dataset["test"]
    model = build("tbinet", length=200, channels=5, kernels=4, kernel_size=5, pool=10, units=3, dense=4)
    save_run(
        folder / "run",
        model,
        {
            "tasks": list(windows.tasks),
            "channels": list(windows.channels),
            "meta": [],
            "data": {"source": str(folder), "options": options},
        },
    )
    return folder


def _run(folder: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    before = sys.argv
    sys.argv = ["interpret", "attribute", "--model", str(folder / "run"), *arguments]
    code = 0
    try:
        main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        sys.argv = before
    out, err = capsys.readouterr()
    return code, out, err


def test_store_tracks_pair_and_plots(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(
        folder, "--out", str(tmp_path), "--export", "bigwig,modisco", "--top", "2", "--plot", "chr3:400-600",
        capsys=capsys,
    )  # fmt: skip
    assert code == 0
    assert "warning" not in err
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "attributions.h5", "importance.bw", "attention.bw", "sequences.npz", "hypothetical.npz",
        "chr3_400-600.png", "top_01.png", "top_02.png",
    }  # fmt: skip
    assert all(str(tmp_path / name) in out for name in names)
    windows = open_dataset(folder, tf="CTCF", signals=("dnase",))["test"]
    with open_store(tmp_path / "attributions.h5") as store:
        rows = store.table["row"].to_numpy()
        table = windows.table.iloc[rows]
        near = ((table["start"] < 600) & (table["start"] + 200 > 400)).to_numpy()
        assert np.all((windows.labels[rows, 0] == 1) | near)
        assert set(np.flatnonzero(windows.labels[:, 0] == 1)) <= set(rows.tolist())
        assert store.channels == ("A", "C", "G", "T", "dnase")
        assert store.made_by["weights_hash"]
        assert store.made_by["data_hash"]
    with pyBigWig.open(str(tmp_path / "importance.bw")) as file:
        assert file.chroms() == {"chr3": 2000}


def test_a_plot_alone_attributes_its_windows_only(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, _ = _run(
        folder, "--out", str(tmp_path), "--plot", "chr3:1,700-1,750", "--image", "svg", "--method", "ism",
        capsys=capsys,
    )  # fmt: skip
    assert code == 0
    assert (tmp_path / "chr3_1700-1750.svg").is_file()
    with open_store(tmp_path / "attributions.h5") as store:
        assert 1 <= len(store) <= 4
        assert ((store.table["start"] < 1750) & (store.table["start"] + 200 > 1700)).all()


@pytest.fixture
def whole(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> bytes:
    """The store of one process, in five parts; the command line, which a store tells, is always the same."""
    monkeypatch.setattr("motiflens.models.provenance.command", lambda: "interpret attribute")
    return store_of(folder, tmp_path / "one", "--processes", "1", capsys=capsys)


def store_of(folder: Path, out: Path, *more: str, capsys: pytest.CaptureFixture[str]) -> bytes:
    arguments = ("--only", "all", "--batch-size", "1", "--method", "deep_lift_shap", "--export", "modisco,bigwig")
    code, _, err = _run(folder, "--out", str(out), *arguments, *more, capsys=capsys)
    assert code == 0, err
    names = {"attributions.h5", "attention.bw", "importance.bw", "hypothetical.npz", "sequences.npz"}
    assert {path.name for path in out.iterdir()} == names
    return b"".join((out / name).read_bytes() for name in sorted(names))


def test_two_processes(folder: Path, whole: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert store_of(folder, tmp_path / "two", "--processes", "2", capsys=capsys) == whole


def test_two_dask_workers_after_a_stop(
    folder: Path,
    whole: bytes,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    dask_cluster: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stopped in one process once two parts are done; a cluster makes what is missing, and no part twice."""
    made: list[Path] = []

    def stopping(path: Path, block: StoreBlock) -> None:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(path)
        write_block(path, block)

    monkeypatch.setattr(sys.modules["motiflens.interpret.write_store"], "write_block", stopping)
    out = tmp_path / "dask"
    with pytest.raises(AssertionError):
        store_of(folder, out, "--processes", "1", capsys=capsys)
    monkeypatch.undo()
    monkeypatch.setattr("motiflens.models.provenance.command", lambda: "interpret attribute")
    kept = {path: path.stat().st_mtime_ns for path in (out / "attributions.h5.parts").glob("part-*")}
    assert set(kept) == set(made)
    seen: list[dict[Path, int]] = []

    def reading(path: Path) -> StoreBlock:
        seen.append({part: part.stat().st_mtime_ns for part in kept})
        return read_block(path)

    monkeypatch.setattr(sys.modules["motiflens.interpret.write_store"], "read_block", reading)
    address = dask_cluster.scheduler_address
    assert store_of(folder, out, "--dask", address, capsys=capsys) == whole
    assert len(seen) == 5
    assert all(times == kept for times in seen)


def test_attributions_that_do_not_add_up_are_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--method", "integrated_gradients", "--set", "tolerance=0", "--baseline", "zeros")
    code, _, err = _run(folder, "--out", str(tmp_path), *arguments, "--maximum", "3", capsys=capsys)
    assert code == 0
    assert "integrated_gradients does not add up for 3 of 3 windows" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--plot", "chr9:1-5"), "no window of this split overlaps chr9:1-5"),
        (("--plot", "chr3"), "write chr:start-end"),
        (("--export", "bed"), "no export 'bed'"),
        (("--method", "magic"), "no attribution method is called 'magic'"),
        (("--task", "MAX"), "the run has no task 'MAX'"),
        (("--only", "bound"), "only must be one of positive, negative, all"),
        (("--image", "gif"), "image must be one of"),
        (("--set", "steps"), "write it as key=value"),
        (("--cell-type", "K562"), "no window is of cell type 'K562'"),
        (("--split", "no"), "no split 'no'"),
        (("--length", "300"), "takes windows of 200 bp, the data have 300"),
    ],
)
def test_bad_input_is_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = _run(folder, "--out", str(tmp_path / "out"), *arguments, capsys=capsys)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_settings_are_read() -> None:
    assert values(["steps=64", "baseline=gc", "correct=true"]) == {"steps": 64, "baseline": "gc", "correct": True}


def test_a_failed_check_has_its_own_exit_code(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random scores disagree with themselves: sanity exits with 3, and writes what it found all the same."""
    out = tmp_path / "sanity.json"
    arguments = ("--method", "random", "--windows", "4", "--epochs", "0", "--out", str(out))
    monkeypatch.setattr("sys.argv", ["interpret", "sanity", str(folder / "run"), *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 3
    assert "FAILED" in capsys.readouterr().out
    assert json.loads(out.read_text())["passed"] is False
    told = " ".join(CliRunner().invoke(app, ["sanity", "--help"]).stdout.split())
    assert "The exit code is 0 if every check passed and 3 if one failed (2: bad input)." in told


def test_a_part_and_pairs(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(
        folder, "--out", str(tmp_path), "--method", "ism", "--set", "start=95", "--set", "end=105",
        "--maximum", "3", "--pairs", "96-100", "--top", "2", capsys=capsys,
    )  # fmt: skip
    assert code == 0
    assert "pairs_02.png" in out
    with open_store(tmp_path / "attributions.h5") as store:
        assert np.abs(store.scores[:, :4, 95:105]).max() > 0
        assert (store.scores[:, :4, :95] == 0).all()
    with np.load(tmp_path / "pairs.npz") as pairs:
        assert pairs["pair"].shape == (2, 4, 4, 4, 4)
        assert pairs["codes"].shape == (2, 4)
    for part, message in (("96", "is no part"), ("10-90", "at most 60"), ("190-210", "windows of 200 bp")):
        code, _, err = _run(folder, "--out", str(tmp_path / "no"), "--pairs", part, capsys=capsys)
        assert (code, message in err) == (2, True)
