"""What a `dataset.toml` says, checked."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motiflens.models import types
from motiflens.models.data.text import existing
from motiflens.models.ranges import FOLDER_RANGES, check_range

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LABELLINGS = ("deepsea", "dream", "overlap", "centered")
COMPUTED = {"cgi": "sequence"}  # signals made from the genome's letters, and how dataset.toml asks for them
_TABLES = {
    "": (
        "name",
        "genome",
        "windows",
        "splits",
        "signals",
        "annotations",
        "expression",
        "cell_types",
        "experiments",
    ),
    "genome": ("fasta", "blacklist"),
    "windows": ("length", "bin", "stride", "labelling"),
    "splits": ("train", "valid", "test", "test_cell_types", "leaderboard", "leaderboard_cell_types"),
    "expression": ("table", "given", "components", "transform", "scaled"),
    "cell_types": ("name", "accessibility", "normalise"),
    "experiments": ("tf", "cell_type", "peaks", "relaxed", "labels", "fold_change", "idr"),
}


@dataclass(frozen=True)
class Experiment:
    """One TF in one cell type; either `peaks` or `labels` is given."""

    tf: str
    cell_type: str
    peaks: Path | None
    relaxed: Path | None
    labels: Path | None
    fold_change: Path | None
    idr: float | None = None  # peaks above it are ambiguous

    @property
    def name(self) -> str:
        """The task's name."""
        return f"{self.tf}|{self.cell_type}"


@dataclass(frozen=True)
class FolderSpec:
    """A data set in files: what `dataset.toml` holds.

    Attributes
    ----------
    path
        The `dataset.toml`.
    length, bin, stride, labelling
        Window geometry in bp, and how labels are made (see `labels`).
    train, valid, test
        Chromosomes; an empty `train` stands for all others.
    test_cell_types
        Cell types used in the test split only (and the others then not in it); empty: all in every split.
    leaderboard, leaderboard_cell_types
        Chromosomes and cell types of a further split, on which a study's best runs are measured again. Its cell
        types are in no other split; its chromosomes may be the test's.
    signals, annotations
        Name -> bigWig; name -> BED.
    computed
        Names of signals that are made from the sequence (``cgi = "sequence"``, see `CpgIslands`).
    transform, scaled
        Of the expression table; see `expression_components`.
    normalised
        Cell types whose accessibility is brought to 1x coverage (``normalise = "1x"``).
    accessibility
        Cell type -> bigWig, or None where there is none.
    """

    path: Path
    name: str
    fasta: Path
    blacklist: Path | None
    length: int
    bin: int
    stride: int
    labelling: str
    train: tuple[str, ...]
    valid: tuple[str, ...]
    test: tuple[str, ...]
    test_cell_types: tuple[str, ...]
    signals: dict[str, Path]
    annotations: dict[str, Path]
    expression: Path | None
    components: int
    given: Path | None
    accessibility: dict[str, Path | None]
    experiments: tuple[Experiment, ...]
    computed: tuple[str, ...] = ()
    transform: str = "log2"
    scaled: bool = True
    normalised: tuple[str, ...] = ()
    leaderboard: tuple[str, ...] = ()
    leaderboard_cell_types: tuple[str, ...] = ()

    @property
    def tfs(self) -> tuple[str, ...]:
        """Names of the TFs, in the file's order."""
        return tuple(dict.fromkeys(experiment.tf for experiment in self.experiments))

    def files(self) -> list[Path]:
        """Return every file that the data set consists of, in a fixed order."""
        paths: list[Path | None] = [self.path, self.fasta, self.blacklist, *self.signals.values()]
        paths += [*self.annotations.values(), self.expression, self.given, *self.accessibility.values()]
        for experiment in self.experiments:
            paths += [experiment.peaks, experiment.relaxed, experiment.labels, experiment.fold_change]
        return [path for path in paths if path is not None]


