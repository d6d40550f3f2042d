"""One training of a study: where it lies, how it is trained, and what became of it."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from motiflens.models import types
from motiflens.models.data.independent_sets import independent_sets
from motiflens.models.data.options import Division
from motiflens.models.data.windows import Dataset
from motiflens.models.files import write_json
from motiflens.models.machine import Machine
from motiflens.models.metrics_file import read_metrics
from motiflens.models.pooled import pool
from motiflens.models.recipes import Recipe, adjust
from motiflens.models.recipes import recipe as recipe_of
from motiflens.models.run import open_run
from motiflens.models.run_files import CONFIG
from motiflens.models.settings import parse_value
from motiflens.models.strands import CHOSEN
from motiflens.models.study.plan import Model, Plan
from motiflens.models.study.sets import DataSet
from motiflens.models.train import train
from motiflens.models.validation import DivergedTraining

ALL = "(all)"  # what the global model's data set is called
FAILED, DIVERGED = "failed.json", "diverged.json"
_DATA_SETTINGS: dict[str, Callable[[Any], Any]] = {
    "length": int,
    "labelling": str,
    "negatives": str,
    "offset": int,
    # a list in a plan; in a grid of the command line, whose commas part values, 0.8:0.1:0.1
    "division": lambda value: parse_value("division", _parted(value), Division),
}
_THIRD = ",rate_third"


@dataclass(frozen=True, eq=False)
class Member:
    """One training.

    Attributes
    ----------
    sets
        Its data set; several for a global model.
    model
        Its row of the plan.
    preset, setting, seed
        How it is trained; the setting is one of its grid, as JSON's values.
    control
        ``""``, or the control of `open_dataset`.
    out
        The study's folder.
    accelerator
        See `Machine`.
    """

    sets: tuple[DataSet, ...]
    model: Model
    preset: str
    setting: tuple[tuple[str, str | float | bool | None], ...]
    seed: int
    control: str
    out: str
    accelerator: str = "auto"

    @property
    def set(self) -> str:
        """The data set's name, or `ALL`."""
        return self.sets[0].name if self.model.way != "global" else ALL

    @property
    def setting_name(self) -> str:
        """The values that set it apart, or ``default``."""
        return ",".join(f"{key}={value}" for key, value in self.setting) or "default"

    @property
    def folder(self) -> Path:
        """Where its run lies."""
        control = f",{self.control}" if self.control else ""
        parts = (self.set, self.model.label, f"{self.setting_name},seed={self.seed}{control}")
        return Path(self.out, "runs", *(file_name(part) for part in parts))

    @property
    def run_folder(self) -> Path:
        """Where the run lies that counts: a second one if the first one diverged."""
        return _second(self.folder) if (self.folder / DIVERGED).is_file() else self.folder

    @property
    def start(self) -> Member | None:
        """The member whose weights it starts from."""
        return None if self.model.way != "transfer" else self.pooled

    @property
    def pooled(self) -> Member:
        """The global member of the same settings and seed; its data sets are filled in by `members`."""
        raise TypeError("only members made by `members` know their global one")

    def recipe(self) -> Recipe:
        """Return how it is trained."""
        base = recipe_of(self.model.name, preset=self.model.preset or self.preset)
        if base.average_strands:  # how both are merged is chosen as settings are: on validation
            base = replace(base, strand_merge="valid")
        own = {key: value for key, value in self._settings().items() if key not in _DATA_SETTINGS}
        return adjust(base, self.model.name, own)

    @property
    def data_settings(self) -> types.Json:
        """What it changes of the data's options."""
        given = self._settings()
        settings: types.Json = {key: kind(given[key]) for key, kind in _DATA_SETTINGS.items() if key in given}
        return {**settings, "control": self.control} if self.control else settings

    def _settings(self) -> types.Json:
        return {**self.model.set, **dict(self.setting)}

    def open(self, *, splits: tuple[str, ...] = ("train", "valid")) -> Dataset:
        """Open its data, with some of the splits: the test split is no business of training."""
        recipe = self.recipe()
        settings = self.data_settings
        opened = {data.name: data.open(recipe, settings) for data in self.sets}
        if self.model.way == "global":
            if recipe.related == "drop":  # reads the bases of test windows, and no label, to leave their kin out
                opened = dict(independent_sets(opened).sets)
            seed = self.sets[0].options.seed
            return pool(opened, source=", ".join(opened), pooling=recipe.pooling, seed=seed)
        (dataset,) = opened.values()
        return replace(dataset, splits={name: part for name, part in dataset.splits.items() if name in splits})


