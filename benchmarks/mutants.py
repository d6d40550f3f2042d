"""How many small faults in the motif pipeline and the attributions would the tests let pass?

Run from the root of a clean checkout that nothing else uses: ``python benchmarks/mutants.py --sample 60``.
cosmic-ray must be installed; it changes the sources in place, one fault at a time, and puts them back. Of each
module the tests that import it are run. Writes ``benchmarks/results/mutants.md``: the share of survivors and
what they are, to be judged one by one: some change nothing that a result depends on.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("analyses/motifs", "interpret/attribution")
RESULT = ROOT / "benchmarks" / "results" / "mutants.md"
COSMIC_RAY = str(Path(sys.executable).parent / "cosmic-ray")
SKIPPED = ("_numba.py", "__init__.py")  # compiled code is cached, so that a fault in it may never run
CONFIG = """[cosmic-ray]
module-path = "{module}"
timeout = {timeout}
excluded-modules = []
test-command = "{python} -m pytest -q -x -p no:cacheprovider {tests}"
[cosmic-ray.distributor]
name = "local"
"""


def tests_of(module: Path) -> list[str]:
    """Return the test files that import a module, that of its own name first: it notices most.

    Where none does: those of the modules that import it.
    """
    return [str(path.relative_to(ROOT)) for path in _tests(module, set())]


def _tests(module: Path, seen: set[Path]) -> list[Path]:
    seen.add(module)
    name = "motiflens." + ".".join(module.relative_to(ROOT).with_suffix("").parts)
    own = f"test_{module.name}"
    paths = sorted((ROOT / "tests").rglob("test_*.py"), key=lambda path: (path.name != own, path))
    tests = [path for path in paths if path.name == own or name in path.read_text(encoding="utf-8")]
    if tests:
        return tests
    package = ROOT / module.relative_to(ROOT).parts[0]
    users = [path for path in sorted(package.rglob("*.py")) if path not in seen and name in path.read_text()]
    return list(dict.fromkeys(test for user in users for test in _tests(user, seen)))


def write_config(module: Path, folder: Path, timeout: float) -> Path:
    """Write cosmic-ray's settings for a module; a mutant whose tests outlast `timeout` s counts as noticed."""
    config = folder / f"{module.parent.name}_{module.stem}.toml"
    tests = " ".join(tests_of(module))
    config.write_text(
        CONFIG.format(module=module.relative_to(ROOT), timeout=timeout, python=sys.executable, tests=tests)
    )
    return config


def session_of(module: Path, folder: Path) -> Path | None:
    """Make cosmic-ray's session of a module; None where no test imports it."""
    if not tests_of(module):
        return None
    config = write_config(module, folder, 300)
    session = config.with_suffix(".sqlite")
    subprocess.run([COSMIC_RAY, "init", str(config), str(session)], cwd=ROOT, check=True, capture_output=True)
    return session


def check(module: Path) -> float:
    """Time a module's tests; refuse where they fail without any fault: every mutant would seem to be noticed."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests_of(module)]
    start = time.monotonic()
    if subprocess.run(command, cwd=ROOT, capture_output=True).returncode != 0:
        raise SystemExit(f"the tests of {module.relative_to(ROOT)} fail without any fault: mend them first")
    return time.monotonic() - start


def jobs_of(session: Path) -> list[str]:
    """Return the numbers of a session's mutants."""
    with sqlite3.connect(session) as database:
        return [row[0] for row in database.execute("SELECT job_id FROM mutation_specs ORDER BY job_id")]


def keep(session: Path, jobs: set[str]) -> None:
    """Leave only some mutants in a session."""
    with sqlite3.connect(session) as database:
        for job in set(jobs_of(session)) - jobs:
            database.execute("DELETE FROM mutation_specs WHERE job_id = ?", (job,))
            database.execute("DELETE FROM work_items WHERE job_id = ?", (job,))


def main() -> None:
    """Draw mutants, run them, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=60, help="mutants drawn in each package")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--packages", nargs="+", default=list(PACKAGES), metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as name:
        for package in options.packages:
            lines += run_package(package, Path(name), options)
    options.out.write_text(
        "# Mutants\n\nMade by `python benchmarks/mutants.py "
        f"--sample {options.sample} --seed {options.seed}`: faults of cosmic-ray's operators, drawn at random "
        "among all of a package's modules, each against the tests that import its module.\n\n"
        + "\n".join(lines)
        + "\n"
    )


def run_package(package: str, folder: Path, options: argparse.Namespace) -> list[str]:
    """Run a sample of one package's mutants; return the lines of its report."""
    modules = [p for p in sorted((ROOT / package).rglob("*.py")) if not p.name.endswith(SKIPPED)]
    sessions = {m: s for m in modules if (s := session_of(m, folder)) is not None}
    every = [(module, job) for module, session in sessions.items() for job in jobs_of(session)]
    drawn = random.Random(options.seed).sample(every, min(options.sample, len(every)))
    survivors, killed = [], 0
    for module, session in sessions.items():
        jobs = {job for of, job in drawn if of == module}
        if not jobs:
            continue
        config = write_config(module, folder, 60 + 4 * check(module))
        keep(session, jobs)
        subprocess.run([COSMIC_RAY, "exec", str(config), str(session)], cwd=ROOT, check=True)
        text = subprocess.run([COSMIC_RAY, "dump", str(session)], cwd=ROOT, capture_output=True, text=True)
        for line in text.stdout.splitlines():
            work, result = json.loads(line)
            if result and result.get("test_outcome") == "survived":
                (spec,) = work["mutations"]
                survivors.append((module.relative_to(ROOT), spec, result.get("diff", "")))
            else:
                killed += 1
        print(f"{module.relative_to(ROOT)}: {len(jobs)} run, {len(survivors)} survivors so far", flush=True)
    total = killed + len(survivors)
    untested = [m for m in modules if m not in sessions]
    report = [f"## {package}", "", f"{len(every)} mutants, {total} drawn, {len(survivors)} survived.", ""]
    if untested:
        report += ["No test imports " + ", ".join(f"`{m.relative_to(ROOT)}`" for m in untested) + ".", ""]
    for module, spec, diff in survivors:
        changed = [x for x in diff.splitlines() if x[:1] in "+-" and x[:3] not in ("+++", "---")]
        report += [f"- `{module}` line {spec['start_pos'][0]} ({spec['operator_name'].split('/')[-1]}):", ""]
        report += ["  ```diff", *(f"  {x}" for x in changed), "  ```", ""]
    return report


if __name__ == "__main__":
    main()
