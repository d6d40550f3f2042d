"""What a study is made of: a plan as a TOML file or from the command line, checked."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from motiflens.models import types
from motiflens.models.data.options import CONTROLS
from motiflens.models.metrics import METRICS
from motiflens.models.named_list import once
from motiflens.models.option_ranges import check_numbers
from motiflens.models.reading import reading
from motiflens.models.registry import check_trainable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Way = Literal["individual", "global", "transfer"]
Per = Literal["tf", "all"]
_PRESETS = ("paper", "small", "short")
_SMALL_SETS = 2  # data sets that a plan cut down to ``small`` keeps


@dataclass(frozen=True)
class Model:
    """One row of models in a plan.

    Attributes
    ----------
    name
        The architecture.
    label
        What tables call it; by default its name, and its way where that is not ``individual``.
    way
        ``individual``: trained on each data set; ``global``: one on all of them, pooled; ``transfer``: the global
        one, trained on for each data set.
    set, grid
        Settings of all its runs; and settings -> values, of which every combination is a run. Keys of the recipe,
        hyperparameters, and the data's ``length``, ``labelling``, ``negatives``, ``offset`` and ``division``.
    preset
        In place of the plan's.
    seeds
        In place of the plan's: 1 for models that no seed changes.
    """

    name: str
    label: str = ""
    way: Way = "individual"
    set: types.Json = field(default_factory=dict)
    grid: dict[str, list[Any]] = field(default_factory=dict)
    preset: str | None = None
    seeds: int | None = None

    def __post_init__(self) -> None:
        """Check the names, and give the label its default."""
        check_trainable(self.name)
        check_numbers(self)
        _one_of("way", self.way, get_args(Way))
        if self.preset is not None:
            _one_of("preset", self.preset, _PRESETS)
        for key, values in self.grid.items():
            if not isinstance(values, list) or not values:
                raise ValueError(f"the grid's {key} is {values!r}: expected a list of values")
            once([str(value) for value in values], f"the grid's {key}")
        if not self.label:
            label = self.name if self.way == "individual" else f"{self.name} {self.way}"
            object.__setattr__(self, "label", label)


def check_set(settings: types.Json, grid: types.Json) -> None:
    """Refuse settings of all runs that a grid replaces in each of them.

    Raises
    ------
    ValueError
        Naming the first.
    """
    both = next((key for key in grid if key in settings), None)
    if both is not None:
        raise ValueError(
            f"{both} is set to {settings[both]!r}, but the grid gives its values: keep one of the two"
        )


@dataclass(frozen=True)
class External:
    """Scores of another program for a data set's test windows.

    Attributes
    ----------
    name, set
        What tables call it, and the data set.
    file
        TSV of two columns: the window's name (or ``chrom:start-end``) and its score, higher where binding is
        likelier.
    """

    name: str
    set: str
    file: str


@dataclass(frozen=True)
class Plan:
    """A study.

    Attributes
    ----------
    models
        What is trained on each data set.
    title
        For people.
    data
        The source: a folder of sets, a folder with ``dataset.toml``, or one set; None for the built-in data.
    per
        Of a folder with ``dataset.toml``: ``tf`` trains one model a TF, ``all`` one model of all experiments.
    sets
        Names of the data sets to take; all if empty.
    options
        Options of `open_dataset` for all sets.
    folder_options
        More of them for a folder with ``dataset.toml``, whose windows have no form of their own.
    seeds, seed
        How many seeds each run has, and the first of them.
    preset
        ``paper``, ``small`` or ``short``.
    metric
        What selection goes by, on validation.
    best
        How many of the best runs on validation are measured again on the leaderboard, whose best is final.
    leaderboard
        Where that split comes from: a source whose ``test`` split it is; empty for the data's own split
        ``leaderboard``. None: the best setting on validation is final.
    controls
        Baselines that every table shows, with one seed.
    shuffled
        Controls of the final settings: ``shuffled_labels``; ``random_split``, in place of chromosomes (see
        `data.control`).
    external
        Scores of other programs.
    """

    models: tuple[Model, ...]
    title: str = ""
    data: str | None = None
    per: Per = "tf"
    sets: tuple[str, ...] = ()
    options: types.Json = field(default_factory=dict)
    folder_options: types.Json = field(default_factory=dict)
    seeds: int = 1
    seed: int = 0
    preset: str = "paper"
    metric: str = "auprc"
    best: int = 10
    leaderboard: str | None = None
    controls: tuple[str, ...] = ("pwm", "kmer_logistic")
    shuffled: tuple[str, ...] = ()
    external: tuple[External, ...] = ()

    def __post_init__(self) -> None:
        """Check what can be checked without the data."""
        if not self.models:
            raise ValueError("the plan has no models: name at least one")
        _one_of("per", self.per, get_args(Per))
        _one_of("preset", self.preset, _PRESETS)
        _one_of("metric", self.metric, METRICS)
        for what in self.shuffled:
            _one_of("shuffled", what, CONTROLS)
        for name in ("sets", "controls", "shuffled"):
            once(getattr(self, name), name)
        check_numbers(self)
        labels = [model.label for model in self.with_controls]
        twice = next((label for label in labels if labels.count(label) > 1), None)
        if twice is not None:
            raise ValueError(f"two models are called {twice!r}: give one another label")
        transferred = {model.name for model in self.models if model.way == "transfer"}
        missing = transferred - {model.name for model in self.models if model.way == "global"}
        if missing:
            raise ValueError(f"{min(missing)} is to be transferred: the plan needs it with way global too")

    @property
    def with_controls(self) -> tuple[Model, ...]:
        """The models, and the controls that are not among them."""
        named = {model.name for model in self.models}
        return (*self.models, *(Model(name, seeds=1) for name in self.controls if name not in named))

    def small(self) -> Plan:
        """Return the plan cut down: reduced models, the first and last value of each grid, two data sets.

        The data's own leaderboard is left out: the built-in data have none.
        """
        models = tuple(
            dataclasses.replace(model, grid={key: _ends(values) for key, values in model.grid.items()})
            for model in self.models
        )
        board = self.leaderboard or None
        return dataclasses.replace(self, models=models, preset="small", best=min(self.best, 2), leaderboard=board)

    @property
    def most_sets(self) -> int | None:
        """How many data sets a plan that is cut down takes."""
        return _SMALL_SETS if self.preset == "small" and not self.sets else None


def _ends(values: list[Any]) -> list[Any]:
    return values if len(values) < 3 else [values[0], values[-1]]


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{what} is {value!r}: expected one of {', '.join(known)}")


def shipped_plans() -> list[str]:
    """Return the names of the papers' plans that are shipped, sorted.

    Examples
    --------
    >>> shipped_plans()
    ['deepgrn-dream', 'kegru-125', 'saresnet-690', 'tbinet-690']
    """
    return sorted(file.name.removesuffix(".toml") for file in _shipped().iterdir() if file.name.endswith(".toml"))


def _shipped() -> Any:
    return resources.files("motiflens.models.study") / "plans"


def read_plan(name: types.Path) -> Plan:
    """Read a plan: a TOML file, or a shipped one by its name.

    Raises
    ------
    FileNotFoundError
        If there is no such file and none of that name.
    ValueError
        If it is no TOML, has a key that no plan has, or a value that does not fit.

    Examples
    --------
    >>> [model.label for model in read_plan("kegru-125").models]
    ['kegru', 'kegru words', 'gkm_svm', 'deepbind', 'cnn_zeng']
    """
    path = Path(name)
    if path.is_file():
        with reading(path, "plan", "write it as TOML, in UTF-8"):
            text = path.read_text(encoding="utf-8")
    elif str(name) in shipped_plans():
        text = (_shipped() / f"{name}.toml").read_text(encoding="utf-8")
    else:
        raise FileNotFoundError(
            f"there is no plan {name}: give a TOML file, or one of {', '.join(shipped_plans())}"
        )
    try:
        return _plan(tomllib.loads(text))
    except (ValueError, TypeError, RecursionError, AttributeError) as error:
        raise ValueError(f"plan {name}: {error}") from None


def _plan(content: types.Json) -> Plan:
    known = {entry.name for entry in dataclasses.fields(Plan)}
    values = _checked(content, known, "a plan")
    for key, kind in (("models", Model), ("external", External)):
        if key in values:
            allowed = {entry.name for entry in dataclasses.fields(kind)}
            rows = values[key]
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise ValueError(f"{key} is {rows!r}: write each of them as a table, [[{key}]]")
            values[key] = tuple(kind(**_checked(row, allowed, f"[[{key}]]")) for row in rows)
    for key in ("sets", "controls", "shuffled"):
        if key in values:
            names = values[key]
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise ValueError(f'{key} is {names!r}: expected a list of names, ["one", "two"]')
            values[key] = tuple(names)
    if "models" not in values:
        raise ValueError("it has no [[models]]")
    return Plan(**values)


def _checked(given: types.Json, known: set[str], where: str) -> types.Json:
    unknown = sorted(set(given) - known)
    if unknown:
        raise ValueError(f"{where} has no key {unknown[0]!r}: it has {', '.join(sorted(known))}")
    for key, kind, what in (("name", str, "a text"), ("set", dict, "a table"), ("grid", dict, "a table")):
        if where == "[[models]]" and not isinstance(given.get(key, kind()), kind):
            raise ValueError(f"{key} of {where} is {given[key]!r}: expected {what}")
    return dict(given)