class _Reader:
    """Takes values out of the parsed file and says where one is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.content: types.Json = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"{path} is no TOML file: {error}") from error
        self.known("", self.content)
        for table in ("genome", "windows", "splits", "expression"):
            self.known(table, self.table(self.content, table))
        for table in ("cell_types", "experiments"):
            for entry in self.tables(table):
                self.known(table, entry)

    def fail(self, what: str) -> ValueError:
        return ValueError(f"{self.path}: {what}")

    def known(self, table: str, content: types.Json) -> None:
        for key in content:
            if key not in _TABLES[table]:
                near = difflib.get_close_matches(key, _TABLES[table], n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(_TABLES[table])}"
                raise self.fail(f"unknown key {key!r}{f' in [{table}]' if table else ''}: {hint}")

    def table(self, content: types.Json, key: str) -> types.Json:
        value = content.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(f"{key!r} must be a table, [{key}]")
        return value

    def tables(self, key: str) -> list[types.Json]:
        value = self.content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self.fail(f"{key!r} must be a list of tables, [[{key}]]")
        return value

    def text(self, content: types.Json, table: str, key: str) -> str:
        value = content.get(key)
        if not isinstance(value, str) or not value:
            problem = "is missing" if key not in content else f"is {value!r}, expected text"
            raise self.fail(f"{key!r} in [{table}] {problem}")
        return value

    def number(self, content: types.Json, table: str, key: str, default: int) -> int:
        value = content.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.fail(f"{key!r} in [{table}] is {value!r:.40}, expected a whole number")
        try:
            check_range(f"{key!r} in [{table}]", value, FOLDER_RANGES[key])
        except ValueError as error:
            raise self.fail(str(error)) from None
        return value

    def names(self, content: types.Json, table: str, key: str) -> tuple[str, ...]:
        value = content.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise self.fail(f"{key!r} in [{table}] must be a list of names")
        return tuple(value)

    def file(self, text: object, what: str) -> Path:
        if not isinstance(text, str):
            raise self.fail(f"{what} must be a file name, not {text!r}")
        path = self.path.parent / text
        if not path.exists():
            raise FileNotFoundError(f"{self.path} names the {what} {text!r}, but {path} does not exist")
        return existing(path, what)

    def optional(self, content: types.Json, key: str, what: str) -> Path | None:
        return self.file(content[key], what) if key in content else None


def read_folder_spec(path: types.Path) -> FolderSpec:
    """Read `dataset.toml` (or that of a folder) and check that it is complete and that its files exist.

    Raises
    ------
    FileNotFoundError
        If it, or a file that it names, does not exist.
    ValueError
        For unknown or missing keys, values of a wrong kind, and names that do not fit together.
    """
    place = Path(path)
    reader = _Reader(existing(place / "dataset.toml" if place.is_dir() else place, "dataset.toml"))
    content = reader.content
    genome, windows, splits, expression = (
        reader.table(content, key) for key in ("genome", "windows", "splits", "expression")
    )
    labelling = windows.get("labelling", "deepsea")
    bin_size = reader.number(windows, "windows", "bin", 200)
    return _consistent(
        reader,
        FolderSpec(
            path=reader.path,
            name=str(content.get("name", reader.path.parent.name)),
            fasta=reader.file(reader.text(genome, "genome", "fasta"), "genome FASTA"),
            blacklist=reader.optional(genome, "blacklist", "blacklist"),
            length=reader.number(windows, "windows", "length", 101 if labelling == "centered" else 1000),
            bin=bin_size,
            stride=reader.number(
                windows, "windows", "stride", 50 if labelling in ("dream", "overlap") else bin_size
            ),
            labelling=labelling,
            train=reader.names(splits, "splits", "train"),
            valid=reader.names(splits, "splits", "valid"),
            test=reader.names(splits, "splits", "test"),
            test_cell_types=reader.names(splits, "splits", "test_cell_types"),
            signals=_files(reader, "signals", "signal"),
            annotations=_files(reader, "annotations", "annotation"),
            expression=reader.optional(expression, "table", "expression table"),
            components=reader.number(expression, "expression", "components", 8),
            given=reader.optional(expression, "given", "table of expression components"),
            accessibility={
                reader.text(entry, "cell_types", "name"): reader.optional(entry, "accessibility", "bigWig")
                for entry in reader.tables("cell_types")
            },
            experiments=tuple(_experiment(reader, entry) for entry in reader.tables("experiments")),
            computed=tuple(
                name for name, file in reader.table(content, "signals").items() if _computed(name, file)
            ),
            transform=str(expression.get("transform", "log2")),
            scaled=_flag(reader, expression, "expression", "scaled", default=True),
            normalised=tuple(
                str(entry["name"]) for entry in reader.tables("cell_types") if _normalised(reader, entry)
            ),
            leaderboard=reader.names(splits, "splits", "leaderboard"),
            leaderboard_cell_types=reader.names(splits, "splits", "leaderboard_cell_types"),
        ),
    )


def _files(reader: _Reader, table: str, what: str) -> dict[str, Path]:
    content = reader.table(reader.content, table)
    return {
        name: reader.file(file, f"{what} {name}")
        for name, file in content.items()
        if not (table == "signals" and _computed(name, file))
    }


def _computed(name: str, file: object) -> bool:
    return name in COMPUTED and file == COMPUTED[name]


def _flag(reader: _Reader, content: types.Json, table: str, key: str, *, default: bool) -> bool:
    value = content.get(key, default)
    if not isinstance(value, bool):
        raise reader.fail(f"{key!r} in [{table}] is {value!r}, expected true or false")
    return value


def _normalised(reader: _Reader, entry: types.Json) -> bool:
    if entry.get("normalise", "none") not in ("none", "1x"):
        raise reader.fail(f"'normalise' in [cell_types] is {entry['normalise']!r}, expected none or 1x")
    return entry.get("normalise") == "1x"


def _share(reader: _Reader, entry: types.Json, key: str) -> float | None:
    share = entry.get(key)
    if share is None:
        return None
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise reader.fail(f"{key!r} in [experiments] is {share!r}, expected a number above 0 and at most 1")
    return float(share)


def _experiment(reader: _Reader, entry: types.Json) -> Experiment:
    tf, cell_type = (reader.text(entry, "experiments", key) for key in ("tf", "cell_type"))
    if ("peaks" in entry) == ("labels" in entry):
        raise reader.fail(f"the experiment {tf}|{cell_type} must give either 'peaks' or 'labels'")
    return Experiment(
        tf,
        cell_type,
        reader.optional(entry, "peaks", f"peaks of {tf} in {cell_type}"),
        reader.optional(entry, "relaxed", f"relaxed peaks of {tf} in {cell_type}"),
        reader.optional(entry, "labels", f"labels of {tf} in {cell_type}"),
        reader.optional(entry, "fold_change", f"fold change of {tf} in {cell_type}"),
        _share(reader, entry, "idr"),
    )


def _consistent(reader: _Reader, spec: FolderSpec) -> FolderSpec:
    if spec.labelling not in LABELLINGS:
        raise reader.fail(f"labelling {spec.labelling!r} is unknown: expected {', '.join(LABELLINGS)}")
    if spec.transform not in ("log2", "tpm"):
        raise reader.fail(f"'transform' in [expression] is {spec.transform!r}: expected log2 or tpm")
    if not spec.experiments:
        raise reader.fail("there is no [[experiments]]: name at least one TF, cell type and peaks")
    _unique(reader, "experiment", [experiment.name for experiment in spec.experiments])
    _unique(reader, "cell type", [str(entry.get("name")) for entry in reader.tables("cell_types")])
    cells = list(spec.accessibility)
    for experiment in spec.experiments:
        if cells and experiment.cell_type not in cells:
            raise reader.fail(
                f"the experiment {experiment.name} is in {experiment.cell_type!r}, which is no [[cell_types]] "
                f"({', '.join(cells)})"
            )
        spec.accessibility.setdefault(experiment.cell_type, None)
    shared = sorted(set(spec.leaderboard_cell_types) & set(spec.test_cell_types))
    if shared:
        raise reader.fail(f"the cell type {shared[0]!r} is the test's and the leaderboard's: it must be in one")
    if "dnase" in spec.signals:
        raise reader.fail("the signal name 'dnase' is kept for the accessibility of [[cell_types]]")
    return spec


def _unique(reader: _Reader, what: str, names: Sequence[Any]) -> None:
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise reader.fail(f"the {what} {twice!r} is there twice: names must differ")
