"""`interpret motifs` as a user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from motiflens.analyses.cli.main import app
from motiflens.analyses.motifs import kernel_parts
from motiflens.analyses.motifs.motif_parts import MotifParts
from motiflens.models import build, save_run


def interpret(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("interpret")), *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=280, env={**os.environ, "OMP_NUM_THREADS": "2"}
    )


@pytest.fixture(scope="module")
def run_and_data(tmp_path_factory: pytest.TempPathFactory, planted: ModuleType) -> tuple[Path, Path]:
    """A run, and data in DeepBind's format: one factor, windows that hold FOXA1's site."""
    folder = tmp_path_factory.mktemp("cli")
    windows, _ = planted.windows(np.random.default_rng(0), 2000)
    from motiflens.models.data.one_hot import decode

    rows = np.flatnonzero(windows.labels[:, 1] == 1)
    none = np.flatnonzero(windows.labels.sum(axis=1) == 0)
    lines = ["FoldID\tEventID\tseq\tBound"]
    for bound, index in ((1, rows), (0, none)):
        lines += [f"A\ts{i}\t{decode(row)}\t{bound}" for i, row in zip(index, windows.codes(index), strict=True)]
    data = folder / "planted.seq"
    data.write_text("\n".join(lines) + "\n")
    full = planted.model()
    model = build("tbinet", **_sizes(full))  # type: ignore[arg-type]
    state = full.state_dict()
    state["output.weight"], state["output.bias"] = state["output.weight"][1:2], state["output.bias"][1:2]
    model.load_state_dict(state)
    run = save_run(folder / "run", model, {"tasks": ["bound"], "data": {"source": str(data), "options": {}}})
    return run, data


def _sizes(model: object) -> dict[str, object]:
    config = model.config  # type: ignore[attr-defined]
    return {"length": config["length"], "outputs": 1, **config["hyperparameters"]}


@pytest.mark.slow
def test_a_run_folder_gives_tables_and_a_report(run_and_data: tuple[Path, Path], tmp_path: Path) -> None:
    run, _ = run_and_data
    done = interpret(
        "motifs",
        "--model",
        str(run),
        "--tf",
        "FOXA1",
        "--routes",
        "kernels,attention",
        "--threshold",
        "half",
        "--shuffles",
        "50",
        "--untrained",
        "1",
        "--out",
        "found",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "found/report.html"
    assert "FOX" in done.stdout
    assert "trained on FOXA1 (by --tf; --factor names another)" in done.stdout
    assert "kernels that match: " in done.stdout
    report = (tmp_path / "found" / "report.html").read_text()
    assert "<svg" in report
    assert "http-equiv" not in report or "refresh" not in report
    summary = json.loads((tmp_path / "found" / "summary.json").read_text())
    assert summary["tf"] == "FOXA1"
    assert summary["factors"]["found_by_kernels"] == ["FOXA1"]
    assert summary["made_by"]["command"].startswith("interpret motifs --model")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nosuch"], "no architecture is called 'nosuch'"),
        (["--model", "./nosuch/run"], "is no run folder"),
        (["--model", "RUN", "--routes", "kernel"], "there is no route 'kernel'"),
        (["--model", "RUN", "--jaspar", "1999"], "JASPAR release 1999 is not installed"),
        (["--model", "RUN", "--taxon", "martians"], "martians"),
        (["--model", "RUN", "--prediction", "0.9999", "--routes", "attention"], "is predicted above 0.9999"),
        (["--model", "RUN", "--data", "nosuch.seq"], "nosuch.seq"),
        (["--model", "RUN", "--threshold", "most"], "kernel threshold 'most'"),
        (["--model", "RUN", "--kernel-threshold", "most"], "kernel threshold 'most'"),
        (["--model", "RUN", "--dnase", "-1"], "--dnase is -1.0: expected at least 0"),
        (["--model", "RUN", "--flat-dnase", "-1"], "--flat-dnase is -1.0: expected at least 0"),
        (["--model", "RUN", "--dist", "kl"], "distance 'kl'"),
        (["--model", "RUN", "--targets", "jaspar:2026", "--targets", "nosuch.meme"], "nosuch.meme"),
    ],
)
def test_bad_input_is_one_line(
    run_and_data: tuple[Path, Path], tmp_path: Path, arguments: list[str], message: str
) -> None:
    from motiflens.analyses.cli.main import main

    run, _ = run_and_data
    words = [str(run) if word == "RUN" else word for word in arguments]
    found = _in_process(main, ["interpret", "motifs", *words, "--out", str(tmp_path / "o")])
    assert found[0] == 2
    last = found[1].strip().splitlines()[-1]
    assert last.startswith("interpret: ")
    assert message in last


def test_factor_and_all_targets_are_passed_on(
    run_and_data: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several databases are one; the factor that is given goes before what names tell."""
    seen: list[dict[str, Any]] = []

    def told(_: object, **given: Any) -> None:
        seen.append(given)
        raise ValueError("seen")

    module = import_module("motiflens.analyses.motifs.model_motifs")
    monkeypatch.setattr(module, "model_motifs", told)
    words = ["motifs", str(run_and_data[0]), "--factor", "Usf-1", "--out", str(tmp_path / "o")]
    databases = ["jaspar:2026:NRF1", "jaspar:2026:MAX", "jaspar:2026:SP1"]
    CliRunner().invoke(app, [*words, *(word for name in databases for word in ("--targets", name))])
    assert seen[0]["options"].factor == "Usf-1"
    assert [target.alt for target in seen[0]["targets"]] == ["Nrf1", "MAX", "SP1"]


