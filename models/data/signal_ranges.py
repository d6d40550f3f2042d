"""How large signals are, and whether a model knows them at that size."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.types import Codes, Floats, Integers

# Beyond this ratio a model sees other signals than those it knows.
FACTOR: Final = 3.0
_SHARE: Final = 0.995  # of the bases lie below `high`
_WINDOWS: Final = 256


class SignalRange(NamedTuple):
    """How large a signal is over windows."""

    mean: float
    high: float  # 99.5 % of the bases lie below; the maximum where that is 0


# What published models were trained on: DNase-seq at 1x coverage (the genome's mean is 1, accessible sites reach
# about 12), and Duke's uniqueness, a share.
PUBLISHED: Final[Mapping[str, SignalRange]] = {
    "dnase": SignalRange(1.0, 12.0),
    "uniqueness": SignalRange(0.9, 1.0),
}


def signal_ranges(windows: Windows, *, most: int = _WINDOWS, seed: int = 0) -> dict[str, SignalRange]:
    """Measure each signal channel over some windows, bound ones and others alike.

    Parameters
    ----------
    windows
        One split.
    most
        Windows that are read, evenly over the labels of the first task.
    seed
        Of the choice of windows.

    Returns
    -------
    dict
        Channel -> range; empty without signals.
    """
    names = windows.channels[4:]
    if not names or not len(windows):
        return {}
    order = np.random.default_rng([seed, 17]).permutation(len(windows))
    bound = windows.labels[order, 0] == 1
    index = np.sort(np.concatenate([order[bound][: most // 2], order[~bound][: most // 2]]))
    values = windows.signals(index)  # n, C - 4, L
    return {name: _range(values[:, number]) for number, name in enumerate(names)}


def unlabelled_ranges(windows: Windows, *, most: int = _WINDOWS) -> dict[str, SignalRange]:
    """Measure each signal channel over windows of which nothing is known, such as a whole genome's.

    Half of the windows that count are those where the signal is highest, in place of the bound ones, of which a
    genome has one in a hundred; the other half lie evenly among all.

    Parameters
    ----------
    windows
        Many times `most`; all of their signals are read.
    most
        Windows that count.

    Returns
    -------
    dict
        Channel -> range; empty without signals.
    """
    names = windows.channels[4:]
    if not names or not len(windows):
        return {}
    values = windows.signals(np.arange(len(windows)))  # n, C - 4, L
    even = np.linspace(0, len(windows) - 1, min(most // 2, len(windows))).astype(np.int64)
    ranges = {}
    for number, name in enumerate(names):
        highest = np.argsort(-values[:, number].mean(axis=1), kind="stable")[: most // 2]
        ranges[name] = _range(values[np.concatenate([highest, even]), number])
    return ranges


def _range(values: Floats) -> SignalRange:
    channel = values.astype(np.float64)
    high = float(np.quantile(channel, _SHARE))
    return SignalRange(float(channel.mean()), high if high > 0 else float(channel.max()))


def signal_factors(
    known: Mapping[str, SignalRange], seen: Mapping[str, SignalRange], *, factor: float = FACTOR
) -> dict[str, float]:
    """Return by what each signal would have to be multiplied, for those that differ by more than `factor`.

    Examples
    --------
    >>> signal_factors({"dnase": SignalRange(1, 12)}, {"dnase": SignalRange(0.1, 1)})
    {'dnase': 12.0}
    >>> signal_factors({"dnase": SignalRange(1, 12)}, {"dnase": SignalRange(1, 10)})
    {}
    """
    factors = {}
    for name, there in seen.items():
        if name in known and known[name].high > 0 and there.high > 0:
            ratio = known[name].high / there.high
            if not 1 / factor <= ratio <= factor:
                factors[name] = ratio
    return factors


def signal_notes(windows: Windows, known: Mapping[str, SignalRange], *, remedy: str = "") -> tuple[str, ...]:
    """Warn of signals of another size than a model knows, one line each.

    Parameters
    ----------
    windows
        What the model is to read.
    known
        Channel -> range.
    remedy
        What to do, before the factor.

    Examples
    --------
    >>> from motiflens.models.data import ArrayWindows
    >>> weak = ArrayWindows(np.zeros((4, 9), np.uint8), np.ones(4), signals={"dnase": np.full((4, 9), 0.5)})
    >>> signal_notes(weak, PUBLISHED)[0]
    'warning: the signal dnase reaches 0.5 here and 12 where the model was trained: what it predicts and explains \
means little; multiply it by 24'
    """
    return range_notes(known, signal_ranges(windows) if known else {}, remedy=remedy)


def range_notes(
    known: Mapping[str, SignalRange], seen: Mapping[str, SignalRange], *, remedy: str = ""
) -> tuple[str, ...]:
    """Warn of signals that are of another size than a model knows; see `signal_notes`."""
    return tuple(
        f"warning: the signal {name} reaches {seen[name].high:.3g} here and {known[name].high:.3g} where the "
        f"model was trained: what it predicts and explains means little; {remedy or 'multiply it by'} {ratio:.3g}"
        for name, ratio in signal_factors(known, seen).items()
    )


def fit_signals(dataset: Dataset, known: Mapping[str, SignalRange], *, scale: bool = False) -> Dataset:
    """Compare a data set's signals with those that a model knows.

    Parameters
    ----------
    dataset
        Opened for the model.
    known
        Channel -> range.
    scale
        Multiply signals that differ so that they reach what the model knows.

    Returns
    -------
    Dataset
        With a note for each signal that differs: a warning that offers ``--scale-signals``, or what was done.
    """
    if not scale:
        notes = signal_notes(dataset.example, known, remedy="--scale-signals multiplies it by")
        return replace(dataset, notes=(*dataset.notes, *notes)) if notes else dataset
    factors = signal_factors(known, signal_ranges(dataset.example) if known else {})
    if not factors:
        return dataset
    splits = {split: ScaledSignals(windows, factors) for split, windows in dataset.splits.items()}
    digest = scaled_hash(dataset.hash, factors)
    return replace(dataset, splits=splits, hash=digest, notes=(*dataset.notes, *scaled_notes(factors)))


def scaled_hash(digest: str, factors: Mapping[str, float]) -> str:
    """Return the hash of data whose signals are multiplied."""
    return hashlib.sha256(f"{digest} {json.dumps(dict(factors), sort_keys=True)}".encode()).hexdigest()


def scaled_notes(factors: Mapping[str, float]) -> tuple[str, ...]:
    """Say what was done, one line a signal.

    >>> scaled_notes({"dnase": 12.345})
    ('the signal dnase is multiplied by 12.3, to reach what the model knows',)
    """
    return tuple(
        f"the signal {name} is multiplied by {ratio:.3g}, to reach what the model knows"
        for name, ratio in factors.items()
    )


class ScaledSignals(Windows):
    """Windows of another `Windows` with some signals multiplied."""

    def __init__(self, parent: Windows, factors: Mapping[str, float]) -> None:
        self.parent = parent
        self.length, self.channels = parent.length, parent.channels
        self.tasks, self.meta_names = parent.tasks, parent.meta_names
        self.labels = parent.labels
        self.by_name = dict(factors)
        self.factors = np.array([factors.get(name, 1.0) for name in parent.channels[4:]], dtype=np.float32)

    @property
    def table(self) -> pd.DataFrame:  # type: ignore[override]
        """See `Windows`; a genome's windows make it when it is asked for."""
        return self.parent.table

    def table_of(self, index: Integers) -> pd.DataFrame:
        return self.parent.table_of(index)

    def codes(self, index: Integers) -> Codes:
        return self.parent.codes(index)

    def signals(self, index: Integers) -> Floats:
        return self.parent.signals(index) * self.factors[:, None]

    def meta(self, index: Integers) -> Floats | None:
        return self.parent.meta(index)

    def track(self, name: str, index: Integers) -> Floats:
        return self.parent.track(name, index)

    @property
    def tracks(self) -> tuple[str, ...]:
        return self.parent.tracks

    def epoch(self, number: int, seed: int = 0) -> Integers:
        return self.parent.epoch(number, seed)