@dataclass(frozen=True, eq=False)
class Transferred(Member):
    """A training that starts from the global one."""

    every: tuple[DataSet, ...] = ()
    origin: Model | None = None

    @property
    def pooled(self) -> Member:
        """The global member of the same seed, with those of its settings that the global model has a grid of."""
        assert self.origin is not None
        kept = tuple((key, value) for key, value in self.setting if key in self.origin.grid)
        return Member(self.every, self.origin, self.preset, kept, self.seed, "", self.out, self.accelerator)


def members(plan: Plan, sets: list[DataSet], out: types.Path, accelerator: str = "auto") -> list[Member]:
    """Return every training of a plan: the global ones, then set by set, model by model, setting by setting.

    Raises
    ------
    ValueError
        For a setting that a model does not know, before anything is trained.
    """
    origins = {model.name: model for model in plan.models if model.way == "global"}
    planned: list[Member] = []
    groups = [(tuple(sets), True), *(((data,), False) for data in sets)]
    for names, pooled in groups:
        for model in plan.with_controls:
            if (model.way == "global") != pooled:
                continue
            seeds = range(plan.seed, plan.seed + (model.seeds or plan.seeds))
            for setting, seed in itertools.product(_settings(model), seeds):
                common = (names, model, plan.preset, setting, seed, "", str(out), accelerator)
                planned.append(
                    Transferred(*common, every=tuple(sets), origin=origins[model.name])
                    if model.way == "transfer"
                    else Member(*common)
                )
    for member in {(member.model.label, member.setting_name): member for member in planned}.values():
        member.recipe()
    return planned


def _settings(model: Model) -> list[tuple[tuple[str, str | float | bool | None], ...]]:
    keys = list(model.grid)
    return [tuple(zip(keys, values, strict=True)) for values in itertools.product(*model.grid.values())]


def _parted(value: Any) -> Any:
    return value.replace(":", ",") if isinstance(value, str) else value


def file_name(text: str) -> str:
    """Return a text as the name of a file or folder: short, and without what file systems mind.

    Examples
    --------
    >>> file_name("CTCF|GM12878"), len(file_name("x" * 500))
    ('CTCF_GM12878-9d073a', 127)
    """
    plain = re.sub(r"[^\w.,=+()\- ]", "_", text).replace(" ", "_")
    if plain == text.replace(" ", "_") and len(plain) <= 120:
        return plain
    return f"{plain[:120]}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def _second(folder: Path) -> Path:
    return folder.with_name(folder.name + _THIRD)


def finished(folder: Path) -> bool:
    """Tell whether a run folder's training came to its end."""
    return bool(read_metrics(folder).get("finished"))


def train_member(member: Member) -> None:
    """Train a member, or go on with it; one that diverges is begun anew once with a third of its rate.

    Raises
    ------
    ValueError
        Whatever training raises; a second divergence too.
    """
    if finished(member.run_folder):
        return
    dataset, recipe = member.open(), member.recipe()
    if not (member.folder / DIVERGED).is_file():
        try:
            _train(member, dataset, recipe, member.folder)
            return
        except DivergedTraining as error:
            write_json(member.folder / DIVERGED, {"rate": recipe.rate, "reason": str(error)})
    third = _third(recipe, member.start is not None)
    _train(member, dataset, third, _second(member.folder))


def _third(recipe: Recipe, started: bool) -> Recipe:
    """Return a recipe with a third of the rate that it trains with."""
    if started and recipe.finetune_rate is not None:
        return replace(recipe, finetune_rate=recipe.finetune_rate / 3)
    return replace(recipe, rate=recipe.rate / 3)


def _train(member: Member, dataset: Dataset, recipe: Recipe, folder: Path) -> None:
    start = member.start
    train(
        member.model.name if start is None else open_run(start.run_folder),
        dataset,
        folder,
        recipe=recipe,
        resume=True,
        seed=member.seed,
        machine=Machine(accelerator=member.accelerator),
    )


def told(member: Member) -> str:
    """Return what a table should say of a member: that its rate was cut, or why it failed."""
    notes = []
    path = member.folder / DIVERGED
    if path.is_file():
        rate = json.loads(path.read_text(encoding="utf-8"))["rate"]
        notes.append(f"diverged at rate {rate:g}, begun anew at {rate / 3:g}")
    merged = json.loads(path.read_text(encoding="utf-8")) if (path := member.run_folder / CONFIG).is_file() else {}
    if merged.get(CHOSEN) == "max":
        notes.append("strands merged by their maximum")
    path = member.folder / FAILED
    if path.is_file():
        notes.append(json.loads(path.read_text(encoding="utf-8"))["reason"])
    return "; ".join(notes)
