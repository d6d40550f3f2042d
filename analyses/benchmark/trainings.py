"""The models of a benchmark: those that it trains, by a study's own members, runs that are given, and oracles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from motiflens.analyses.benchmark.oracles import oracle_folder, writable
from motiflens.analyses.benchmark.plan import ORACLES, SHUFFLED, BenchmarkPlan
from motiflens.models import types
from motiflens.models.data.options import Options
from motiflens.models.data.simulate.factors import PAIR
from motiflens.models.data.text import listed
from motiflens.models.real_path import real_path
from motiflens.models.recipes import adjust, recipe
from motiflens.models.registry import check_trainable
from motiflens.models.run import open_run
from motiflens.models.run_files import CONFIG
from motiflens.models.study.member import Member, finished
from motiflens.models.study.plan import Model
from motiflens.models.study.sets import DataSet


@dataclass(frozen=True)
class Training:
    """One trained model, or one to train.

    Attributes
    ----------
    model, seed, control, tf
        As the table names it.
    member
        How it is trained; None for a run that is given, or an oracle.
    given
        Its folder otherwise.
    """

    model: str
    seed: int
    control: str
    tf: str
    member: Member | None = None
    given: str = ""

    @property
    def oracle(self) -> bool:
        """Whether it is made of the truth."""
        return self.model in ORACLES

    @property
    def folder(self) -> Path:
        """Where the run lies."""
        return Path(self.given) if self.member is None else self.member.run_folder

    @property
    def ready(self) -> bool:
        """Whether it can be looked at."""
        if self.member is not None:
            return finished(self.folder)
        return not self.oracle or (self.folder / CONFIG).is_file()


def is_run(name: str) -> bool:
    """Tell whether a model is named by its run folder, or by its architecture."""
    return (Path(name) / CONFIG).is_file() or "/" in name


def trainings(
    plan: BenchmarkPlan, source: str, known: tuple[str, ...], out: types.Path, accelerator: str
) -> list[Training]:
    """Return all trainings of a plan: factor by factor, model by model, seed by seed, then shuffled labels.

    Parameters
    ----------
    plan
        What is compared.
    source, known
        The data, and the factors that have sites in them.
    out
        The benchmark's folder.
    accelerator
        See `Machine`.

    Raises
    ------
    ValueError, FileNotFoundError
        For a factor, an architecture, a setting or a run that there is not.
    """
    for tf in plan.tfs:
        if tf not in known:
            raise ValueError(f"{source} has no factor {tf!r}: it has {', '.join(known)}")
    planned: list[Training] = []
    for name in plan.models:
        if name in ORACLES:
            planned += _oracles(name, plan, out)
        elif is_run(name):
            planned += _given(name, plan, known)
        else:
            planned += _members(name, plan, source, out, accelerator)
    if not planned:
        raise ValueError(f"{listed(plan.models)} is only of {PAIR[0]}, which alone has a rule: name it with --tf")
    names = [(training.model, training.tf, training.seed, training.control) for training in planned]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two runs are called {twice[0]!r}: rename one of the folders")
    return planned


def _oracles(name: str, plan: BenchmarkPlan, out: types.Path) -> list[Training]:
    tfs = [tf for tf in plan.tfs if writable(name, tf)]
    return [Training(name, 0, "", tf, given=str(oracle_folder(out, name, tf))) for tf in tfs]


def _members(name: str, plan: BenchmarkPlan, source: str, out: types.Path, accelerator: str) -> list[Training]:
    check_trainable(name)
    adjust(recipe(name, preset=plan.preset), name, list(plan.settings))  # a wrong setting is said before any work
    settings = dict(setting.split("=", 1) for setting in plan.settings)
    model = Model(name, set=settings)
    planned = []
    for tf in plan.tfs:
        data = (DataSet(tf, source, tf, "", Options(tf=tf)),)
        variants = [(seed, "") for seed in range(plan.seeds)] + ([(0, SHUFFLED)] if plan.shuffled else [])
        for seed, control in variants:
            member = Member(data, model, plan.preset, (), seed, control, str(out), accelerator)
            planned.append(Training(name, seed, control, tf, member))
    return planned


def _given(name: str, plan: BenchmarkPlan, known: tuple[str, ...]) -> list[Training]:
    run = open_run(name)
    option = str(run.config.get("data", {}).get("options", {}).get("tf") or "")
    tasks = [task.partition("|")[0] for task in run.tasks]
    if option:
        tfs = [option] if option in known else []
    elif len(tasks) == 1:
        tfs = [tf for tf in known if tf in (tasks[0], *tasks[0].replace("_", " ").replace("-", " ").split())]
    else:
        tfs = [tf for tf in plan.tfs if tf in tasks]
    if not tfs and not option and len(tasks) == len(plan.tfs) == 1:
        tfs = list(plan.tfs)  # a published model whose name tells no factor: the user does
    if not tfs:
        shown = listed(run.tasks, 10)
        raise ValueError(
            f"{name} predicts {shown}: none is a factor with known sites ({', '.join(known)}); name one with --tf"
        )
    label = real_path(run.path).name
    return [Training(label, 0, "", tf, given=str(run.path)) for tf in tfs]
