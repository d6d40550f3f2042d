"""What a data set is, and what about it will hurt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from motiflens.models import types
from motiflens.models.data.genome_windows import GenomeWindows
from motiflens.models.data.homology_groups import homology_groups
from motiflens.models.data.numba_gather import hash_strands
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.types import Booleans, Codes, Integers

_BLOCK = 4096
_COMPARED = 200_000  # windows per split that are compared with other splits
_HOMOLOGS = 20_000  # of which k-mers are compared, too


@dataclass(frozen=True)
class Description:
    """What `describe` finds.

    Attributes
    ----------
    source, kind, hash, notes
        As of the `Dataset`.
    length, channels, meta_names, tracks
        As of its `Windows`.
    splits
        One row a split: windows, positives (a label is 1), negatives (none is), unknown (fraction of labels that
        are NaN), epoch (windows drawn in one epoch), gc_positive, gc_negative, n (fraction of N), repeated
        (windows whose sequence occurs again in the split).
    tasks
        One row a task: positives in each split.
    signals
        One row a signal or track: minimum, mean, maximum, and the fraction of bases that are 0.
    warnings
        What will hurt, one line each.
    """

    source: str
    kind: str
    hash: str
    notes: tuple[str, ...]
    length: int
    channels: tuple[str, ...]
    meta_names: tuple[str, ...]
    tracks: tuple[str, ...]
    splits: pd.DataFrame
    tasks: pd.DataFrame
    signals: pd.DataFrame
    warnings: tuple[str, ...]

    def as_json(self) -> types.Json:
        """Return it as JSON can hold it."""
        content: types.Json = {}
        for key, value in self.__dict__.items():
            table = isinstance(value, pd.DataFrame)
            content[key] = (
                value.to_dict(orient="records") if table else list(value) if isinstance(value, tuple) else value
            )
        return content


def describe(dataset: Dataset, *, sample: int = 4096, seed: int = 0) -> Description:
    """Describe a data set: sizes, labels, composition, signals, and warnings.

    Parameters
    ----------
    dataset
        An opened source.
    sample
        Windows per split that are read for composition and signal ranges, at least; positives and negatives
        half and half.
    seed
        Of their choice.
    """
    example = dataset.example
    rows, keys = [], {}
    for name, windows in dataset.splits.items():
        index = _sample(windows, sample, seed)
        hashes = sequence_hashes(windows, _compared(windows, seed))
        keys[name] = hashes
        rows.append(
            {"split": name, **_split_row(windows, index), "repeated": _repeated(hashes["hash"].to_numpy())}
        )
    splits = pd.DataFrame(rows)
    tasks = pd.DataFrame({"task": example.tasks})
    for name, windows in dataset.splits.items():
        tasks[name] = np.concatenate([(part == 1).sum(axis=0)[None] for part in _labels(windows)]).sum(axis=0)
    signals = _signal_ranges(dataset, sample, seed)
    warnings = (
        *_leaks(keys),
        *_homologs(dataset, seed),
        *_overlaps(dataset),
        *_balance(splits, tasks),
        *_shortcuts(dataset, splits),
        *_signal_warnings(signals),
    )
    return Description(
        dataset.source,
        dataset.kind,
        dataset.hash,
        dataset.notes,
        example.length,
        example.channels,
        example.meta_names,
        example.tracks,
        splits,
        tasks,
        signals,
        warnings,
    )


def _records(table: pd.DataFrame) -> list[types.Json]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict(orient="records")]


def _json_records(table: pd.DataFrame) -> list[types.Json]:
    """As `_records`; what is not known (the GC content of no windows) is null, since JSON knows no NaN."""
    return [
        {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in row.items()}
        for row in _records(table)
    ]


def _labels(windows: Windows) -> Iterator[NDArray[np.float32]]:
    """Yield the labels in blocks, since they may be memory-mapped."""
    for first in range(0, len(windows), 1 << 18):
        yield np.asarray(windows.labels[first : first + (1 << 18)])


def _bound(windows: Windows) -> Booleans:
    return np.concatenate([np.zeros(0, dtype=bool), *((part == 1).any(axis=1) for part in _labels(windows))])


def _sample(windows: Windows, size: int, seed: int) -> Integers:
    """Return some windows, as far as possible half of them positives."""
    bound = _bound(windows)
    generator = np.random.default_rng([seed, 5])
    parts = [np.flatnonzero(bound), np.flatnonzero(~bound)]
    return np.sort(np.concatenate([generator.permutation(part)[: size // 2] for part in parts]))


def _split_row(windows: Windows, index: Integers) -> types.Json:
    bound = _bound(windows)
    unknown = sum(int(np.isnan(part).sum()) for part in _labels(windows))
    codes = windows.codes(index)
    gc = ((codes == 1) | (codes == 2)).sum(axis=1) / np.maximum((codes < 4).sum(axis=1), 1)
    here = bound[index]
    share = bound.mean() if len(bound) else 0.0  # the sample is half positives: weight it back
    missing = (codes == 4).mean(axis=1)
    parts = [(here, share), (~here, 1 - share)]
    return {
        "windows": len(windows),
        "positives": int(bound.sum()),
        "negatives": int((~bound).sum()),
        "unknown": unknown / max(windows.labels.size, 1),
        "epoch": len(windows.epoch(0)),
        "gc_positive": float(gc[here].mean()) if here.any() else float("nan"),
        "gc_negative": float(gc[~here].mean()) if (~here).any() else float("nan"),
        "n": float(sum(weight * missing[which].mean() for which, weight in parts if which.any())),
    }


def _compared(windows: Windows, seed: int, most: int = _COMPARED) -> Integers:
    """Return the windows that are compared with other splits: all, or positives first, each place once."""
    bound = _bound(windows)
    generator = np.random.default_rng([seed, 6])
    order = np.concatenate([np.flatnonzero(bound), generator.permutation(np.flatnonzero(~bound))])
    if isinstance(windows, GenomeWindows):  # rows of several cell types share a place
        order = order[np.sort(np.unique(windows.rows.window[order], return_index=True)[1])]
    return np.sort(order[:most])


def sequence_hashes(windows: Windows, index: Integers) -> pd.DataFrame:
    """Return a hash of each window's sequence, the same for its reverse complement, and whether it is positive.

    Windows of which half or more is N are left out. Columns: hash (uint64), bound (bool).
    """
    hashes, kept = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.int64)]
    for first in range(0, len(index), _BLOCK):
        part = index[first : first + _BLOCK]
        codes = windows.codes(part)
        known = (codes == 4).mean(axis=1) < 0.5
        hashes.append(_hashed(codes[known]))
        kept.append(part[known])
    return pd.DataFrame({"hash": np.concatenate(hashes), "bound": _bound(windows)[np.concatenate(kept)]})


def _hashed(codes: Codes) -> NDArray[np.uint64]:
    """Return a hash of each sequence, (n,), the same for its reverse complement."""
    odd = np.random.default_rng(7).integers(1, 2**63, size=codes.shape[1], dtype=np.uint64) | np.uint64(1)
    weights: NDArray[np.uint64] = np.asarray(odd, dtype=np.uint64)
    values = np.random.default_rng(8).integers(1, 2**63, size=5, dtype=np.uint64)  # one for each base
    hashes: NDArray[np.uint64] = hash_strands(np.ascontiguousarray(codes), values, weights)
    return hashes


def _repeated(hashes: NDArray[np.uint64]) -> int:
    _, counts = np.unique(hashes, return_counts=True)
    return int(counts[counts > 1].sum())


def _leaks(keys: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Warn of sequences (or their reverse complements) that are in two splits."""
    for a, b in combinations(keys, 2):
        shared = np.isin(keys[b]["hash"].to_numpy(), keys[a]["hash"].to_numpy())
        if not shared.any():
            continue
        positive = np.isin(
            keys[b]["hash"].to_numpy()[keys[b]["bound"]], keys[a]["hash"].to_numpy()[keys[a]["bound"]]
        )
        yield (
            f"{int(shared.sum())} windows of {b} have a sequence that is also in {a} "
            f"({int(positive.sum())} of them positive in both): scores on {b} will be too good"
        )


