"""The data sets of a study: each of a folder, each TF of a `dataset.toml`, or one source."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from pathlib import Path

from motiflens.models import types
from motiflens.models.data.deepbind_seq import seq_sets
from motiflens.models.data.factor_name import factor_candidates
from motiflens.models.data.folder_spec import read_folder_spec
from motiflens.models.data.open_dataset import source_kind
from motiflens.models.data.options import Options
from motiflens.models.data.text import listed
from motiflens.models.data.windows import Dataset
from motiflens.models.open_for_run import built_in, open_for_training
from motiflens.models.recipes import Recipe
from motiflens.models.study.plan import Plan


@dataclass(frozen=True)
class DataSet:
    """One data set, not opened yet.

    Attributes
    ----------
    name
        Unique in the study.
    source
        Path, see `open_dataset`.
    tf, cell_type
        What its name tells; empty where that is not known, or where it holds several.
    options
        Options of `open_dataset`.
    """

    name: str
    source: str
    tf: str
    cell_type: str
    options: Options

    def open(self, recipe: Recipe, settings: types.Json) -> Dataset:
        """Open it as a recipe and the data's own settings want it."""
        return open_for_training(self.source, recipe, replace(self.options, **settings))


def data_sets(plan: Plan) -> list[DataSet]:
    """Return the data sets of a plan, in their source's order.

    Raises
    ------
    FileNotFoundError, ValueError
        If the source does not exist or is of no known kind, or has no set of a name that the plan takes.
    """
    source = plan.data if plan.data is not None else built_in()
    sets = _found(source, plan)
    if plan.sets:
        known = {data.name: data for data in sets}
        for name in plan.sets:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f": did you mean {near[0]}?" if near else ""
                raise ValueError(f"{source} has no data set {name!r}{hint or ':'} it has {listed(known)}")
        sets = [known[name] for name in plan.sets]
    return sets[: plan.most_sets]


def _found(source: str, plan: Plan) -> list[DataSet]:
    kind = source_kind(source)
    options = _options(plan.options)
    if kind == "folder":
        spec = read_folder_spec(source)
        options = _options({**plan.options, **plan.folder_options})
        if plan.per == "all":
            return [DataSet(spec.name or Path(source).stem, source, "", "", options)]
        cells = {tf: {e.cell_type for e in spec.experiments if e.tf == tf} for tf in spec.tfs}
        return [
            DataSet(tf, source, tf, next(iter(cells[tf])) if len(cells[tf]) == 1 else "", replace(options, tf=tf))
            for tf in spec.tfs
        ]
    if kind == "deepbind_seq" and Path(source).is_dir():
        if options.tf is not None:
            return [_named(options.tf, source, options)]
        return [_named(name, str(files.train), options) for name, files in seq_sets(source).items()]
    return [_named(Path(source).name.split(".")[0], source, options)]


def _named(name: str, source: str, options: Options) -> DataSet:
    tf = next(iter(factor_candidates(name)), "")
    first, _, rest = name.partition("_")
    cell = rest.partition("_")[0] if tf and first.upper() == tf.upper() else ""
    return DataSet(name, source, tf, cell, options)


def _options(given: types.Json) -> Options:
    values = dict(given)
    if values.get("signals") is not None:
        values["signals"] = tuple(values["signals"])
    try:
        return Options(**values)
    except TypeError as error:
        raise ValueError(f"options: {error}") from None
