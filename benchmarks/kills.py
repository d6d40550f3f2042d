"""Kill -9 at random moments, then the same command again: is the result that of an undisturbed run?

    python benchmarks/kills.py --moments 20 --out benchmarks/results/kills.md

Train, attribute, motifs and simulate on a small data set; a moment is drawn evenly over the time that the
undisturbed run took. Weights, stores and tables are compared by their content; files that hold a command line or
times are not.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

INTERPRET = [sys.executable, "-m", "motiflens.analyses.cli.main"]
TRAIN = [
    "train",
    "--model",
    "tbinet",
    "--data",
    "{data}",
    "--signals",
    "none",
    "--preset",
    "small",
    "--set",
    "epochs=2",
]
TRAIN += ["--set", "epoch_windows=3000", "--set", "valid_windows=2000", "--accelerator", "cpu", "--out", "{out}"]
# Name -> first command, the one that goes on.
COMMANDS = {
    "train": (TRAIN, [*TRAIN, "--resume"]),
    "attribute": (["attribute", "{run}", "--max", "400", "--device", "cpu", "--out", "{out}"],) * 2,
    "motifs": (["motifs", "{run}", "--routes", "kernels", "--untrained", "1", "--out", "{out}"],) * 2,
    "simulate": (["simulate", "{out}"],) * 2,
}
# They hold the command line, times or the state of a training.
UNCOMPARED = ("config.json", "metrics.json", "log.csv", "last.ckpt", "summary.json", "report.html")


def content(folder: Path) -> dict[str, str]:
    """Return the hash of what each file holds; of a store, its arrays."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name in UNCOMPARED:
            continue
        digest = hashlib.sha256()
        if path.suffix == ".h5":
            with h5py.File(path) as store:
                for name in ("codes", "scores", "prediction", "row"):
                    digest.update(np.ascontiguousarray(store[name][:]).tobytes())
        else:
            digest.update(path.read_bytes())
        found[str(path.relative_to(folder))] = digest.hexdigest()
    return found


def run(words: list[str], **places: Path) -> float:
    """Run a command to its end; return the seconds."""
    began = time.monotonic()
    filled = [word.format(**places) for word in words]
    subprocess.run([*INTERPRET, *filled, "--quiet"], check=True)
    return time.monotonic() - began


def killed(words: list[str], after: float, **places: Path) -> bool:
    """Run a command and kill it after some seconds; tell whether it was still at work."""
    process = subprocess.Popen([*INTERPRET, *(word.format(**places) for word in words), "--quiet"])
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def measure(name: str, moments: int, work: Path, data: Path, trained: Path) -> str:
    """Return the table's row of a command."""
    first, again = COMMANDS[name]
    whole = work / f"{name}-whole"
    places = {"data": data, "run": trained}
    seconds = run(first, out=whole, **places)
    drawn, equal, hit = random.Random(0), 0, 0
    for moment in range(moments):
        out = work / f"{name}-{moment}"
        hit += killed(first, drawn.uniform(0, seconds), out=out, **places)
        try:
            run(again, out=out, **places)
        except subprocess.CalledProcessError:
            if name not in ("train", "simulate"):
                continue  # a finished one is not done again
        equal += content(out) == content(whole)
    return f"| {name} | {seconds:.1f} | {moments} | {hit} | {equal} |"


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--commands", nargs="*", default=list(COMMANDS), choices=list(COMMANDS))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "kills.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        data, trained = work / "data", work / "trained"
        run(["simulate", "{out}"], out=data)
        run(TRAIN, out=trained, data=data)
        rows = [measure(each, options.moments, work, data, trained) for each in options.commands]
    head = [
        "# Kill -9 at random moments, then the same command again",
        "",
        "| command | seconds undisturbed | moments | killed at work | equal results |",
        "|---|---|---|---|---|",
    ]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
