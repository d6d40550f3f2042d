"""Kill -9 at random moments, then the same command again: is the result that of an undisturbed run?

    python benchmarks/kills.py --moments 20 --out benchmarks/results/kills.md
    python benchmarks/kills.py --changes --out benchmarks/results/kills_at_changes.md

Train, attribute, motifs, study and simulate on the smallest data that exercise every stage; a moment is drawn
evenly over the time that the undisturbed run took. Weights, stores and tables are compared by their content; files
that hold a command line or times are not. Each run is a process forked from one that has imported everything, so
that moments fall into the work and not into imports. The table is written after each command.

With --changes a run is killed before each change of the file system that it makes (a file renamed or removed, a
folder made) in place of random moments: between two files of one result there are microseconds, which these miss.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import os
import pkgutil
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

SIZES = "--set kernels=4 --set kernel_size=8 --set pool=8 --set units=4 --set dense=4 --set batch=16"
TRAIN = f"train --model tbinet --data {{data}} --set epochs=6 {SIZES} --accelerator cpu --out {{out}}"
MOTIFS = "motifs {run} --routes kernels --targets {motifs} --shuffles 5 --untrained 1 --no-controls --out {out}"
STUDY = f"study --models tbinet --data {{data}} --set epochs=3 {SIZES} --seeds 2 --no-controls --processes 1"
FITTED = "train --model kmer_logistic --data {data} --out {out}"
# Name -> first command, what the second one has more, and by how much its moments are fewer.
COMMANDS = {
    "train": (TRAIN, " --resume", 1),
    "attribute": ("attribute {run} --only all --batch-size 4 --device cpu --out {out}", "", 1),
    "motifs": (MOTIFS, "", 1),
    "study": (f"{STUDY} --accelerator cpu --out {{out}}", "", 1),
    "simulate": ("simulate {out}", "", 1),  # of 4.5 Mb, the smallest
    "train, fitted": (FITTED, " --resume", 1),
}
CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree")
# They hold the command line, times or the state of a training.
UNCOMPARED = ("config.json", "metrics.json", "log.csv", "last.ckpt", "summary.json", "report.html", "study.json")
HEAD = """# Kill -9 at random moments, then the same command again

| command | seconds undisturbed | moments | killed at work | equal results | files left beside it |
|---|---|---|---|---|---|
"""


def write_data(folder: Path) -> None:
    """Write a small data set in DeepBind's format, with a word in the bound sequences, and two motifs."""
    rng = np.random.default_rng(0)
    for kind, count in (("AC", 240), ("B", 60)):
        lines = ["FoldID\tEventID\tseq\tBound"]
        for number in range(count):
            text = "".join(rng.choice(list("ACGT"), 60))
            at = int(rng.integers(0, 50))
            bound = kind == "AC" or number % 2
            lines.append(
                f"A\ts{number:04d}\t{text[:at] + 'TGACTCA' + text[at + 7 :] if bound else text}\t{int(bound)}"
            )
        (folder / f"FOS_K562.{kind}.seq").write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = "\n".join(" ".join("0.97" if a == b else "0.01" for a in "ACGT") for b in "TGACTCA")
    text = f"MEME version 4\n\nALPHABET= ACGT\n\nMOTIF FOS\nletter-probability matrix: alength= 4 w= 7\n{rows}\n"
    (folder / "motifs.meme").write_text(text, encoding="utf-8")


