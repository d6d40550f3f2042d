"""Route 2: the bases at maximum attention, and the windows to compare them with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import torch

from motiflens.interpret.results import Field
from motiflens.models.data.one_hot import reverse_complement
from motiflens.models.data.windows import Windows
from motiflens.models.types import Booleans, Codes, Doubles, Floats, Integers

if TYPE_CHECKING:
    from motiflens.interpret.adapter import Adapter

Scaling = Literal["field", "authors"]
FLAT = 15.0  # DNase maximum over mean from which a window has a distinct peak (DeepGRN)


@dataclass(frozen=True)
class Subsequences:
    """Bases at maximum attention and their matched background.

    Attributes
    ----------
    attended, random, least
        (n, width) codes, read along each site's strand: at maximum attention, at a random place of the same
        window, at minimum attention.
    table
        One row an attended site: ``window`` (row of the windows), ``name``, ``start``, ``end`` (0-based,
        half-open, in the window, forward), ``strand``, ``weight`` (attention there), ``prediction``
        (probability), ``random_start``, ``least_start``.
    profile
        (n_windows, T) attention of the forward strand of the windows that were used.
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
    random: Codes
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


def flat(dnase: Floats, most: float = FLAT) -> Booleans:
    """Windows without a distinct peak: maximum < `most` times the mean, or no signal at all; (N, L) -> (N,)."""
    mean = dnase.mean(axis=1)
    return (dnase.max(axis=1) < most * mean) | (mean <= 0)


def random_starts(taken: Integers, length: int, width: int, rng: np.random.Generator) -> Integers:
    """Draw a start for each window, away from the taken one's bases where there is room; (n,) -> (n,)."""
    places = length - width + 1
    low = np.maximum(taken - width + 1, 0)  # starts in [low, high) overlap the taken bases
    high = np.minimum(taken + width, places)
    free = places - (high - low)
    draw = rng.random(len(taken))
    away = np.floor(draw * np.maximum(free, 1)).astype(np.int64)
    away = np.where(away >= low, away + high - low, away)
    return np.where(free > 0, away, np.floor(draw * places).astype(np.int64))


def predict(adapter: Adapter, windows: Windows, index: Integers, task: int, batch_size: int) -> Doubles:
    """Probabilities of one task, (n,), without gradients, in eval mode."""
    from motiflens.interpret.guard import preserved

    model = adapter.model
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    parts = []
    with preserved(model), torch.no_grad():
        model.eval()
        for first in range(0, len(index), batch_size):
            batch = windows.read(index[first : first + batch_size])
            x = torch.from_numpy(batch.x).to(device)
            meta = None if batch.meta is None else torch.from_numpy(batch.meta).to(device)
            parts.append(torch.sigmoid(model(x, meta)[:, task]).double().cpu().numpy())
    return np.concatenate(parts) if parts else np.zeros(0)


def accessibility(windows: Windows, index: Integers) -> Floats | None:
    """DNase of windows, (n, L), from the input channel or the track of that name; None where there is neither."""
    if "dnase" in windows.channels:
        return windows.signals(index)[:, windows.channels.index("dnase") - 4]
    return windows.track("dnase", index) if "dnase" in windows.tracks else None


def subsequences(
    adapter: Adapter,
    windows: Windows,
    *,
    task: int = 0,
    width: int = 20,
    scaling: Scaling = "field",
    layer: str | None = None,
    strands: Sequence[Literal["+", "-"]] = ("+", "-"),
    least_prediction: float = 0.5,
    flat_dnase: float | None = FLAT,
    maximum: int = 2000,
    batch_size: int = 256,
    seed: int = 0,
) -> Subsequences:
    """Cut out the bases at maximum attention of positives that the model predicts (DeepGRN, sec. 'motifs').

    Parameters
    ----------
    adapter
        The model's adapter.
    windows
        Windows with labels.
    task
        Column of the labels and of the model's outputs.
    width, scaling
        See `starts_at`.
    layer
        Which attention, where a model has several; see `Adapter.attention`.
    strands
        Strands whose attention is read; each gives one site a window.
    least_prediction
        Positives predicted at or below this are left out.
    flat_dnase
        Leave out windows whose DNase maximum is this many times its mean or more; None keeps them. Without DNase
        nothing is left out.
    maximum
        Most windows to use, chosen at random.
    batch_size
        Windows read at a time.
    seed
        Of the choice of windows and of random places.

    Raises
    ------
    ValueError
        If the model has no attention, windows are shorter than `width`, or no positive passes; the message says
        how many failed on what.
    """
    if windows.length < width:
        raise ValueError(f"the windows have {windows.length} bp, shorter than the {width} bp to cut out")
    rng = np.random.default_rng(seed)
    index, prediction, left_out = _chosen(
        adapter, windows, task, least_prediction, flat_dnase, maximum, batch_size, rng
    )
    parts = [
        _strand_sites(adapter, windows, index, prediction, strand, layer, width, scaling, batch_size, rng)
        for strand in strands
    ]
    table = pd.concat([part[0] for part in parts], ignore_index=True)
    profile, positions = parts[0][1], parts[0][2]
    codes = windows.codes(table["window"].to_numpy())  # n, L
    turned = (table["strand"] == "-").to_numpy()

    def cut(starts: Integers) -> Codes:
        part = codes[np.arange(len(codes))[:, None], starts[:, None] + np.arange(width)]
        part[turned] = reverse_complement(part[turned])
        return part

    return Subsequences(
        attended=cut(table["start"].to_numpy()),
        random=cut(table["random_start"].to_numpy()),
        least=cut(table["least_start"].to_numpy()),
        table=table,
        profile=profile,
        positions=positions,
        dnase=accessibility(windows, index),
        windows=index,
        left_out=left_out,
    )


