"""What a model makes of motifs put into, or taken out of, backgrounds; of one, and of two at any distance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch import Tensor

from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.variant_motifs import MotifTables
from motiflens.models.architectures.base import reverse_complement as reverse_input
from motiflens.models.data.one_hot import checked_codes, one_hot, reverse_complement
from motiflens.models.data.shuffle import dinucleotide_shuffle
from motiflens.models.data.windows import Windows
from motiflens.models.finite import check_finite
from motiflens.models.limits import check_limit
from motiflens.models.precision import full_precision, like
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.run import Run
from motiflens.models.types import Codes, Doubles, Floats, Integers

BACKGROUNDS = ("shuffle", "given", "random")
ORIENTATIONS = ("++", "+-", "-+", "--")


@dataclass(frozen=True)
class Backgrounds:
    """Sequences that motifs are put into, with what else the model reads there.

    Attributes
    ----------
    codes, signals, meta
        (B, L) bases, (B, C − 4, L), and (B, M) or None.
    """

    codes: Codes
    signals: Floats
    meta: Floats | None

    def __post_init__(self) -> None:
        """Check the bases (see `checked_codes`)."""
        object.__setattr__(self, "codes", checked_codes(self.codes))

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True)
class Model:
    """A run's output as a function of bases.

    Attributes
    ----------
    run, target
        The model on the device to use, and the output's number.
    batch_size
        Windows at a time.
    """

    run: Run
    target: int = 0
    batch_size: int = 64

    def logits(self, codes: Codes, backgrounds: Backgrounds) -> Doubles:
        """Logits, (B,), of the backgrounds with other bases; mean of both strands unless the model merges them."""
        model = full_precision(self.run.model)
        there = like(model)
        parts = []
        with torch.inference_mode():
            for start in range(0, len(codes), self.batch_size):
                part = slice(start, start + self.batch_size)
                x = torch.from_numpy(np.concatenate([one_hot(codes[part]), backgrounds.signals[part]], axis=1)).to(
                    there
                )
                meta = None if backgrounds.meta is None else torch.from_numpy(backgrounds.meta[part]).to(there)
                logits: Tensor = model(x, meta)
                if not model.siamese:
                    logits = (logits + model(reverse_input(x), meta)) / 2
                parts.append(logits[:, self.target].double().cpu().numpy())
                check_finite("prediction", parts[-1], np.arange(len(codes))[part])
        return np.concatenate(parts)


def backgrounds_of(windows: Windows, how: str, count: int, *, seed: int = 0) -> Backgrounds:
    """Draw backgrounds from windows.

    Parameters
    ----------
    windows
        Of the run's inputs.
    how
        ``shuffle``: dinucleotides shuffled; ``given``: as they are; ``random``: bases drawn alike. Signals stay.
    count
        Most windows, drawn at random.
    seed
        Of the draw and the shuffles.

    Raises
    ------
    ValueError
        For another `how`, or without windows.
    """
    if how not in BACKGROUNDS:
        raise ValueError(f"backgrounds must be one of {', '.join(BACKGROUNDS)}, not {how!r}")
    if not len(windows) or count < 1:
        raise ValueError("there are no windows to make backgrounds of")
    rng = np.random.default_rng(seed)
    index = np.arange(len(windows))
    if count < len(index):
        index = np.sort(rng.choice(index, count, replace=False))
    batch = windows.read(index)
    codes = windows.codes(index)
    if how == "random":
        codes = rng.integers(0, 4, codes.shape).astype(np.uint8)
    elif how == "shuffle":
        codes = dinucleotide_shuffle(codes, seed=seed)
    return Backgrounds(codes, np.ascontiguousarray(batch.x[:, 4:]), batch.meta)


def site(motif: Motif, strand: str = "+") -> Codes:
    """Bases of a motif's best site, (width,)."""
    best = motif.ppm.argmax(axis=1).astype(np.uint8)
    return best if strand == "+" else reverse_complement(best)


def put(codes: Codes, bases: Codes, start: int) -> Codes:
    """Return windows with some bases written over their own from `start` on.

    Raises
    ------
    ValueError
        If they do not fit into the windows.
    """
    if start < 0 or start + len(bases) > codes.shape[1]:
        raise ValueError(f"{len(bases)} bp at {start} do not fit into windows of {codes.shape[1]} bp")
    new = codes.copy()
    new[:, start : start + len(bases)] = bases
    return new


