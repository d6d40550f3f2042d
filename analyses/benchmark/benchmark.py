"""A benchmark of architectures × methods: trains, computes every map, scores it; goes on where it was stopped."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from motiflens.analyses.benchmark.benchmark_study import benchmark_study
from motiflens.analyses.benchmark.measures import FAILED, TIMED_OUT
from motiflens.analyses.benchmark.oracles import write_oracle
from motiflens.analyses.benchmark.part import ISM, MODEL, WHATEVER, Part, do_part, write_failure
from motiflens.analyses.benchmark.plan import SHUFFLED, UNTRAINED, BenchmarkPlan
from motiflens.analyses.benchmark.rows import COLUMNS, part_rows, training_failure
from motiflens.analyses.benchmark.trainings import Training, trainings
from motiflens.analyses.benchmark.truth import read_truth
from motiflens.analyses.study import Study
from motiflens.models import types
from motiflens.models.data.simulate.factors import PAIR
from motiflens.models.evaluate import best_device, check_device
from motiflens.models.executor import Crew, Workers, crew
from motiflens.models.files import write_json, write_text
from motiflens.models.folder_lock import folder_lock
from motiflens.models.machine import check_accelerator
from motiflens.models.open_for_run import built_in
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.provenance import provenance
from motiflens.models.reading import read_json
from motiflens.models.real_path import real_path
from motiflens.models.run import open_run
from motiflens.models.study.check_members import check_own
from motiflens.models.study.member import train_member
from motiflens.models.types import Json

TABLE, PLAN = "benchmark.tsv", "plan.json"


class Benchmarked(NamedTuple):
    """What a benchmark left.

    Attributes
    ----------
    table
        What ``benchmark.tsv`` holds.
    parts
        Its parts, done or failed.
    made_by
        Provenance.
    """

    table: pd.DataFrame
    parts: list[Part]
    made_by: Json

    @property
    def study(self) -> Study:
        """Summaries, ranks, figures and the finding."""
        return benchmark_study(self.parts, self.table, self.made_by)


@dataclass
class _Benchmark:
    """What a benchmark knows while it runs; all else lies in its folder."""

    plan: BenchmarkPlan
    source: str
    out: Path
    team: Crew
    progress: Progress
    trainings: list[Training]
    device: str = "cpu"
    parts: list[Part] = field(default_factory=list)
    failures: dict[Training, str] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """Return and write the table of what is known so far, in the plan's order."""
        rows = [row for part in self.parts for row in part_rows(part)]
        rows += [training_failure(training, reason) for training, reason in self.failures.items()]
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        write_text(self.out / TABLE, table.to_csv(sep="\t", index=False, float_format="%.6g"))
        return table


def benchmark(
    plan: BenchmarkPlan,
    out: types.Path,
    *,
    workers: Workers | None = None,
    accelerator: str = "auto",
    device: str | None = None,
    progress: Progress = silent,
) -> Benchmarked:
    """Do a benchmark, or go on with it.

    Parameters
    ----------
    plan
        What is compared; see `plan.plan_named`.
    out
        Folder of ``runs/`` (trainings), ``parts/`` (each method's scores and maps) and ``benchmark.tsv``. What it
        holds finished is kept, whatever else is asked for now; what failed is tried again.
    workers
        Who trains and computes; this process by default. Results do not depend on it.
    accelerator
        Of the trainings; see `Machine`.
    device
        Of everything else; by default the GPU, where there is one (on each of Dask's machines).
    progress
        Told how many trainings and parts are done.

    Returns
    -------
    Benchmarked
        Its table is what ``benchmark.tsv`` holds: one row a score, see `rows.COLUMNS`. A part that failed or
        took too long is a row of the score ``failed`` or ``timeout`` with the reason in ``note``.

    Raises
    ------
    ValueError, FileNotFoundError
        For a plan, data or modules of one's own that do not fit, before any work; if the folder holds another
        benchmark; if no training came to its end.
    """
    dask = None if workers is None else workers.dask
    check_accelerator(accelerator, dask)
    check_device(device, dask)
    place = device or (best_device() if dask is None else WHATEVER)
    source = str(real_path(plan.data)) if plan.data is not None else built_in()
    where = Path(out)
    every = trainings(plan, source, read_truth(source).factors, where, accelerator)
    check_own([training.member for training in every if training.member is not None])
    with folder_lock(where):
        _keep_plan(plan, source, where)
        with crew(workers or Workers()) as team:
            here = _Benchmark(plan, source, where, team, progress, every, place)
            _write_oracles(here)
            _train(here)
            here.parts = _parts(here)
            if not here.parts:
                here.table()
                raise ValueError(
                    f"{where}: no training came to its end; the first: {next(iter(here.failures.values()))}"
                )
            waiting = [part for part in here.parts if not part.done]
            _work(here, [part for part in waiting if (part.kind, part.method) == ("map", ISM)], "reference maps")
            _work(here, [part for part in waiting if (part.kind, part.method) != ("map", ISM)], "methods")
        made_by = provenance(seed=plan.seed, data=source)
        return Benchmarked(here.table(), here.parts, {**made_by, "parameters": dataclasses.asdict(plan)})


