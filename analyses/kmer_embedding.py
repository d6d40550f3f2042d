"""What the embedding of a k-mer model has learned, and its sensitivity to k, stride and dimension (004, Fig. 4).

KEGRU gives every k-mer a vector of its own, and a site on the other strand other k-mers. Whether the embedding
knows that a k-mer and its reverse complement mean the same is seen from their distance against random pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from motiflens.analyses.figures.kmer_map import kmer_distances, kmer_map, kmer_sensitivity
from motiflens.analyses.study import Study, StudyFigure, number, p_words
from motiflens.analyses.targets import short_names
from motiflens.models import types
from motiflens.models.compare import folders_of, task_table
from motiflens.models.metrics import METRICS
from motiflens.models.option_ranges import check_numbers
from motiflens.models.provenance import provenance
from motiflens.models.run import Run, open_run
from motiflens.models.types import Doubles, Integers, Json

SETTINGS = ("k", "stride", "dimension", "units", "strategy")
SWEPT = ("k", "stride", "dimension")  # what the paper's figure is about


@dataclass(frozen=True)
class KmerOptions:
    """How embeddings are compared.

    Attributes
    ----------
    pairings
        Random pairings of k-mers, which the test permutes.
    metric
        Of the sensitivity to k, stride and dimension.
    split
        Whose measures: ``test``, ``valid`` or ``train``.
    data
        What the runs are said to be of, for the provenance.
    seed
        Of every random choice.
    """

    pairings: int = 500
    metric: str = "auroc"
    split: str = "valid"
    data: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.metric not in METRICS:
            raise ValueError(f"there is no metric {self.metric!r}: there are {', '.join(METRICS)}")
        if self.split not in ("test", "valid", "train"):
            raise ValueError(f"split must be test, valid or train, not {self.split!r}")


class Embedding(NamedTuple):
    """Vectors of all k-mers of one run."""

    words: tuple[str, ...]  # 4^k, in base 4: A, C, G, T
    vectors: Doubles  # 4^k, dimension
    gc: Doubles  # share of G and C
    reverse: Integers  # number of each k-mer's reverse complement


def kmer_study(paths: Sequence[types.Path], options: KmerOptions | None = None) -> Study:
    """Draw the first run's embedding, and the measures of all runs by their settings.

    Parameters
    ----------
    paths
        Runs of k-mer models, or folders of them (such as a sweep).
    options
        See `KmerOptions`.

    Raises
    ------
    ValueError
        If a run has no embedding of k-mers.
    """
    how = options or KmerOptions()
    folders = folders_of(paths)
    run = open_run(folders[0])
    embedding = kmer_embedding(run)
    places, explained = principal_components(embedding.vectors)
    distances, tests = reverse_complement_distances(embedding, how)
    table = pd.DataFrame(
        {
            "kmer": embedding.words,
            "gc": embedding.gc,
            "pc1": places[:, 0],
            "pc2": places[:, 1],
            "reverse_complement": [embedding.words[i] for i in embedding.reverse],
        }
    )
    sensitivity = sensitivity_table(folders, how)
    tables = {"kmers": table, "distances": distances, "tests": tests}
    if len(sensitivity):
        tables |= {"sensitivity": sensitivity, "settings": settings_table(sensitivity)}
    made = provenance(seed=how.seed, data=how.data or run.config.get("data", {}).get("source"))
    names = short_names(folders)
    made["runs"] = {name: open_run(folder).weights_hash for name, folder in zip(names, folders, strict=True)}
    made["parameters"] = asdict(how)
    return Study(
        kind="kmers",
        title="The embedding of k-mers",
        findings=_findings(run, table, tests, sensitivity, how),
        figures=_figures(run, table, distances, tests, sensitivity, explained, how),
        tables=tables,
        captions={
            "kmers": "Each k-mer: share of G and C, and its place in the plane of the first two principal "
            "components.",
            "distances": "Cosine distance (of vectors less their mean) of each k-mer to its reverse complement, "
            "and of random pairs, with and without equal GC.",
            "tests": "Mean distance of reverse complements against random pairs; p: share of random pairings of "
            "the same k-mers that are as close (one-sided).",
            "sensitivity": "Measures of the runs by their settings; mean and median over a run's tasks.",
            "settings": "Mean and median over the runs (data sets, seeds) of each k, stride and dimension.",
        },
        made_by=made,
    )


def kmer_embedding(run: Run) -> Embedding:
    """Return a run's vectors, without the unknown k-mer's.

    Raises
    ------
    ValueError
        If its model embeds no k-mers.
    """
    model = run.model
    layer, k = getattr(model, "embedding", None), getattr(model, "k", None)
    if layer is None or not isinstance(k, int):
        raise ValueError(f"{run.path} is a {model.name}, which embeds no k-mers: give a run of kegru")
    vectors = layer.weight.detach().double().cpu().numpy()[: 4**k]
    digits = np.stack([np.arange(4**k) // 4**place % 4 for place in range(k - 1, -1, -1)], axis=1)  # 4^k, k
    words = tuple("".join("ACGT"[digit] for digit in row) for row in digits.tolist())
    reverse = ((3 - digits[:, ::-1]) * 4 ** np.arange(k - 1, -1, -1)).sum(axis=1)
    gc = np.isin(digits, (1, 2)).mean(axis=1)
    return Embedding(words, np.asarray(vectors, dtype=np.float64), gc, reverse.astype(np.int64))


def principal_components(vectors: Doubles) -> tuple[Doubles, Doubles]:
    """Return the first two principal components, (n, 2), and the share of variance of each, (2,).

    Each component's sign is such that its largest entry is positive.
    """
    centred = vectors - vectors.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    places = left[:, :2] * values[:2]
    places *= np.sign(places[np.abs(places).argmax(axis=0), np.arange(places.shape[1])])
    total = float((values**2).sum())
    share = values[:2] ** 2 / total if total else np.zeros(2)
    return places, np.asarray(share, dtype=np.float64)


def reverse_complement_distances(embedding: Embedding, options: KmerOptions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare the distance of k-mers to their reverse complements with that of other pairs.

    Returns
    -------
    distances
        ``pair`` (``reverse complements``, ``equal GC``, ``any two``) and ``distance``: cosine of the vectors less
        their mean, since all vectors of word2vec share a direction that says nothing of any k-mer.
    tests
        For either kind of random pair: both means and a one-sided permutation p.
    """
    centred = embedding.vectors - embedding.vectors.mean(axis=0)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    rng = np.random.default_rng([options.seed, 10])
    first = np.flatnonzero(np.arange(len(unit)) < embedding.reverse)  # each pair once, palindromes left out
    own = _cosine(unit, first, embedding.reverse[first])
    parts, rows = [pd.DataFrame({"pair": "reverse complements", "distance": own})], []
    for name in ("equal GC", "any two"):
        means, drawn = [], np.zeros(0)
        for _ in range(options.pairings):
            other = _partners(embedding, first, rng, same_gc=name == "equal GC")
            drawn = _cosine(unit, first, other)
            means.append(float(drawn.mean()))
        parts.append(pd.DataFrame({"pair": name, "distance": drawn}))
        p = (1 + sum(mean <= own.mean() for mean in means)) / (1 + options.pairings)
        rows.append((name, len(first), float(own.mean()), float(np.mean(means)), p, options.pairings))
    columns = ["against", "pairs", "reverse_complements", "random", "p", "pairings"]
    return pd.concat(parts, ignore_index=True), pd.DataFrame(rows, columns=columns)