def marginalize(
    model: Model, motifs: Sequence[Motif], backgrounds: Backgrounds, *, progress: Progress = silent
) -> pd.DataFrame:
    """Return what each motif's best site in the middle of backgrounds does to the logit.

    Parameters
    ----------
    model, backgrounds
        See `Model` and `backgrounds_of`.
    motifs
        Any number.

    Returns
    -------
    pandas.DataFrame
        One row a motif and orientation: ``motif``, ``motif_alt``, ``strand``, ``effect`` (mean over backgrounds of
        the logit with it less that without), ``low`` and ``high`` (95 % interval of the mean), ``background``
        (mean logit without), ``p`` (t-test of the mean against 0), ``n``.
    """
    before = model.logits(backgrounds.codes, backgrounds)
    rows = []
    for done, motif in enumerate(motifs):
        progress(Step("marginalizing", done, len(motifs), "motifs"))
        for strand in "+-":
            start = (backgrounds.codes.shape[1] - motif.width) // 2
            effect = model.logits(put(backgrounds.codes, site(motif, strand), start), backgrounds) - before
            mean, low, high, p = interval(effect)
            rows.append([motif.name, motif.alt, strand, mean, low, high, float(before.mean()), p, len(effect)])
    columns = ["motif", "motif_alt", "strand", "effect", "low", "high", "background", "p", "n"]
    return pd.DataFrame(rows, columns=columns)