def content(folder: Path) -> dict[str, str]:
    """Return the hash of what each file holds; of a store, its arrays."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name in UNCOMPARED or path.suffix in (".svg", ".png"):
            continue
        digest = hashlib.sha256()
        if path.suffix == ".h5":
            with h5py.File(path) as store:
                for name in ("codes", "scores", "prediction", "row"):
                    digest.update(np.ascontiguousarray(store[name][:]).tobytes())
        elif path.name == "results.tsv":
            digest.update(pd.read_csv(path, sep="\t").drop(columns="seconds").to_csv().encode())
        else:
            digest.update(path.read_bytes().replace(str(folder).encode(), b"OUT"))
        found[str(path.relative_to(folder))] = digest.hexdigest()
    return found


def start(line: str, places: dict[str, Path], change: int | None = None) -> int:
    """Run a command in a process of its own, the first of a group; return its number.

    It dies before its `change`-th change of the file system, at once and without a last word.
    """
    from motiflens.analyses.cli.main import main as interpret

    number = os.fork()
    if number:
        return number
    os.setpgid(0, 0)
    if change is not None:
        die_at(change, places["out"].parent)
    sys.argv = ["interpret", *(word.format(**places) for word in line.split()), "--quiet"]
    code = 1
    try:
        interpret()
    except SystemExit as stop:
        code = int(stop.code or 0)
    finally:
        os._exit(code)


def die_at(change: int, folder: Path) -> None:
    """Have this process die before it changes something in a folder for the `change`-th time (from 0)."""
    own, left = os.getpid(), change

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal left
        if event in CHANGES and os.getpid() == own and str(args[0]).startswith(str(folder)):
            if left == 0:
                os.kill(own, signal.SIGKILL)
            left -= 1

    sys.addaudithook(hook)


def run(line: str, places: dict[str, Path]) -> float:
    """Run a command to its end; return the seconds."""
    began = time.monotonic()
    if os.waitpid(start(line, places), 0)[1]:
        raise RuntimeError(f"failed: {line}")
    return time.monotonic() - began


def killed(line: str, after: float, places: dict[str, Path]) -> bool:
    """Run a command, kill it and its workers after some seconds; tell whether it was still at work."""
    number, end = start(line, places), time.monotonic() + after
    while time.monotonic() < end:
        if os.waitpid(number, os.WNOHANG)[0]:
            return False
        time.sleep(0.002)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(number, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == -signal.SIGKILL


def killed_at(line: str, change: int, places: dict[str, Path]) -> bool:
    """Run a command that is killed before a change; tell whether it was, or ended before."""
    return os.waitstatus_to_exitcode(os.waitpid(start(line, places, change), 0)[1]) == -signal.SIGKILL


def import_everything() -> None:
    """Import all modules, which takes longer than the work."""
    import motiflens.analyses
    import motiflens.interpret
    import motiflens.models

    for package in (motiflens.models, motiflens.interpret, motiflens.analyses):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".serve" not in module.name:
                importlib.import_module(module.name)


def measure(name: str, moments: int | None, work: Path, places: dict[str, Path]) -> str:
    """Return the table's row of a command; without moments it is killed before each of its changes."""
    first, more, fewer = COMMANDS[name]
    whole = work / name / "whole" / "out"
    seconds = run(first, {**places, "out": whole})
    drawn, count, equal, hit, left = random.Random(0), 0, 0, 0, 0
    while moments is None or count < max(1, moments // fewer):
        out = work / name / str(count) / "out"
        out.parent.mkdir(parents=True)
        here = {**places, "out": out}
        at_work = (
            killed_at(first, count, here) if moments is None else killed(first, drawn.uniform(0, seconds), here)
        )
        if moments is None and not at_work:
            break
        count, hit = count + 1, hit + at_work
        with contextlib.suppress(RuntimeError):  # what was finished before the kill is refused, not done again
            run(first + more, {**places, "out": out})
        equal += content(out) == content(whole)
        left += sum(path.name != "out" for path in out.parent.iterdir())
    return f"| {name} | {seconds:.1f} | {count} | {hit} | {equal} | {left} |\n"


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--changes", action="store_true", help="kill before each change of the file system")
    parser.add_argument("--commands", nargs="*", default=list(COMMANDS), choices=list(COMMANDS))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "kills.md")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    import_everything()
    rows = ""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "data").mkdir()
        write_data(work / "data")
        places = {
            "data": work / "data" / "FOS_K562.AC.seq",
            "motifs": work / "data" / "motifs.meme",
            "run": work / "trained",
        }
        run(TRAIN, {**places, "out": places["run"]})
        for each in options.commands:
            rows += measure(each, None if options.changes else options.moments, work, places)
            print(rows.splitlines()[-1], flush=True)
            options.out.write_text(HEAD + rows, encoding="utf-8")


if __name__ == "__main__":
    main()
