"""What every number that can be set may be: one table, and the one function that checks it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any, NamedTuple

from motiflens.models.limits import LIMITS, limit


class Range(NamedTuple):
    """What a number may be.

    Attributes
    ----------
    low, high
        The smallest and the largest value; `high` may name a limit (see `limits`), which can be raised.
    above
        Whether `low` itself is excluded.
    below
        Whether `high` itself is excluded.
    infinite
        Whether infinity counts as a value (it stands for "all").
    """

    low: float
    high: float | str
    above: bool = False
    below: bool = False
    infinite: bool = False

    @property
    def most(self) -> float:
        """The largest value, as a number."""
        return limit(self.high) if isinstance(self.high, str) else self.high

    def __str__(self) -> str:
        low = f"more than {self.low:g}" if self.above else f"at least {self.low:g}"
        if self.most == math.inf:
            return f"{low}{', or infinity' if self.infinite else ''}"
        high = f"less than {self.most:g}" if self.below else f"at most {self.most:,.10g}"
        raised = f" (MOTIFLENS_MAX_{self.high} raises it)" if isinstance(self.high, str) else ""
        return f"{low} and {high}{raised}{', or infinity' if self.infinite else ''}"


COUNT = Range(1, 1_000_000)
MANY = Range(1, 1_000_000_000)
SIZE = Range(1, 65_536)  # of a layer
SHARE = Range(0, 1)
DROPOUT = Range(0, 1, below=True)
RATE = Range(0, 1_000)  # 0: weights stay as they are
SEED = Range(0, 2**62)

# of `simulate`
SIMULATION_RANGES = {
    # bases between two sites: 2 are kept free around each; more and both, 21 bp, would not fit into the narrowest
    # element (160 bp)
    "distance": Range(2, 139),
}
# of `open_dataset` (`data.options.Options`)
OPTION_RANGES = {
    "length": Range(1, "LENGTH"),
    "ratio": Range(0, "RATIO", infinite=True),
    "offset": Range(0, "LENGTH"),
    "seed": SEED,
}
# of a folder's ``dataset.toml``
FOLDER_RANGES = {
    "length": Range(1, "LENGTH"),
    "bin": Range(1, "LENGTH"),
    "stride": Range(1, 1_000_000_000),
    "components": Range(1, 10_000),
}
# of training (`recipes.Recipe`)
RECIPE_RANGES = {
    "rate": Range(0, 1_000),  # 0 leaves the weights as they are
    "momentum": Range(0, 1, below=True),
    "decay": Range(0, 1_000),
    "clip": Range(0, 1_000_000),
    "batch": COUNT,
    "epochs": COUNT,
    "patience": COUNT,
    "ratio": Range(0, "RATIO", infinite=True),
    "epoch_windows": MANY,
    "signal_dropout": SHARE,
    "attention_entropy": Range(0, 1_000),
    "attended_gain": Range(0, 1_000),
    "finetune_rate": Range(0, 1_000),
    "finetune_patience": COUNT,
    "valid_windows": MANY,
}
# of scoring and predicting (`predict.PredictOptions`, `genome_source.open_genome_source`, `evaluate.score`)
PREDICT_RANGES = {"batch_size": COUNT, "bin_size": Range(1, "LENGTH"), "step": Range(1, 1_000_000_000)}
# of processes (`machine.Machine`)
MACHINE_RANGES = {"devices": Range(1, 1_024), "nodes": Range(1, 65_536)}
# hyperparameters, by their name in any built-in architecture
HYPERPARAMETER_RANGES = {
    "kernels": SIZE,
    "kernel_size": Range(1, 10_000),
    "pool": Range(1, 10_000),
    "units": SIZE,
    "dense": SIZE,
    "hidden": Range(0, 65_536),
    "dimension": SIZE,
    "attention_size": SIZE,
    "value_size": SIZE,
    "attention_blocks": Range(0, 3),
    "convolutions": Range(1, 16),
    "lstm_layers": Range(1, 16),
    "dense_layers": Range(0, 16),
    "blocks": Range(0, 64),
    "dilations": Range(0, 16),
    "dropout": DROPOUT,
    "dropouts": DROPOUT,
    "pool_dropout": DROPOUT,
    "lstm_dropout": DROPOUT,
    "head_dropout": DROPOUT,
    "input_dropout": DROPOUT,
    "recurrent_dropout": DROPOUT,
    "convolution_dropout": DROPOUT,
    "profile": Range(0, 1_000_000),
    "profile_kernel": Range(1, 10_000),
    "k": Range(1, 8),
    "stride": Range(1, 1_000),
    "m": Range(0, 1_000),
    "strength": Range(0, 1e9, above=True),
    "vector_scale": Range(0, 1_000, above=True),
    "most": MANY,
    "widths": Range(1, 10_000),
    "n": Range(1, 6),
    "kernel_sizes": Range(1, 10_000),
    "word": Range(2, 16),
    "informative": Range(1, 16),
    "mismatches": Range(0, 15),
    "cost": Range(0, 1e9, above=True),
    "gamma": Range(0, 1e9, above=True),
    "centre": Range(0, 255),
    "decay": Range(0, 1e9, above=True),
    "supports": Range(0, 1e9),
    "support_length": Range(0, 1_000_000),
}
# where an architecture's own differ
_OWN_RANGES = {"factornet": {"units": Range(0, 65_536)}}  # 0: no recurrent layer


def check_range(key: str, value: object, range_: Range, what: str = "") -> None:
    """Refuse a number outside its range; None, True, False and text are no numbers, a tuple is checked one by one.

    Parameters
    ----------
    key
        The number's name.
    value
        The value.
    range_
        What it may be.
    what
        What the name belongs to, before it in the error (``setting``).

    Raises
    ------
    ValueError
        Naming the value and the range.

    Examples
    --------
    >>> check_range("rate", -1, RATE)
    Traceback (most recent call last):
    ValueError: rate is -1: expected at least 0 and at most 1,000
    """
    if isinstance(value, list | tuple):
        for one in value:
            check_range(key, one, range_, what)
        return
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return
    number: Any = value  # of Python or NumPy, and perhaps too large for a float
    if range_.infinite and number == math.inf:
        return
    low = number > range_.low if range_.above else number >= range_.low
    high = number < range_.most if range_.below or range_.most == math.inf else number <= range_.most
    if not (low and high):
        shown = str(value)[:20] + "…" * (len(str(value)) > 20)
        raise ValueError(f"{what + ' ' if what else ''}{key} is {shown}: expected {range_}")


def hyperparameter_ranges(architecture: str) -> dict[str, Range]:
    """Return the ranges of a built-in architecture's hyperparameters.

    Examples
    --------
    >>> str(hyperparameter_ranges("tbinet")["units"]), str(hyperparameter_ranges("factornet")["units"])
    ('at least 1 and at most 65,536', 'at least 0 and at most 65,536')
    """
    return HYPERPARAMETER_RANGES | _OWN_RANGES.get(architecture, {})


def check_ranges(ranges: Mapping[str, Range], values: object, what: str = "") -> None:
    """Check what a mapping, or an object's attributes, hold of a table of ranges; see `check_range`."""
    for key, range_ in ranges.items():
        value = values.get(key) if isinstance(values, Mapping) else getattr(values, key, None)
        check_range(key, value, range_, what)


def stated() -> dict[str, str]:
    """Return every limit with its reason and every range as text, for documentation.

    Examples
    --------
    >>> stated()["rate"]
    'at least 0 and at most 1,000'
    """
    tables = (OPTION_RANGES, FOLDER_RANGES, RECIPE_RANGES, PREDICT_RANGES, MACHINE_RANGES, HYPERPARAMETER_RANGES)
    texts = {f"MOTIFLENS_MAX_{name}": f"{one.most:,} {one.unit}: {one.why}" for name, one in LIMITS.items()}
    return texts | {key: str(range_) for table in tables for key, range_ in table.items()}