def _chosen(
    adapter: Adapter,
    windows: Windows,
    task: int,
    least_prediction: float,
    flat_dnase: float | None,
    maximum: int,
    batch_size: int,
    rng: np.random.Generator,
) -> tuple[Integers, Doubles, dict[str, int]]:
    """Rows to use, their predictions, and how many were left out why."""
    positive = np.flatnonzero(windows.labels[:, task] == 1)
    name = windows.tasks[task]
    if not len(positive):
        raise ValueError(f"none of the {len(windows)} windows is labelled positive for {name}")
    left_out = {}
    if len(positive) > 4 * maximum:
        left_out["not drawn"] = len(positive) - 4 * maximum
        positive = np.sort(rng.choice(positive, 4 * maximum, replace=False))
    prediction = predict(adapter, windows, positive, task, batch_size)
    kept = prediction > least_prediction
    left_out[f"predicted <= {least_prediction:g}"] = int((~kept).sum())
    if not kept.any():
        raise ValueError(
            f"none of the {len(positive)} windows positive for {name} is predicted above {least_prediction:g} "
            f"(the highest is {prediction.max():.3g}): train the model further, or lower the threshold"
        )
    positive, prediction = positive[kept], prediction[kept]
    dnase = accessibility(windows, positive) if flat_dnase is not None else None
    if dnase is not None and flat_dnase is not None:
        kept = flat(dnase, flat_dnase)
        left_out[f"DNase maximum >= {flat_dnase:g} times the mean"] = int((~kept).sum())
        if not kept.any():
            raise ValueError(
                f"each of the {len(positive)} predicted windows of {name} has a distinct DNase peak (maximum >= "
                f"{flat_dnase:g} times the mean): raise the limit, or do without it"
            )
        positive, prediction = positive[kept], prediction[kept]
    if len(positive) > maximum:
        left_out["not drawn"] = left_out.get("not drawn", 0) + len(positive) - maximum
        drawn = np.sort(rng.choice(len(positive), maximum, replace=False))
        positive, prediction = positive[drawn], prediction[drawn]
    return positive, prediction, left_out


def _strand_sites(
    adapter: Adapter,
    windows: Windows,
    index: Integers,
    prediction: Doubles,
    strand: Literal["+", "-"],
    layer: str | None,
    width: int,
    scaling: Scaling,
    batch_size: int,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, Floats, Doubles]:
    """Sites of one strand (forward coordinates), its attention profiles, and the positions' centres."""
    profiles = []
    for first in range(0, len(index), batch_size):
        batch = windows.read(index[first : first + batch_size])
        found = adapter.attention(batch.x, batch.meta, layer=layer, strand=strand)
        profiles.append(found.profile)
    profile = np.concatenate(profiles)  # n, T: along the strand
    length = windows.length
    most = profile.argmax(axis=1)
    start = starts_at(most, found.field, length, width=width, scaling=scaling)
    least = starts_at(profile.argmin(axis=1), found.field, length, width=width, scaling=scaling)
    drawn = random_starts(start, length, width, rng)
    if strand == "-":  # base x of the strand is the window's length - 1 - x
        start, least, drawn = (length - width - at for at in (start, least, drawn))
    table = pd.DataFrame(
        {
            "window": index,
            "name": windows.table["name"].to_numpy()[index],
            "start": start,
            "end": start + width,
            "strand": strand,
            "weight": profile.max(axis=1),
            "prediction": prediction,
            "random_start": drawn,
            "least_start": least,
        }
    )
    return table, profile, found.field.center