def _in_process(main: object, argv: list[str]) -> tuple[int, str]:
    """Run the command line here (an import of torch saved each time); exit code and stderr."""
    import contextlib
    import io

    error, before = io.StringIO(), sys.argv
    sys.argv = argv
    try:
        with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
            main()  # type: ignore[operator]
    except SystemExit as stop:
        return int(stop.code or 0), error.getvalue()
    finally:
        sys.argv = before
    return 0, error.getvalue()


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few windows a part, and always the same command line in what is written."""
    monkeypatch.setattr(kernel_parts, "WINDOWS", 256)
    monkeypatch.setattr("motiflens.analyses.motifs.routes.seqlets._PART", 32)
    monkeypatch.setattr("motiflens.models.provenance.command", lambda: "interpret motifs")


def in_parts(run: Path, out: Path, *more: str) -> dict[str, bytes]:
    """Search with all that goes over windows in parts; return what was written but for the times."""
    given = ["motifs", str(run), "--routes", "kernels,seqlets", "--method", "deep_lift_shap", "--no-controls"]
    few = ["--targets", "jaspar:2026:NRF1", "--shuffles", "5", "--untrained", "2", "--out", str(out)]
    ended = CliRunner().invoke(app, [*given, *few, *more])
    assert ended.exit_code == 0, (ended.output, ended.exception)
    written = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    summary = json.loads(written.pop("summary.json"))
    assert set(summary.pop("seconds")) >= {"kernels", "seqlets"}
    for row in summary["routes"].values():
        del row["seconds"]
    written["summary"] = json.dumps(summary).encode()
    del written["report.html"]  # shows the times
    return written


def test_parts_by_one_two_and_a_cluster(
    run_and_data: tuple[Path, Path], tmp_path: Path, small_parts: None, dask_cluster: Any
) -> None:
    """Tables and matrices are the same bytes, whoever goes over the windows, and with and without a stop."""
    run, _ = run_and_data
    plain = in_parts(run, tmp_path / "plain")  # few windows: this process, over all at once
    assert len(plain) > 8
    assert in_parts(run, tmp_path / "two", "--processes", "2") == plain
    assert in_parts(run, tmp_path / "dask", "--dask", dask_cluster.scheduler_address) == plain


def test_parts_are_kept_through_a_stop(
    run_and_data: tuple[Path, Path], tmp_path: Path, small_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _ = run_and_data
    made: list[str] = []
    plain = MotifParts.make

    def make(self: MotifParts, function: Any, parts: Any, progress: Any, stage: str) -> None:
        missing = [part.file.name for part in parts if not part.file.is_file()]
        made.extend(missing)
        plain(self, function, parts, progress, stage)
        if stage == "attribution" and "stopped" not in made:
            made.append("stopped")
            raise KeyboardInterrupt

    monkeypatch.setattr(MotifParts, "make", make)
    out = tmp_path / "out"
    with pytest.raises(AssertionError):
        in_parts(run, out, "--processes", "1")
    assert list(out.iterdir()) == [out / "motifs.parts"]
    whole = in_parts(run, out, "--processes", "1")
    before, after = made[: made.index("stopped")], made[made.index("stopped") + 1 :]
    assert {name.split("_")[0] for name in before} == {"part-kernels", "part-seqlets"}
    assert all(name.startswith("part-untrained") for name in after), "nothing is made twice"
    assert not (out / "motifs.parts").exists()
    monkeypatch.setattr(MotifParts, "make", plain)
    assert in_parts(run, tmp_path / "again") == whole