def _keep_plan(plan: BenchmarkPlan, source: str, out: Path) -> None:
    """Write what all parts have in common, or refuse a folder whose parts are of something else."""
    fixed = {**plan.fixed, "data": source, "settings": list(plan.settings)}
    file = out / PLAN
    if file.is_file():
        before = read_json(file, "plan of a benchmark").get("fixed", {})
        other = next((key for key in fixed if before.get(key) != fixed[key]), None)
        if other is not None:
            kept, asked = before.get(other), fixed[other]
            raise ValueError(
                f"{out} holds a benchmark with {other} {kept!r}, not {asked!r}: choose another folder"
            )
    record = provenance(seed=plan.seed, data=source)
    write_json(file, {"fixed": fixed, "plan": dataclasses.asdict(plan), **record})


def _write_oracles(here: _Benchmark) -> None:
    for training in here.trainings:
        if training.oracle and not training.ready:
            write_oracle(training.folder, training.model, training.tf, here.source)


def _train(here: _Benchmark) -> None:
    wanted = {training.member: training for training in here.trainings if training.member and not training.ready}
    done = here.team.completed(train_member, list(wanted))
    here.progress(Step("training", 0, len(wanted), "runs"))
    for number, one in enumerate(done, start=1):
        training = wanted[one.part]
        if one.error is not None:
            here.failures[training] = _line(one.error)
        note = f"{training.tf} {training.model} seed {training.seed} {training.control}".rstrip()
        here.progress(Step("training", number, len(wanted), "runs", note))


def _parts(here: _Benchmark) -> list[Part]:
    ready = [training for training in here.trainings if training.ready]
    return [part for training in ready for part in _parts_of(here, training, ready)]


def _parts_of(here: _Benchmark, training: Training, ready: Sequence[Training]) -> Iterator[Part]:
    """Yield the parts of a training: its accuracy, maps, motifs and pairs; of a control its motifs alone."""
    plan = here.plan
    alike = [one for one in ready if (one.model, one.tf) == (training.model, training.tf)]
    twins = tuple(str(one.folder) for one in alike if not one.control and one.seed != training.seed)
    shuffled = next((str(one.folder) for one in alike if one.control == SHUFFLED), "")
    weights = open_run(training.folder).weights_hash if training.member is None else ""

    def part(kind: str, method: str, control: str = training.control) -> Part:
        compared = (twins, shuffled) if kind == "map" else ((), "")
        return Part(
            kind, method, training.model, training.seed, control, training.tf, str(training.folder), *compared,
            here.source, str(here.out), plan, weights, here.device,
        )  # fmt: skip

    if training.control:
        yield from (part("motifs", route) for route in plan.routes)
        return
    yield part("accuracy", MODEL)
    yield from (part("map", method) for method in plan.methods)
    for route in plan.routes:
        yield part("motifs", route)
        if training.member is not None and training.seed == 0:
            yield part("motifs", route, UNTRAINED)
    if training.tf == PAIR[0]:
        yield from (part("pairs", method) for method in plan.pairs)


def _work(here: _Benchmark, parts: Sequence[Part], stage: str) -> None:
    """Hand parts to workers; a failure is written beside what succeeded, and the table after every hundredth."""
    here.progress(Step(stage, 0, len(parts), "parts"))
    for number, done in enumerate(here.team.completed(do_part, parts), start=1):
        part = done.part
        if done.error is not None:
            kind = TIMED_OUT if isinstance(done.error, TimeoutError) else FAILED
            write_failure(part, kind, _line(done.error))
        here.progress(Step(stage, number, len(parts), "parts", f"{part.tf} {part.model} {part.method}"))
        if number % max(1, len(parts) // 100) == 0:
            here.table()


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:500] or type(error).__name__
