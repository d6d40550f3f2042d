"""The four routes from a model to motifs, each as one call on a run's windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.engines.denovo import DenovoOptions, denovo
from motiflens.analyses.motifs.engines.seqlets import Pattern, seqlets
from motiflens.analyses.motifs.enrichment import benjamini_hochberg
from motiflens.analyses.motifs.first_layer_motifs import Threshold
from motiflens.analyses.motifs.gate import Gate
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.subsequences import Positives, Scaling, Subsequences
from motiflens.analyses.motifs.telling import Done
from motiflens.interpret.attribution.attribute import METHODS, attribute
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data.windows import Windows
from motiflens.models.types import Codes

ROUTES = ("kernels", "attention", "seqlets", "denovo")


_PART = 256  # windows attributed in a call


def check_routes(routes: Sequence[str] | None) -> None:
    """Raise ValueError for a route that does not exist; None stands for all."""
    unknown = sorted(set(routes or ()) - set(ROUTES))
    if unknown:
        raise ValueError(f"there is no route {unknown[0]!r}: choose of {', '.join(ROUTES)}")


@dataclass(frozen=True)
class MotifOptions:
    """How motifs are sought.

    Attributes
    ----------
    kernel_threshold
        ``zero`` (TBiNet's) or ``half``; see `first_layer_motifs`. With ``zero`` nearly every window gives a site,
        most of them no sites of the motif: the matrix is thinned out, often below the gate.
    width, scaling
        Base pairs cut out about maximum attention, and how its place is found; see `subsequences.starts_at`.
    least_prediction, flat_dnase
        Which positives are looked at; see `subsequences`.
    maximum
        Most positives looked at (attention; half as many are attributed).
    method
        Attribution method of the seqlets.
    distance
        ``ed`` or ``pearson``, for matching.
    alpha
        q below which a match, an enrichment or a de novo motif counts.
    hit_p
        p-value threshold of hits.
    gate
        What motifs need to be matched.
    shuffles, untrained
        Repeats of the column-shuffled and the untrained-model null.
    seed
        Of everything random.
    """

    kernel_threshold: Threshold = "half"
    width: int = 20
    scaling: Scaling = "field"
    least_prediction: float = 0.5
    flat_dnase: float | None = 15.0
    maximum: int = 1000
    method: str = "input_x_gradient"
    distance: str = "ed"
    alpha: float = 0.05
    hit_p: float = 1e-4
    gate: Gate = field(default_factory=Gate)
    shuffles: int = 50
    untrained: int = 3
    seed: int = 0


def analysed(splits: Sequence[str]) -> str:
    """Return the split to analyse: ``test`` where there is one, else ``valid``, else ``train``."""
    return next(name for name in ("test", "valid", "train") if name in splits)


def tasks_of(windows: Windows, tf: str | None) -> list[int]:
    """Return the tasks of one factor (``TF`` or ``TF|cell type``), or all.

    Raises
    ------
    ValueError
        If no task is of that factor.
    """
    if tf is None:
        return list(range(len(windows.tasks)))
    wanted = tf.upper()
    found = [i for i, name in enumerate(windows.tasks) if wanted in (name.upper(), name.partition("|")[0].upper())]
    if not found and len(windows.tasks) == 1:
        return [0]  # data opened for this factor alone
    if not found:
        names = sorted({name.partition("|")[0] for name in windows.tasks})
        raise ValueError(f"the data have no task of {tf}: they have {', '.join(names)}")
    return found


def seqlet_patterns(
    model: SequenceModel,
    windows: Windows,
    chosen: Positives,
    options: MotifOptions,
    progress: Done | None = None,
) -> list[Pattern]:
    """Attribute each chosen window's own task and make patterns of all windows' seqlets.

    Parameters
    ----------
    model, windows
        A model and its windows.
    chosen
        Windows and tasks; the first half of ``options.maximum`` in a seeded order are used.
    options
        ``method``, ``maximum`` and ``seed`` count.
    progress
        Called with the number of windows attributed and to be attributed.
    """
    order = np.random.default_rng([options.seed, 2]).permutation(len(chosen.rows))
    drawn = np.sort(order[: max(1, options.maximum // 2)])
    index, tasks = chosen.rows[drawn], chosen.task[drawn]
    scores = np.zeros((len(index), 4, windows.length), dtype=np.float32)
    done = 0
    for task in np.unique(tasks):
        own = np.flatnonzero(tasks == task)
        for mine in np.split(own, range(_PART, len(own), _PART)):
            batch = windows.read(index[mine])
            found = attribute(
                model, batch.x, method=options.method, target=int(task), meta=batch.meta, seed=options.seed
            )
            scores[mine] = found.scores[:, :4]
            done += len(mine)
            if progress is not None:
                progress(done, len(index))
    patterns = seqlets(scores, windows.codes(index), seed=options.seed)
    for pattern in patterns:  # from rows of the chosen to rows of the windows
        pattern.sites["window"] = index[pattern.sites["window"].to_numpy()]
    return patterns


def denovo_motifs(
    windows: Windows, found: Subsequences | None, chosen: Positives | None, options: MotifOptions
) -> tuple[list[Motif], str]:
    """Discover motifs in attended subsequences against the same windows' random places.

    Without attention, in the middle 101 bp of the predicted positives against their shuffled selves.

    Returns
    -------
    motifs, what
        Those below ``options.alpha`` by q over all that were tested; and which sequences were used.
    """
    control: Codes | None
    if found is not None:
        sequences, control = found.attended, found.random
        what = f"{options.width} bp at maximum attention against random places of the same windows"
    elif chosen is None:
        raise ValueError("de novo discovery needs attended subsequences or predicted positives")
    else:
        codes = windows.codes(chosen.rows)
        low = max(0, (windows.length - 101) // 2)
        sequences, control = codes[:, low : low + 101], None
        what = "the middle 101 bp of predicted positives against their dinucleotide-shuffled selves"
    discoveries = denovo(sequences, control, DenovoOptions(maximum=8), seed=options.seed)
    q = benjamini_hochberg(np.array([one.p for one in discoveries]))
    return [one.motif for one, value in zip(discoveries, q, strict=True) if value < options.alpha], what


def bed_rows(sites: pd.DataFrame, windows: Windows, name: str, score: str) -> pd.DataFrame:
    """Sites as BED: chrom, start, end (genome where known, else the window), name, score, strand."""
    table = windows.table.iloc[sites["window"].to_numpy()].reset_index(drop=True)
    genomic = "chrom" in table.columns and table["chrom"].notna().all()
    first = table["start"].to_numpy(dtype=np.int64) if genomic else 0
    return pd.DataFrame(
        {
            "chrom": table["chrom"] if genomic else table["name"],
            "start": np.maximum(sites["start"].to_numpy() + first, 0),
            "end": sites["end"].to_numpy() + first,
            "name": name,
            "score": sites[score].to_numpy(),
            "strand": sites["strand"].to_numpy(),
        }
    )


def motif_options(
    *,
    kernel_threshold: str,
    scaling: str,
    distance: str,
    method: str,
    width: int,
    least_prediction: float,
    flat_dnase: float | None,
    shuffles: int,
    untrained: int,
    seed: int,
) -> MotifOptions:
    """Make options of what a user typed.

    Raises
    ------
    ValueError
        For a choice that does not exist or a number out of range.
    """
    choices: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("kernel threshold", kernel_threshold, ("zero", "half")),
        ("scaling", scaling, ("field", "authors")),
        ("distance", distance, ("ed", "pearson")),
        ("attribution method", method, METHODS),
    )
    for what, value, known in choices:
        if value not in known:
            raise ValueError(f"{what} {value!r}: expected one of {', '.join(known)}")
    if width < 4:
        raise ValueError(f"width {width}: expected 4 bp or more")
    if not 0 <= least_prediction < 1:
        raise ValueError(f"least prediction {least_prediction}: expected 0 to below 1")
    if shuffles < 0 or untrained < 0:
        raise ValueError(f"{min(shuffles, untrained)} repeats of a null: expected 0 or more")
    return MotifOptions(
        kernel_threshold=kernel_threshold,  # type: ignore[arg-type]
        width=width,
        scaling=scaling,  # type: ignore[arg-type]
        least_prediction=least_prediction,
        flat_dnase=flat_dnase,
        method=method,
        distance=distance,
        shuffles=shuffles,
        untrained=untrained,
        seed=seed,
    )