def sensitivity_table(folders: Sequence[Path], options: KmerOptions) -> pd.DataFrame:
    """Return settings and measures of runs, one row each: mean and median over the run's tasks."""
    rows = []
    for folder, name in zip(folders, short_names(folders), strict=True):
        run = open_run(folder)
        kmer_embedding(run)
        try:
            values = task_table(folder, split=options.split)[options.metric]
        except FileNotFoundError:
            continue
        own: Json = {setting: run.model.hyperparameters.get(setting) for setting in SETTINGS}
        rows.append({"run": name, **own, "mean": float(values.mean()), "median": float(values.median())})
    return pd.DataFrame(rows)


def settings_table(sensitivity: pd.DataFrame) -> pd.DataFrame:
    """Return how many runs each k, stride and dimension has, and the mean and median of their measures.

    A run counts once, by the mean over its tasks (004, Fig. 4: over 125 data sets).
    """
    runs = sensitivity.groupby(list(SWEPT), sort=True)["mean"]
    return runs.agg(runs="size", mean="mean", median="median").reset_index()


def _partners(embedding: Embedding, first: Integers, rng: np.random.Generator, *, same_gc: bool) -> Integers:
    """Draw another k-mer for each, never itself: any, or one of equal GC, as its reverse complement is."""
    counts = np.round(embedding.gc * len(embedding.words[0])).astype(np.int64)
    kinds = counts if same_gc else np.zeros_like(counts)
    partners = np.empty(len(first), dtype=np.int64)
    for kind in np.unique(kinds[first]).tolist():
        here = np.flatnonzero(kinds[first] == kind)
        others = np.flatnonzero(kinds == kind)
        own = np.searchsorted(others, first[here])
        partners[here] = others[(own + rng.integers(1, len(others), len(here))) % len(others)]
    return partners


