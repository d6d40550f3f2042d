"""A study: trains all members of a plan, selects without the test split, tests the final ones, makes one table."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pandas as pd

from motiflens.models import types
from motiflens.models.data.text import existing
from motiflens.models.executor import Crew, Workers, crew
from motiflens.models.files import write_json, write_text, write_together
from motiflens.models.folder_lock import folder_lock
from motiflens.models.machine import check_accelerator
from motiflens.models.metrics import METRICS
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.provenance import provenance
from motiflens.models.recipes import recipe as recipe_of
from motiflens.models.study.check_members import check_own
from motiflens.models.study.external import external_measures
from motiflens.models.study.measure import Measure, measure, measured, validated
from motiflens.models.study.member import FAILED, Member, finished, members, train_member
from motiflens.models.study.plan import Plan
from motiflens.models.study.results import best_settings, member_rows, results_table, summary
from motiflens.models.study.select import best_members, best_setting, mean_of
from motiflens.models.study.sets import DataSet, data_sets

RESULTS, MEANS, BEST, PLAN = "results.tsv", "means.tsv", "best_settings.tsv", "study.json"
FILES = (PLAN, RESULTS, MEANS, BEST)
T = TypeVar("T")


@dataclass
class _Study:
    """What a study knows while it runs; all else lies in its run folders."""

    plan: Plan
    sets: list[DataSet]
    out: Path
    team: Crew
    progress: Progress
    members: list[Member]
    measures: list[Measure] = field(default_factory=list)
    final: list[Member] = field(default_factory=list)

    def score(self, member: Member) -> float:
        """Return a finished member's score on validation."""
        return mean_of(validated(member), self.plan.metric)

    def write(self) -> None:
        """Write the table of what has been measured so far."""
        write_text(self.out / RESULTS, self.table().to_csv(sep="\t", index=False, float_format="%.10g"))

    def table(self) -> pd.DataFrame:
        """Return the table of what has been measured so far, in the plan's order."""
        by_member: dict[Member, list[Measure]] = defaultdict(list)
        for wanted in self.measures:
            by_member[wanted.member].append(wanted)
        rows = [
            row
            for member in self.members
            for row in member_rows(member, by_member[member], final=member in self.final)
        ]
        return results_table([*rows, *_external_rows(self)])


def study(
    plan: Plan,
    out: types.Path,
    *,
    workers: Workers | None = None,
    accelerator: str = "auto",
    progress: Progress = silent,
) -> pd.DataFrame:
    """Do a study, or go on with it.

    Parameters
    ----------
    plan
        What to train; see `plan.read_plan`.
    out
        Folder of ``runs/SET/MODEL/SETTING,seed=N`` (run folders), ``results.tsv``, ``means.tsv`` (means and
        medians over sets), ``best_settings.tsv`` (of each cell line and model, by validation) and ``study.json``.
        What it holds finished is kept, and what was interrupted goes on.
    workers
        Who trains and measures; this process by default. Results do not depend on it.
    accelerator
        See `Machine`.
    progress
        Told how many members are done.

    Returns
    -------
    DataFrame
        What ``results.tsv`` holds: one row a set, model, setting, seed, control, split, task, cell type and
        metric. ``final`` marks the members that were tested. A member that failed is one row of the metric
        ``failed``.

    Raises
    ------
    ValueError, FileNotFoundError
        For a plan or data that do not fit, before anything is trained.

    Notes
    -----
    Validation alone selects: within each data set and model the setting with the best mean over seeds (all of its
    seeds are tested), or, with a leaderboard, the best there of the plan's `best` runs on validation. Members are
    trained without a test split; it is opened after the selection, for the final members and the controls alone.
    """
    check_accelerator(accelerator, None if workers is None else workers.dask)
    with folder_lock(out):
        return _study(plan, Path(out), workers or Workers(), accelerator, progress)


def _study(plan: Plan, where: Path, workers: Workers, accelerator: str, progress: Progress) -> pd.DataFrame:
    """Do a study in a folder that is ours alone."""
    _sweep(where)
    sets = data_sets(plan)
    _check_external(plan, sets)
    every = members(plan, sets, where, accelerator)
    check_own(every)
    write_json(
        where / PLAN, {"plan": dataclasses.asdict(plan), "sets": [data.name for data in sets], **provenance()}
    )
    with crew(workers) as team:
        here = _Study(plan, sets, where, team, progress, every)
        _train(here, [member for member in every if member.model.way != "transfer"])
        _train(here, [member for member in every if member.model.way == "transfer"])
        _select(here)
        _test(here, here.final)
        _controls(here)
    table = here.table()
    means, best = summary(table, []), best_settings(table, plan.metric)
    with write_together(where / RESULTS, where / MEANS, where / BEST) as files:
        for file, part, digits in zip(files, (table, means, best), ("%.10g", "%.6g", "%.6g"), strict=True):
            part.to_csv(file, sep="\t", index=False, float_format=digits)
    return table


def _sweep(where: Path) -> None:
    """Remove what a process that was killed left in run folders: those that are finished are not opened again."""
    for folder in filter(Path.is_dir, where.glob("runs/*/*/*")):
        with contextlib.suppress(ValueError), folder_lock(folder):  # another process is at it
            pass


