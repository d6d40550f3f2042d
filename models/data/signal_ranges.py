"""How large signals are, and whether a model knows them at that size."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from motiflens.models.data.genome_windows import GenomeWindows
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.types import Codes, Floats, Integers

# Beyond this ratio a model sees other signals than those it knows.
FACTOR: Final = 3.0
_SHARE: Final = 0.995  # of the bases lie below `high`, and above `low`
_REMEDY: Final = "--scale-signals multiplies it by"
_BELOW: Final = 0.02  # of a signal's size: what goes further below 0 is a logarithm or a score, no coverage
_WINDOWS: Final = 256


class SignalRange(NamedTuple):
    """How large a signal is over windows."""

    mean: float
    high: float  # 99.5 % of the bases lie below; the maximum where that is 0
    low: float = 0.0  # 99.5 % of the bases lie above

    @property
    def size(self) -> float:
        """How far from 0 it goes."""
        return max(self.high, -self.low)

    @property
    def signed(self) -> bool:
        """Whether it goes below 0, as coverage does not."""
        return self.low < -_BELOW * self.size

    def times(self, factor: float) -> SignalRange:
        """Return the range of the signal multiplied by a positive number."""
        return SignalRange(*(factor * value for value in self))


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
    low, high = (float(value) + 0.0 for value in np.quantile(channel, [1 - _SHARE, _SHARE]))
    return SignalRange(float(channel.mean()), high if high > 0 else float(channel.max()), low)


def signal_factors(
    known: Mapping[str, SignalRange], seen: Mapping[str, SignalRange], *, factor: float = FACTOR
) -> dict[str, float]:
    """Return by what each signal would have to be multiplied, for those that differ by more than `factor`.

    No factor mends a signal that is 0, or one that goes below 0 where the other does not: these are left out.

    Examples
    --------
    >>> signal_factors({"dnase": SignalRange(1, 12)}, {"dnase": SignalRange(0.1, 1)})
    {'dnase': 12.0}
    >>> signal_factors({"dnase": SignalRange(1, 12)}, {"dnase": SignalRange(1, 10)})
    {}
    """
    factors = {}
    known = _known_as(known, seen)
    for name in (name for name in seen if name in known):
        there, here = known[name], seen[name]
        if there.size > 0 and here.size > 0 and there.signed == here.signed:
            ratio = there.size / here.size
            if not 1 / factor <= ratio <= factor:
                factors[name] = ratio
    return factors


def _known_as(known: Mapping[str, SignalRange], names: Collection[str]) -> Mapping[str, SignalRange]:
    """Return what is known by the data's names.

    Arrays name their channels by number: where none of as many names agrees, their order says which is which, as
    it does to the model.
    """
    if len(known) == len(names) and not set(known) & set(names):
        return dict(zip(names, known.values(), strict=True))
    return known


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
    known = _known_as(known, seen)
    factors = signal_factors(known, seen)
    lines = []
    for name, here in seen.items():
        there = known.get(name, here)
        if name in factors:
            told = f"reaches {_reach(here)} here and {_reach(there)}"
            advice = f"{remedy or 'multiply it by'} {factors[name]:.3g}"
        elif (there.size > 0) != (here.size > 0):
            told = f"reaches {_reach(here)} here and {_reach(there)}"
            advice = "no factor mends that; is it the right file, with this genome's names of chromosomes?"
        elif there.signed != here.signed:
            told = f"lies in {here.low:.3g} to {here.high:.3g} here and in {there.low:.3g} to {there.high:.3g}"
            advice = "no factor mends that; is one of them a logarithm or a standard score?"
        else:
            continue
        lines.append(
            f"warning: the signal {name} {told} where the model was trained: what it predicts and explains means "
            f"little; {advice}"
        )
    return tuple(lines)


def _reach(values: SignalRange) -> str:
    return f"{values.high if values.high >= -values.low else values.low:.3g}"


def fit_signals(dataset: Dataset, known: Mapping[str, SignalRange], *, scale: bool = False) -> Dataset:
    """Compare a data set's signals with those that a model knows, in each split: cell types may differ.

    Parameters
    ----------
    dataset
        Opened for the model.
    known
        Channel -> range.
    scale
        Multiply signals that differ so that they reach what the model knows: by one factor, told by the first
        split, or by a split's own where that one leaves it as far off (another cell type's).

    Returns
    -------
    Dataset
        With a note for each signal that differs: a warning that offers ``--scale-signals``, or what was done.
    """
    if not known:
        return dataset
    seen = {split: signal_ranges(windows) for split, windows in dataset.splits.items()}
    factors = _split_factors(known, seen) if scale else {split: {} for split in seen}
    notes: dict[str, str] = {}  # of each signal one, by the first split of which there is something to tell
    for split, ranges in seen.items():
        there = _known_as(known, ranges)
        for name, values in ((name, values) for name, values in ranges.items() if name in there):
            done = scaled_notes({key: factor for key, factor in factors[split].items() if key == name})
            told = done or range_notes(there, {name: values}, remedy=_REMEDY)
            if told and name not in notes:
                notes[name] = told[0] if values is next(iter(seen.values()))[name] else f"{told[0]} (of {split})"
    if not notes:
        return dataset
    told_of = replace(dataset, notes=(*dataset.notes, *notes.values()))
    if not any(factors.values()):
        return told_of
    splits = {split: ScaledSignals(windows, factors[split]) for split, windows in dataset.splits.items()}
    first = next(iter(factors.values()))
    same = all(each == first for each in factors.values())
    return replace(told_of, splits=splits, hash=scaled_hash(dataset.hash, first if same else factors))


def _split_factors(
    known: Mapping[str, SignalRange], seen: Mapping[str, Mapping[str, SignalRange]]
) -> dict[str, dict[str, float]]:
    """Return what each split's signals are multiplied by; see `fit_signals`."""
    common = signal_factors(known, next(iter(seen.values())))
    factors = {}
    for split, ranges in seen.items():
        after = {name: values.times(common.get(name, 1.0)) for name, values in ranges.items()}
        further = signal_factors(known, after)
        names = [name for name in ranges if name in common or name in further]
        factors[split] = {name: common.get(name, 1.0) * further.get(name, 1.0) for name in names}
    return factors


def scaled_hash(digest: str, factors: Mapping[str, object]) -> str:
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
        self.labels, self.moving, self.ratio = parent.labels, parent.moving, parent.ratio
        self.by_name = dict(factors)
        self.factors = np.array([factors.get(name, 1.0) for name in parent.channels[4:]], dtype=np.float32)

    def share_of(self, cell_type: str | None) -> float:
        """Return the share of windows that are of a cell type; 0 where they are of none."""
        if not isinstance(self.parent, GenomeWindows) or cell_type not in self.parent.features.cell_types:
            return 0.0
        number = self.parent.features.cell_types.index(cell_type)
        return float((self.parent.rows.cell == number).mean())

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