def _cosine(unit: Doubles, first: Integers, second: Integers) -> Doubles:
    return np.asarray(1 - (unit[first] * unit[second]).sum(axis=1))


def _figures(
    run: Run,
    table: pd.DataFrame,
    distances: pd.DataFrame,
    tests: pd.DataFrame,
    sensitivity: pd.DataFrame,
    explained: Doubles,
    how: KmerOptions,
) -> list[StudyFigure]:
    n = f"{len(table):,} k-mers, dimension {run.model.hyperparameters.get('dimension')}"
    words = "; ".join(
        f"{row['against']} {number(row['random'], 3)} ({p_words(row['p'])})" for _, row in tests.iterrows()
    )
    figures = [
        StudyFigure(
            "embedding",
            kmer_map(table, explained),
            f"{run.path.name}: {n} in the plane of the first two principal components, coloured by the share of G "
            f"and C. The plane holds {explained.sum():.0%} of the variance: what is near here may be far apart in "
            "the others, and rare k-mers have hardly moved from where they began.",
        ),
        StudyFigure(
            "reverse_complements",
            kmer_distances(distances),
            f"{run.path.name}: cosine distance (of vectors less their mean) of a k-mer to its reverse complement "
            f"({int(tests['pairs'].iloc[0])} pairs, mean {number(tests['reverse_complements'].iloc[0], 3)}) "
            f"against random pairs: {words}; one-sided permutation test over pairings. Reverse complements have "
            "equal GC, which alone brings vectors together: the middle box is the fair comparison. Whiskers: 1.5 "
            "interquartile ranges; what lies beyond is not drawn.",
        ),
    ]
    if len(sensitivity) > 1:
        figures.append(
            StudyFigure(
                "sensitivity",
                kmer_sensitivity(sensitivity, how.metric),
                f"{how.metric} on the {how.split} split of {len(sensitivity)} runs by k, stride and dimension: a "
                "point a run, lines join means (solid) and medians (dashed). "
                "Runs differ in the other settings too, and one seed each says "
                "nothing of chance: no test.",
            )
        )
    return figures


def _findings(
    run: Run, table: pd.DataFrame, tests: pd.DataFrame, sensitivity: pd.DataFrame, how: KmerOptions
) -> list[str]:
    fair = tests[tests["against"] == "equal GC"].iloc[0]
    lines = [
        f"{run.path.name}: cosine distance of a k-mer to its reverse complement "
        f"{number(fair['reverse_complements'], 3)}, to random k-mers of equal GC {number(fair['random'], 3)} "
        f"({p_words(fair['p'])}); GC and the first component correlate by "
        f"{number(float(np.corrcoef(table['gc'], table['pc1'])[0, 1]))}."
    ]
    if len(sensitivity) > 1:
        best = sensitivity.sort_values("mean", ascending=False).iloc[0]
        lines.append(
            f"{len(sensitivity)} runs: {how.metric} from {number(sensitivity['mean'].min(), 3)} to "
            f"{number(sensitivity['mean'].max(), 3)}; highest with k {best['k']}, stride {best['stride']}, "
            f"dimension {best['dimension']}."
        )
    return lines
