"""Route 2: the bases at maximum attention, and the windows to compare them with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd
import torch

from motiflens.analyses.motifs.distinct_hits import distinct_hits
from motiflens.analyses.motifs.matched_starts import matched_starts
from motiflens.analyses.motifs.motif_options import MotifOptions, Scaling
from motiflens.interpret.model_unchanged import model_unchanged
from motiflens.interpret.results import Field
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.data.windows import Windows
from motiflens.models.finite import check_finite
from motiflens.models.precision import full_precision, like
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.types import Booleans, Codes, Doubles, Floats, Integers

if TYPE_CHECKING:
    from motiflens.interpret.adapter import Adapter


BATCH = 256  # windows whose attention is read at a time
DRAWS = 2  # matched places drawn for each attended one


@dataclass(frozen=True)
class Subsequences:
    """Bases at maximum attention and their matched background.

    Attributes
    ----------
    attended, least
        (n, width) codes, read along each site's strand: at maximum and at minimum attention.
    matched
        (`DRAWS`, n, width) codes of other places of the same windows with as many G and C (`matched_starts`).
    table
        One row an attended place; where the strands' places overlap, the one with the greater weight alone:
        ``window`` (row of the windows), ``name``, ``task``, ``start``, ``end`` (0-based, half-open, in the window,
        forward), ``strand``, ``weight`` (attention there), ``prediction`` (probability), ``least_start``,
        ``matched_start_0``, …
    profile
        (n_windows, T) attention of the windows that were used, of the first strand read, along the forward one.
    positions
        (T,) bp at each attention position's centre.
    dnase
        (n_windows, L) accessibility of the same windows, or None.
    windows
        (n_windows,) rows of the windows that were used.
    left_out
        Why windows were not used -> how many.
    """

    attended: Codes
    matched: Codes
    least: Codes
    table: pd.DataFrame
    profile: Floats
    positions: Doubles
    dnase: Floats | None
    windows: Integers
    left_out: dict[str, int]


def starts_at(
    positions: Integers, field: Field, length: int, *, width: int = 20, scaling: Scaling = "field"
) -> Integers:
    """Where subsequences about attention positions start, in bp from the window's start along the strand.

    Parameters
    ----------
    positions
        (n,) attention positions.
    field
        What each position looks at.
    length
        Window length in bp.
    width
        Base pairs to take; moved inwards at the window's ends.
    scaling
        ``field``: about the exact centre of the position's receptive field (the left one of two middle bases
        where the parities differ). ``authors``: about ``round((position + 1) / T * length)``, as the DeepGRN
        program has it, which is up to tens of bp off.

    Returns
    -------
    array
        (n,) int64.

    Examples
    --------
    >>> field = Field(13 * np.arange(75), 38, True)
    >>> starts_at(np.array([0, 10]), field, 1000).tolist()  # centres 18.5 and 148.5
    [9, 139]
    """
    if scaling == "field":
        first = np.floor(field.center[positions] - (width - 1) / 2)
    else:
        first = np.round((positions + 1) / len(field.start) * length) - width // 2
    return np.clip(first, 0, length - width).astype(np.int64)


def flat(dnase: Floats, flat_dnase: float) -> Booleans:
    """Windows without a distinct peak: maximum < `flat_dnase` times the mean, or no signal; (N, L) -> (N,)."""
    mean = dnase.mean(axis=1)
    return (dnase.max(axis=1) < flat_dnase * mean) | (mean <= 0)


def once_a_place(table: pd.DataFrame, width: int) -> pd.DataFrame:
    """Keep of a window's places that overlap the one with the greatest weight, the first of equal ones.

    >>> table = pd.DataFrame({"window": [7, 8, 7, 8], "start": [5, 5, 9, 40], "weight": [0.1, 0.1, 0.2, 0.2]})
    >>> once_a_place(table, 20)["start"].tolist()
    [5, 9, 40]
    """
    start = table["start"].to_numpy(dtype=np.int64)
    kept = distinct_hits(table["window"].to_numpy(), start, start + width, -table["weight"].to_numpy(np.float64))
    return table[kept].reset_index(drop=True)


def _matched(codes: Codes, table: pd.DataFrame, width: int, rng: np.random.Generator) -> Integers:
    """Starts of matched places that overlap no attended place of their window, (`DRAWS`, n)."""
    start, window = table["start"].to_numpy(), table["window"].to_numpy()
    places = np.arange(codes.shape[1] - width + 1)
    taken = np.abs(places - start[:, None]) < width
    order = np.argsort(window, kind="stable")  # a window has two places at most: they are neighbours here
    same = np.flatnonzero(window[order][1:] == window[order][:-1])
    one, other = order[same], order[same + 1]
    taken[one] = taken[other] = taken[one] | taken[other]
    inside = np.isin(codes[np.arange(len(codes))[:, None], start[:, None] + np.arange(width)], (1, 2))
    return matched_starts(codes, taken, inside.sum(axis=1), width, draws=DRAWS, rng=rng)


def predict(
    model: SequenceModel,
    windows: Windows,
    index: Integers,
    tasks: Sequence[int],
    *,
    batch_size: int = 256,
) -> Doubles:
    """Probabilities of some tasks, (n, tasks), in eval mode; the model stays as it was."""
    network = full_precision(model)
    there = like(network)
    parts = [np.zeros((0, len(tasks)))]
    with model_unchanged(network), torch.no_grad():
        for first in range(0, len(index), batch_size):
            batch = windows.read(index[first : first + batch_size])
            x = torch.from_numpy(batch.x).to(there)
            meta = None if batch.meta is None else torch.from_numpy(batch.meta).to(there)
            parts.append(torch.sigmoid(network(x, meta)[:, list(tasks)]).double().cpu().numpy())
            check_finite("prediction", parts[-1], index[first : first + batch_size])
    return np.concatenate(parts)


def accessibility(windows: Windows, index: Integers, tasks: Integers) -> Floats | None:
    """DNase of windows, (n, L): of each window's own cell type, or of its task's (``TF|cell type``).

    Parameters
    ----------
    windows, index
        Windows and rows of them.
    tasks
        (n,) the task for which each row is read.

    Returns
    -------
    array or None
        From the input channel or track ``dnase``, or the tracks ``dnase:<cell type>``; None where there is none.
    """
    if "dnase" in windows.channels:
        return windows.signals(index)[:, windows.channels.index("dnase") - 4]
    if "dnase" in windows.tracks:
        return windows.track("dnase", index)
    names = np.array([f"dnase:{name.partition('|')[2]}" for name in windows.tasks])[tasks]
    if not set(names) <= set(windows.tracks) or not len(index):
        return None
    result = np.empty((len(index), windows.length), dtype=np.float32)
    for name in set(names):
        result[names == name] = windows.track(str(name), index[names == name])
    return result


class Positives(NamedTuple):
    """Windows worth looking at: bound, and predicted so."""

    rows: Integers  # (n,) of the windows
    task: Integers  # (n,) the bound task that is predicted highest
    prediction: Doubles  # (n,) its probability
    left_out: dict[str, int]  # why other bound windows are not here -> how many


def predicted_positives(
    model: SequenceModel,
    windows: Windows,
    *,
    tasks: Sequence[int] | None = None,
    options: MotifOptions | None = None,
    batch_size: int = 256,
    progress: Progress = silent,
) -> Positives:
    """Choose windows that are bound and that the model predicts as bound.

    Parameters
    ----------
    model, windows
        A model and labelled windows of its tasks.
    tasks
        Columns of the labels and outputs; all by default. A window counts for its bound task with the highest
        prediction.
    options
        ``least_prediction``; ``maximum``, the most windows to give: bound windows are looked at in random order
        (``seed``) until there are so many, and four times as many at most.
    batch_size
        Windows predicted at a time.
    progress
        Told the windows chosen and to be chosen, or looked at and to be looked at.

    Raises
    ------
    ValueError
        If no window is bound, or none predicted above the threshold; the message holds the highest prediction.
    """
    options = options or MotifOptions()
    maximum, least_prediction = options.maximum, options.least_prediction
    rng = np.random.default_rng(options.seed)
    columns = list(range(len(windows.tasks)) if tasks is None else tasks)
    bound = windows.labels[:, columns] == 1
    index = np.flatnonzero(bound.any(axis=1))
    what = windows.tasks[columns[0]] if len(columns) == 1 else f"any of {len(columns)} tasks"
    if not len(index):
        raise ValueError(f"none of the {len(windows)} windows is labelled positive for {what}")
    order = rng.permutation(index)[: 4 * maximum]
    parts: list[Doubles] = []
    count = seen = 0
    while count < maximum and seen < len(order):
        some = order[seen : seen + batch_size]
        probability = predict(model, windows, some, columns, batch_size=batch_size)
        probability[~bound[some]] = -1
        parts.append(probability)
        count += int((probability.max(axis=1) > least_prediction).sum())
        seen += len(some)
        done = max((min(count, maximum), maximum), (seen, len(order)), key=lambda at: at[0] / at[1])
        progress(Step("predictions", *done))
    order, probability = order[:seen], np.concatenate(parts)
    highest = probability.max(axis=1)
    kept = np.flatnonzero(highest > least_prediction)
    if not len(kept):
        raise ValueError(
            f"none of the {seen} windows positive for {what} is predicted above {least_prediction:g} (the "
            f"highest is {highest.max():.3g}): train the model further, or lower the threshold"
        )
    kept = kept[:maximum]
    looked_at = seen if len(kept) < maximum else int(kept[-1]) + 1
    left_out = {f"predicted <= {least_prediction:g}": looked_at - len(kept)}
    if looked_at < len(index):
        left_out["not drawn"] = len(index) - looked_at
    kept = kept[np.argsort(order[kept])]  # in the windows' order
    owner = np.array(columns)[probability[kept].argmax(axis=1)]
    return Positives(order[kept], owner, highest[kept], left_out)


def subsequences(
    adapter: Adapter,
    windows: Windows,
    positives: Positives,
    *,
    options: MotifOptions | None = None,
    layer: str | None = None,
    strands: Sequence[Literal["+", "-"]] = ("+", "-"),
    progress: Progress = silent,
) -> Subsequences:
    """Cut out the bases at maximum attention of positives that the model predicts (DeepGRN's analysis).

    Parameters
    ----------
    adapter
        The model's adapter.
    windows
        The windows that the positives are rows of.
    positives
        Which windows; see `predicted_positives`.
    options
        ``width`` and ``scaling`` (see `starts_at`), ``flat_dnase`` and ``seed`` (of matched places) count.
    layer
        Which attention, where a model has several; see `Adapter.attention`.
    strands
        Strands whose attention is read; each gives a place in every window, which counts once where they overlap.
    progress
        Told the windows read on each strand, and their number.

    Raises
    ------
    ValueError
        If the model has no attention, windows are shorter than the width, or no positive passes; the message
        says how many failed on what.
    """
    options = options or MotifOptions()
    width = options.width
    if windows.length < width:
        raise ValueError(f"the windows have {windows.length} bp, shorter than the {width} bp to cut out")
    chosen, dnase = _without_peaks(windows, positives, options.flat_dnase)
    parts = []
    for strand in strands:
        profile, field = _profile(adapter, windows, chosen.rows, strand, layer, progress)
        parts.append((profile, field, _sites(windows, chosen, profile, field, strand, options)))
    table = once_a_place(pd.concat([part[2] for part in parts], ignore_index=True), width)
    codes = windows.codes(table["window"].to_numpy())  # n, L
    rng = np.random.default_rng([options.seed, 1])
    for draw, starts in enumerate(_matched(codes, table, width, rng)):
        table[f"matched_start_{draw}"] = starts
    turned = (table["strand"] == "-").to_numpy()

    def cut(column: str) -> Codes:
        starts = table[column].to_numpy()
        part: Codes = codes[np.arange(len(codes))[:, None], starts[:, None] + np.arange(width)]
        part[turned] = reverse_complement(part[turned])
        return part

    return Subsequences(
        attended=cut("start"),
        matched=np.stack([cut(f"matched_start_{draw}") for draw in range(DRAWS)]),
        least=cut("least_start"),
        table=table,
        profile=parts[0][0] if strands[0] == "+" else parts[0][0][:, ::-1],
        positions=_forward(parts[0][1], windows.length, strands[0]),
        dnase=dnase,
        windows=chosen.rows,
        left_out=chosen.left_out,
    )


def _without_peaks(windows: Windows, chosen: Positives, flat_dnase: float) -> tuple[Positives, Floats | None]:
    """Leave out windows with a distinct DNase peak; also give the accessibility of those that stay."""
    dnase = accessibility(windows, chosen.rows, chosen.task)
    if dnase is None or not flat_dnase:
        return chosen, dnase
    kept = flat(dnase, flat_dnase)
    if not kept.any():
        raise ValueError(
            f"each of the {len(kept)} predicted windows has a distinct DNase peak (maximum >= {flat_dnase:g} "
            "times the mean): raise the limit, or do without it"
        )
    left_out = {**chosen.left_out, f"DNase maximum >= {flat_dnase:g} times the mean": int((~kept).sum())}
    rest = Positives(chosen.rows[kept], chosen.task[kept], chosen.prediction[kept], left_out)
    return rest, dnase[kept]


def _profile(
    adapter: Adapter,
    windows: Windows,
    index: Integers,
    strand: Literal["+", "-"],
    layer: str | None,
    progress: Progress,
) -> tuple[Floats, Field]:
    """Attention of windows on one strand, (n, T) along that strand."""
    profiles = []
    for first in range(0, len(index), BATCH):
        batch = windows.read(index[first : first + BATCH])
        attention = adapter.attention(batch.x, batch.meta, layer=layer, strand=strand)
        profiles.append(attention.profile)
        progress(Step(f"attention, strand {strand}", min(first + BATCH, len(index)), len(index)))
    return np.concatenate(profiles), attention.field


def _forward(field: Field, length: int, strand: str) -> Doubles:
    """Centres of the positions in ascending forward coordinates, bp."""
    return field.center if strand == "+" else (length - 1 - field.center)[::-1]


def _sites(
    windows: Windows,
    chosen: Positives,
    profile: Floats,
    field: Field,
    strand: str,
    options: MotifOptions,
) -> pd.DataFrame:
    """One row a window: the places at maximum and at minimum attention, in forward coordinates."""
    length, width = windows.length, options.width
    start, least = (
        starts_at(place, field, length, width=width, scaling=options.scaling)
        for place in (profile.argmax(axis=1), profile.argmin(axis=1))
    )
    if strand == "-":  # base x of the strand is the window's length - 1 - x
        start, least = length - width - start, length - width - least
    return pd.DataFrame(
        {
            "window": chosen.rows,
            "name": windows.table["name"].to_numpy()[chosen.rows],
            "task": np.array(windows.tasks)[chosen.task],
            "start": start,
            "end": start + width,
            "strand": strand,
            "weight": profile.max(axis=1),
            "prediction": chosen.prediction,
            "least_start": least,
        }
    )
