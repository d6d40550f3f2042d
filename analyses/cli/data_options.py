"""The options by which every command names its data: written once, added to a command by a decorator."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from motiflens.models.data.options import Options
    from motiflens.models.data.windows import Dataset
    from motiflens.models.progress import Progress


def _option(name: str, text: str) -> Any:
    return typer.Option(name, help=text)


# typer reads these types at run time, on Python 3.10 too
_TYPES: dict[str, Any] = {
    "source": Annotated[
        Path | None,
        _option("--data", "Folder with dataset.toml, DeepBind .seq, FASTA, BED, .mat, .npz; default: simulated."),
    ],
    "tf": Annotated[str | None, _option("--tf", "TF of a folder (or data set of a DeepBind folder).")],
    "length": Annotated[int | None, _option("--length", "Base pairs per window.")],
    "labelling": Annotated[str | None, _option("--labelling", "deepsea, dream or centered.")],
    "negatives": Annotated[str | None, _option("--negatives", "dinucleotide, gc or bins, or a FASTA file.")],
    "negatives_file": Annotated[Path | None, _option("--negatives-file", "FASTA of negatives.")],
    "ratio": Annotated[float | None, _option("--ratio", "Negatives per positive (1).")],
    "genome": Annotated[Path | None, _option("--genome", "FASTA of the genome, for BED and gc negatives.")],
    "signals": Annotated[
        str | None, _option("--signals", "Channels beside the bases, comma-separated, or 'none'.")
    ],
    "test": Annotated[str | None, _option("--test", "Test file, or test chromosomes (chr8,chr9).")],
    "columns": Annotated[str | None, _option("--columns", "Tasks: first:end, or tbinet (DeepSEA's 125:815).")],
    "offset": Annotated[int, _option("--offset", "Shift windows about summits by up to this many bp.")],
    "seed": Annotated[int, _option("--seed", "Seed of every random choice.")],
    "division": Annotated[
        str | None, _option("--division", "Shares of train,valid,test of a file (0.8,0.1,0.1).")
    ],
    "variable": Annotated[
        bool, _option("--variable-length", "Take sequences of different lengths (KEGRU: --set variable=true).")
    ],
    "control": Annotated[str | None, _option("--control", "random_split or shuffled_labels: the data's control.")],
    "scale_signals": Annotated[
        bool, _option("--scale-signals", "Multiply signals of another size than the run was trained on.")
    ],
}


@dataclass(frozen=True)
class DataOptions:
    """The values of the data options; `open` opens what they name. See `open_dataset`."""

    source: Path | None = None
    tf: str | None = None
    length: int | None = None
    labelling: str | None = None
    negatives: str | None = None
    negatives_file: Path | None = None
    ratio: float | None = None
    genome: Path | None = None
    signals: str | None = None
    test: str | None = None
    columns: str | None = None
    offset: int = 0
    seed: int = 0
    division: str | None = None
    variable: bool = False
    control: str | None = None
    scale_signals: bool = False

    def open(self, progress: Progress | None = None) -> Dataset:
        """Open the data set: the built-in simulated one if no source is named."""
        from motiflens.models.data.open_dataset import open_dataset

        return open_dataset(self.path(progress), **asdict(self.options()))

    def named(self) -> str | None:
        """Return the source as text, None if it is not named."""
        return None if self.source is None else str(self.source)

    def path(self, progress: Progress | None = None) -> str:
        """Return the source as text; the built-in data are made if it is not named and they are not there yet."""
        from motiflens.models.data.simulate.builtin import builtin
        from motiflens.models.progress import silent

        return self.named() or str(builtin(progress=progress or silent))

    def options(self) -> Options:
        """Return the options of `open_dataset`."""
        from motiflens.models.data.options import Division, Options
        from motiflens.models.settings import parse_value

        signals = None
        if self.signals is not None:
            signals = () if self.signals == "none" else tuple(self.signals.split(","))
        negatives, file = self.negatives, self.negatives_file
        if file is None and negatives is not None and Path(negatives).is_file():
            file, negatives = Path(negatives), None
        return Options(
            tf=self.tf,
            length=self.length,
            labelling=self.labelling,
            negatives=negatives,
            negatives_file=file,
            ratio=self.ratio,
            genome=self.genome,
            signals=signals,
            test=self.test,
            columns=self.columns,
            offset=self.offset,
            seed=self.seed,
            division=None if self.division is None else parse_value("division", self.division, Division),
            variable=self.variable,
            control=self.control,
            scale_signals=self.scale_signals,
        )


def data_options(command: Callable[..., None]) -> Callable[..., None]:
    """Replace a command's parameter ``data: DataOptions`` by the options themselves.

    An option that the command has itself under the same name (such as ``seed`` or ``source``) is not added
    again: its value is used for both.

    Examples
    --------
    >>> @data_options
    ... def command(data: DataOptions, out: str = "out") -> None:
    ...     print(data.seed, out)
    >>> command(seed=3)
    3 out
    """
    own = inspect.signature(command, eval_str=True).parameters
    defaults = {field.name: field.default for field in fields(DataOptions)}
    kept = {name: parameter for name, parameter in own.items() if name != "data"}
    added = {
        name: inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=_TYPES[name]
        )
        for name in defaults
        if name not in kept
    }

    def run(**values: Any) -> None:
        chosen = {name: values.get(name, _default(kept.get(name), defaults[name])) for name in defaults}
        own_values = {name: value for name, value in values.items() if name in kept}
        command(data=DataOptions(**chosen), **own_values)

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in kept.values()] + list(added.values())
    run.__doc__, run.__name__, run.__module__ = command.__doc__, command.__name__, command.__module__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _default(parameter: inspect.Parameter | None, default: Any) -> Any:
    if parameter is None or parameter.default is inspect.Parameter.empty:
        return default
    return parameter.default