def _homologs(dataset: Dataset, seed: int) -> Iterator[str]:
    """Warn of windows that are homologous to windows of another split (see `homology_groups`).

    At most `_HOMOLOGS` windows of each split are compared, positives first.
    """
    parts = {name: _compared(windows, seed, _HOMOLOGS) for name, windows in dataset.splits.items()}
    codes = [dataset[name].codes(index) for name, index in parts.items()]
    groups = dict(zip(parts, homology_groups(codes), strict=True))
    equal = {name: _hashed(part) for name, part in zip(parts, codes, strict=True)}
    for a, b in combinations(parts, 2):
        shared = int((np.isin(groups[b], groups[a]) & ~np.isin(equal[b], equal[a])).sum())
        if shared:
            yield (
                f"{shared} of {len(groups[b])} windows of {b} that were compared are homologous, not equal, to "
                f"windows of {a} (a quarter of their 14-mers in common, directly or through others): scores on "
                f"{b} may be too good"
            )


def _overlaps(dataset: Dataset) -> Iterator[str]:
    """Warn of places that are in two splits."""
    intervals = {}
    for name, windows in dataset.splits.items():
        chroms = _chromosomes(windows)
        if chroms is not None:
            intervals[name] = chroms
    for a, b in combinations(intervals, 2):
        shared = 0
        for chrom, starts in intervals[b].items():
            if chrom in intervals[a]:
                others = np.sort(intervals[a][chrom])
                after = np.searchsorted(others, starts - dataset.example.length, side="right")
                before = np.searchsorted(others, starts + dataset.example.length, side="left")
                shared += int((before > after).sum())
        if shared:
            yield f"{shared} windows of {b} overlap windows of {a} on the genome: scores on {b} will be too good"


