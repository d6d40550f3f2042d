"""Does a study that is killed twice, or loses a worker of a cluster, end with the table of one that runs through?

Run from the repository's root: ``python benchmarks/study_kills.py``. It does ``interpret study`` on the ENCODE
sets beside the checkout with four models and two seeds: once without a break; with two local processes, killed
(-9) twice while runs are training, and begun again each time; and on a Dask cluster of two workers of which one is
killed. It writes ``benchmarks/results/study_kills.md``. Sets are cut to their first windows (``--windows 0`` takes
all) and networks train one epoch (``--epochs``), since only equality is asked for here.
"""

from __future__ import annotations

import argparse
import gzip
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from motiflens.models.files import write_text
from motiflens.models.provenance import versions

RESULTS = Path(__file__).resolve().parent / "results"
PLAN = """
data = "{data}"
seeds = 2
preset = "short"
metric = "auroc"
controls = []
[[models]]
name = "tbinet"
set = {{epochs = {epochs}}}
[[models]]
name = "deepbind"
set = {{epochs = {epochs}}}
[[models]]
name = "gkm_svm"
set = {{most = {most}}}
[[models]]
name = "kmer_logistic"
"""
MEMBERS = 32  # of four sets


def cut(source: Path, out: Path, windows: int) -> None:
    """Copy each set's first windows."""
    out.mkdir()
    for path in sorted(source.glob("*.seq.gz")):
        with gzip.open(path, "rt") as file:
            lines = file.readlines()
        kept = lines if not windows else lines[: windows + 1]
        with gzip.open(out / path.name, "wt") as file:
            file.writelines(kept)


def command(plan: Path, out: Path, *more: str) -> list[str]:
    """Return the study's command line."""
    return [sys.executable, "-m", "motiflens.analyses.cli.main", "study", str(plan), "--out", str(out), *more]


def done(out: Path) -> int:
    """Return how many runs have come to their end, at least."""
    return len(list(out.glob("runs/*/*/*/metrics.json")))


def until(condition: Callable[[], bool], running: subprocess.Popen[bytes]) -> None:
    """Wait for something, or for the end of the command."""
    while running.poll() is None and not condition():
        time.sleep(0.05)


def table(out: Path) -> pd.DataFrame:
    """Return a study's results but for the seconds."""
    return pd.read_csv(out / "results.tsv", sep="\t", keep_default_na=False).drop(columns="seconds")


def difference(whole: pd.DataFrame, other: pd.DataFrame) -> str:
    """Say how one table differs from the other; empty if it does not."""
    if other.equals(whole):
        return ""
    notes = "; ".join(sorted(set(other[other["metric"] == "failed"]["note"])))
    failed = f", failed: {notes}" if notes else ""
    if other.shape != whole.shape:
        return f"{len(other):,} rows in place of {len(whole):,}{failed}"
    apart = whole.astype(str) != other.astype(str)
    columns = ", ".join(map(str, apart.columns[apart.any()]))
    models = ", ".join(sorted(set(whole[apart.any(axis=1)]["model"])))
    return f"{int(apart.any(axis=1).sum()):,} rows differ in {columns or 'their types'} ({models}){failed}"


def killed(plan: Path, out: Path) -> list[int]:
    """Do the study with two processes, kill it twice, begin it again; return how much was done at each kill."""
    at = []
    for least in (MEMBERS // 4, MEMBERS // 2):
        running = subprocess.Popen(command(plan, out, "--processes", "2"), stdout=subprocess.DEVNULL)
        until(lambda least=least: done(out) >= least, running)  # type: ignore[misc]
        at.append(done(out))
        running.send_signal(signal.SIGKILL)
        running.wait()
    subprocess.run(command(plan, out, "--processes", "2"), check=True, stdout=subprocess.DEVNULL)
    return at


@contextmanager
def cluster() -> Iterator[Any]:
    """Give a Dask cluster of two workers, processes of this machine."""
    from distributed import LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "protocol": "tcp"}
    with LocalCluster(**options) as made:
        yield made


def on_cluster(plan: Path, out: Path) -> int:
    """Do the study on a cluster and kill one worker on the way; return how much was done then."""
    with cluster() as made:
        running = subprocess.Popen(command(plan, out, "--dask", made.scheduler_address), stdout=subprocess.DEVNULL)
        until(lambda: done(out) >= MEMBERS // 4, running)
        at = done(out)
        os.kill(next(iter(made.workers.values())).pid, signal.SIGKILL)
        if running.wait():
            raise SystemExit(f"the study on the cluster ended with {running.returncode}")
    return at


def main() -> None:
    """Do the three studies and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/encode"))
    parser.add_argument("--windows", type=int, default=400, help="of each file; 0 for all")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--most", type=int, default=100, help="bound and unbound windows that gkm_svm learns from")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cut(options.data, folder / "sets", options.windows)
        plan = folder / "plan.toml"
        plan.write_text(PLAN.format(data=folder / "sets", epochs=options.epochs, most=options.most))
        begun = time.perf_counter()
        subprocess.run(command(plan, folder / "whole", "--processes", "1"), check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - begun
        whole = table(folder / "whole")
        print(f"whole: {seconds:.0f} s, {len(whole)} rows", flush=True)
        stops = killed(plan, folder / "killed")
        again = difference(whole, table(folder / "killed"))
        print(f"killed with {stops} runs done: {again or 'equal'}", flush=True)
        lost = on_cluster(plan, folder / "dask")
        dask = difference(whole, table(folder / "dask"))
        print(f"a worker killed with {lost} runs done: {dask or 'equal'}", flush=True)
    failed = int((whole["metric"] == "failed").sum())
    size = "all" if not options.windows else f"the first {options.windows}"
    lines = [
        "# A study that is killed",
        "",
        f"Made by `python benchmarks/study_kills.py`: four ENCODE sets, {size} windows of each file, TBiNet,",
        f"DeepBind, gkm-SVM and 6-mers, two seeds, `short` recipes with {options.epochs} epoch(s), {MEMBERS} runs",
        f"of which {failed} failed; {len(whole):,} rows of `results.tsv`, compared with those of a study without",
        f"a break, in one process ({seconds:.0f} s), but for the seconds.",
        "",
        "| | runs done at that time | results.tsv |",
        "|---|---|---|",
        f"| two local processes, killed (-9) twice | {stops[0]}, {stops[1]} | {again or 'equal'} |",
        f"| Dask cluster of two workers, one killed (-9) | {lost} | {dask or 'equal'} |",
        "",
        f"Versions: {', '.join(f'{name} {version}' for name, version in versions().items())}.",
    ]
    write_text(RESULTS / "study_kills.md", "\n".join(lines) + "\n")
    if again or dask:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