def _train(here: _Study, wanted: Sequence[Member]) -> None:
    for member in wanted:
        (member.folder / FAILED).unlink(missing_ok=True)  # it may succeed this time
    ready = []
    for member in wanted:
        if member.start is not None and not finished(member.start.run_folder):
            _failed(member, f"its global model {member.start.model.label} has failed")
        elif not finished(member.run_folder):
            ready.append(member)
    _work(here, "training", train_member, ready, lambda member: member)


def _work(
    here: _Study,
    stage: str,
    function: Callable[[T], None],
    parts: Sequence[T],
    member_of: Callable[[T], Member],
) -> None:
    """Hand parts to workers; a failure is a note in the member's folder, and the table is written after each."""
    here.progress(Step(stage, 0, len(parts), "runs"))
    for number, done in enumerate(here.team.completed(function, parts), start=1):
        member = member_of(done.part)
        if done.error is not None:
            _failed(member, failure_reason(done.error))
        here.progress(Step(stage, number, len(parts), "runs", f"{member.set} {member.model.label}"))
        if number % max(1, len(parts) // 100) == 0:
            here.write()


def failure_reason(error: BaseException) -> str:
    """Return in one line why a member failed.

    Examples
    --------
    >>> failure_reason(ValueError("kernels is 0:\\nexpected at least 1")), failure_reason(KeyError("x"))
    ('kernels is 0: expected at least 1', "KeyError: 'x'")
    """
    name, text = type(error).__name__, " ".join(str(error).split())
    if isinstance(error, BrokenProcessPool) or name == "KilledWorker":  # Dask's, after some attempts
        return "its worker process died (killed, or out of memory): the same command tries it again"
    if isinstance(error, MemoryError) or "OutOfMemory" in name:
        return f"too little memory ({text or name}): use fewer --processes or a smaller batch"
    if isinstance(error, ValueError | TypeError | OSError):
        return text or name
    return f"{name}: {text}"


def _failed(member: Member, reason: str) -> None:
    write_json(member.folder / FAILED, {"reason": reason})


def _alive(wanted: Iterable[Member]) -> list[Member]:
    return [member for member in wanted if finished(member.run_folder) and not (member.folder / FAILED).is_file()]


def _select(here: _Study) -> None:
    """Choose the final members of each data set and model."""
    groups: dict[tuple[str, str], list[Member]] = defaultdict(list)
    for member in _alive(here.members):
        groups[member.set, member.model.label].append(member)
    plan = here.plan
    if plan.leaderboard is None:
        here.final = [member for group in groups.values() for member in best_setting(group, here.score)]
        return
    for group in groups.values():
        candidates = best_members(group, here.score, plan.best)
        wanted = [
            Measure(member, "leaderboard", data, plan.leaderboard)
            for member in candidates
            for data in _measured_on(here, member)
        ]
        here.measures += wanted
        _work(here, "leaderboard", measure, wanted, lambda part: part.member)
        scores = {
            member: mean_of(
                [row for part in wanted if part.member == member for row in measured(part)], plan.metric
            )
            for member in _alive(candidates)
        }
        here.final += best_members(list(scores), scores.__getitem__, 1)


def _measured_on(here: _Study, member: Member) -> Sequence[DataSet]:
    return here.sets if member.model.way == "global" else member.sets


def _test(here: _Study, final: Sequence[Member]) -> None:
    wanted = [Measure(member, "test", data) for member in final for data in _measured_on(here, member)]
    here.measures += wanted
    _work(here, "testing", measure, wanted, lambda part: part.member)


def _controls(here: _Study) -> None:
    """Train and test the final settings on shuffled data."""
    baselines = set(here.plan.controls) - {model.name for model in here.plan.models}
    wanted = [
        dataclasses.replace(member, control=what)
        for what in here.plan.shuffled
        for member in here.final
        if member.model.way == "individual" and member.model.name not in baselines
    ]
    here.members = [*here.members, *wanted]
    _train(here, wanted)
    _test(here, _alive(wanted))


def _check_external(plan: Plan, sets: Sequence[DataSet]) -> None:
    """Refuse scores of unknown sets, and files that are not there, before anything is trained."""
    known = [data.name for data in sets]
    for external in plan.external:
        if external.set not in known:
            raise ValueError(f"scores of {external.name}: there is no data set {external.set!r}")
        existing(external.file, f"table of {external.name}'s scores")


def _external_rows(here: _Study) -> list[types.Json]:
    """Measure other programs' scores; only once members have been selected, since this reads the test split."""
    if not here.final:
        return []
    rows = []
    known = {data.name: data for data in here.sets}
    for external in here.plan.external:
        data = known[external.set]
        windows = data.open(recipe_of("pwm"), {})["test"]
        for row in external_measures(external.file, windows).to_dict("records"):
            common = {
                "set": data.name,
                "tf": data.tf,
                "cell_type": data.cell_type,
                "size_class": "",
                "task": row["task"],
            }
            named = {"model": external.name, "setting": "external", "seed": 0, "control": "", "split": "test"}
            rows += [
                {**common, **named, "metric": metric, "value": row[metric], "final": True, "note": external.file}
                for metric in METRICS
            ]
    return rows