def _chromosomes(windows: Windows) -> dict[object, Integers] | None:
    """Return the starts of a split's windows by chromosome, None where they are not known."""
    if isinstance(windows, GenomeWindows):
        places = windows.places
        return {int(c): places.start[places.chrom == c] for c in np.unique(places.chrom)}
    if "chrom" not in windows.table:
        return None
    table = windows.table.dropna(subset=["chrom", "start"])
    return {chrom: rows["start"].to_numpy(dtype=np.int64) for chrom, rows in table.groupby("chrom")}


def _balance(splits: pd.DataFrame, tasks: pd.DataFrame) -> Iterator[str]:
    for row in _records(splits):
        if row["positives"] == 0 or row["negatives"] + row["unknown"] == 0:
            lacking = "positives" if row["positives"] == 0 else "negatives"
            if len(tasks) == 1 or row["positives"] == 0:
                yield f"{row['split']} has no {lacking}: nothing can be learned or scored from it"
            continue
        share = row["positives"] / max(row["epoch"] if row["split"] == "train" else row["windows"], 1)
        if share < 0.05 or (share > 0.95 and len(tasks) == 1):
            rare = "positives" if share < 0.05 else "negatives"
            hint = "set a ratio" if row["split"] == "train" else "read auPRC, not accuracy or auROC alone"
            yield f"{rare} are {min(share, 1 - share):.2%} of {row['split']}: {hint}"
        if row["split"] != "train" and row["positives"] < 100:
            yield f"{row['split']} has {row['positives']} positives only: its scores will be uncertain"
    if len(tasks) > 1:
        for split in splits["split"]:
            empty = tasks["task"][tasks[split] == 0]
            if len(empty):
                yield f"{len(empty)} of {len(tasks)} tasks have no positive in {split} (first: {empty.iloc[0]})"
    for row in _records(splits):
        if row["repeated"] > 0.05 * row["windows"]:
            yield f"{row['repeated']} of {row['windows']} windows of {row['split']} have a sequence that recurs"


def _shortcuts(dataset: Dataset, splits: pd.DataFrame) -> Iterator[str]:
    if any("centred on" in note for note in dataset.notes):
        yield (
            "positive windows are all centred on summits: a model may learn the position, and attention will "
            "stand out in the centre whatever is there; offset shifts them"
        )
    for row in _records(splits):
        difference = row["gc_positive"] - row["gc_negative"]
        if abs(difference) > 0.05:
            yield (
                f"GC is {row['gc_positive']:.1%} in positives and {row['gc_negative']:.1%} in negatives of "
                f"{row['split']}: a model may learn composition; gc negatives match it"
            )
        if row["n"] > 0.05:
            yield f"{row['n']:.1%} of the bases of {row['split']} are N"


def _signal_ranges(dataset: Dataset, sample: int, seed: int) -> pd.DataFrame:
    """Return the range of each signal and track over sampled windows of the first split."""
    windows = dataset.example
    index = _sample(windows, min(sample, 1024), seed)
    signals = windows.signals(index)
    values = {name: signals[:, i] for i, name in enumerate(windows.channels[4:])}
    for name in windows.tracks:
        values.setdefault(name, windows.track(name, index))
    rows = [
        {
            "signal": name,
            "use": "channel" if name in windows.channels else "track",
            "minimum": float(sampled.min()),
            "mean": float(sampled.mean(dtype=np.float64)),
            "maximum": float(sampled.max()),
            "zero": float((sampled == 0).mean()),
        }
        for name, sampled in values.items()
        if sampled.size
    ]
    return pd.DataFrame(rows, columns=["signal", "use", "minimum", "mean", "maximum", "zero"])


def _signal_warnings(signals: pd.DataFrame) -> Iterator[str]:
    for row in _records(signals):
        if row["minimum"] == row["maximum"]:
            yield f"{row['signal']} is {row['minimum']:g} wherever it was sampled: is it the right file?"
        elif (
            row["use"] == "channel"
            and row["maximum"] > 1000 * max(abs(row["mean"]), 1e-12)
            and row["maximum"] > 100
        ):
            yield (
                f"the signal {row['signal']} reaches {row['maximum']:g} with a mean of {row['mean']:g}: "
                "single positions will drown the rest; clip or take logarithms"
            )