def space(
    model: Model,
    pair: tuple[Motif, Motif],
    spacings: Sequence[int],
    backgrounds: Backgrounds,
    *,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Return what two motifs do together at each distance and orientation.

    The first motif's best site lies in the middle of the backgrounds, the second one's beside it.

    Parameters
    ----------
    pair
        The two motifs.
    spacings
        Bases between the two; negative where the second one lies before the first. Those at which it does not fit
        into the window are left out.

    Returns
    -------
    pandas.DataFrame
        One row a spacing and orientation: ``spacing``, ``orientation`` (of the first and the second), ``effect``
        (of both on the logit), ``first`` and ``second`` (of each alone at the same place), ``interaction`` (effect
        less the sum of both), ``low`` and ``high`` (its 95 % interval over backgrounds), ``p``, ``n``.

    Raises
    ------
    ValueError
        If no spacing fits into the windows.
    """
    a, b = pair
    length = backgrounds.codes.shape[1]
    middle = (length - a.width) // 2
    places = [(gap, _start_beside(a, b, gap, length)) for gap in fitting_spacings(pair, spacings, length)]
    if not places:
        raise ValueError(f"no spacing fits into windows of {length} bp")
    before = model.logits(backgrounds.codes, backgrounds)
    first = {s: model.logits(put(backgrounds.codes, site(a, s), middle), backgrounds) - before for s in "+-"}
    rows: list[list[object]] = []
    for done, (gap, start) in enumerate(places):
        progress(Step("spacing", done, len(places), "spacings"))
        for other in "+-":
            with_b = put(backgrounds.codes, site(b, other), start)
            second = model.logits(with_b, backgrounds) - before
            for own in "+-":
                both = model.logits(put(with_b, site(a, own), middle), backgrounds) - before
                mean, low, high, p = interval(both - first[own] - second)
                means = [float(values.mean()) for values in (both, first[own], second)]
                rows.append([gap, own + other, *means, mean, low, high, p, len(both)])
    columns = ["spacing", "orientation", "effect", "first", "second", "interaction", "low", "high", "p", "n"]
    return pd.DataFrame(rows, columns=columns).sort_values(["orientation", "spacing"], ignore_index=True)


def fitting_spacings(pair: tuple[Motif, Motif], spacings: Sequence[int], length: int) -> list[int]:
    """Return the spacings at which the second motif lies within a window whose middle the first one holds.

    Parameters
    ----------
    pair, spacings
        See `space`.
    length
        Base pairs of the window.

    Examples
    --------
    >>> pair = (Motif("A", np.full((2, 4), 0.25)), Motif("B", np.full((3, 4), 0.25)))
    >>> fitting_spacings(pair, range(-100, 100), 12)
    [-2, -1, 0, 1, 2]
    """
    a, b = pair
    return [gap for gap in spacings if 0 <= _start_beside(a, b, gap, length) <= length - b.width]


def _start_beside(a: Motif, b: Motif, gap: int, length: int) -> int:
    middle = (length - a.width) // 2
    return middle + a.width + gap if gap >= 0 else middle + gap - b.width


def ablate(
    model: Model,
    motifs: Sequence[Motif],
    windows: Backgrounds,
    *,
    threshold: float = 1e-4,
    shuffles: int = 5,
    seed: int = 0,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Return what shuffling each motif's sites within windows does to the logit.

    Parameters
    ----------
    windows
        As they are; those with a site count.
    threshold
        p-value of a site.
    shuffles
        Times that a site's bases are shuffled; effects are averaged over them.

    Returns
    -------
    pandas.DataFrame
        One row a motif: ``motif``, ``motif_alt``, ``windows`` (with a site), ``sites``, ``effect`` (mean of
        the logit without sites less that with), ``low`` and ``high`` (95 % interval), ``p``; NaN without a site.
    """
    tables = MotifTables(motifs, threshold)
    rng = np.random.default_rng(seed)
    rows: list[list[object]] = []
    for number, motif in enumerate(motifs):
        progress(Step("ablating", number, len(motifs), "motifs"))
        sites = [(row, start) for row, start, _ in sites_of(tables, number, windows.codes)]
        own = sorted({row for row, _ in sites})
        if not own:
            rows.append([motif.name, motif.alt, 0, 0, *[np.nan] * 4])
            continue
        part = _take(windows, np.array(own))
        effects = np.zeros(len(own))
        before = model.logits(part.codes, part)
        for _ in range(shuffles):
            codes = windows.codes.copy()
            for row, start in sites:
                here = slice(start, start + motif.width)
                codes[row, here] = rng.permutation(codes[row, here])
            effects += (model.logits(codes[own], part) - before) / shuffles
        rows.append([motif.name, motif.alt, len(own), len(sites), *interval(effects)])
    columns = ["motif", "motif_alt", "windows", "sites", "effect", "low", "high", "p"]
    return pd.DataFrame(rows, columns=columns)


def _take(windows: Backgrounds, index: Integers) -> Backgrounds:
    meta = None if windows.meta is None else windows.meta[index]
    return Backgrounds(windows.codes[index], windows.signals[index], meta)


def sites_of(tables: MotifTables, number: int, codes: Codes) -> Iterator[tuple[int, int, float]]:
    """Yield row, start and score in bits of each site of a motif, on either strand."""
    matrix = tables.matrices[number]
    width = len(matrix)
    if codes.shape[1] < width:
        return
    seen = np.lib.stride_tricks.sliding_window_view(codes, width, axis=1)  # B, T, width
    columns = np.arange(width)
    other = np.concatenate([matrix[::-1, 3::-1], matrix[::-1, 4:]], axis=1)
    for row in range(len(codes)):
        scores = np.maximum(matrix[columns, seen[row]].sum(axis=1), other[columns, seen[row]].sum(axis=1))
        for start in np.flatnonzero(scores >= tables.least[number]).tolist():
            yield row, start, float(scores[start])


def interval(values: Doubles, level: float = 0.95) -> tuple[float, float, float, float]:
    """Mean, its interval by Student's t, and the p-value of a mean of 0.

    Examples
    --------
    >>> [round(value, 3) for value in interval(np.array([1.0, 2.0, 3.0]))]
    [2.0, -0.484, 4.484, 0.074]
    """
    mean = float(values.mean())
    if len(values) < 2:
        return mean, float("nan"), float("nan"), float("nan")
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    if error == 0:
        return mean, mean, mean, 0.0 if mean else 1.0
    reach = float(stats.t.ppf((1 + level) / 2, len(values) - 1)) * error
    p = 2 * float(stats.t.sf(abs(mean) / error, len(values) - 1))
    return mean, mean - reach, mean + reach, p


def parse_spacings(text: str) -> list[int]:
    """Read ``first:last`` or ``first:last:step``, both ends included.

    Examples
    --------
    >>> parse_spacings("-2:4:3")
    [-2, 1, 4]

    Raises
    ------
    ValueError
        If it is no range, or reaches further than a window can be long.
    """
    try:
        numbers = [int(part) for part in text.split(":")]
        first, last = numbers[0], numbers[1]
        step = numbers[2] if len(numbers) == 3 else 1
        if len(numbers) > 3 or step < 1 or last < first:
            raise ValueError
    except (ValueError, IndexError):
        raise ValueError(f"--spacing {text!r}: expected first:last, such as -50:50, or first:last:step") from None
    check_limit("LENGTH", max(abs(first), abs(last)), f"--spacing {text}: its farthest")
    return list(range(first, last + 1, step))
