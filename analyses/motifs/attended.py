"""What attended subsequences hold: hits of known motifs, tested against matched background windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.cluster_similarity import CUT, similarity
from motiflens.analyses.motifs.engines.scan import COLUMNS, scan
from motiflens.analyses.motifs.enrichment import enrichment
from motiflens.analyses.motifs.first_layer_motifs import frequencies
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.subsequences import Subsequences
from motiflens.models.data.one_hot import decode, encode
from motiflens.models.types import Codes, Doubles, Integers

TESTED = ("hits", "background_hits", "enrichment", "enrichment_p", "enrichment_q")


class Attended(NamedTuple):
    """Hits in attended windows and what they are worth."""

    hits: pd.DataFrame  # FIMO's columns: hits of the known motifs in attended subsequences
    known: pd.DataFrame  # one row a known motif: target_id and the columns of `enrichment`
    own: pd.DataFrame  # the same for the model's own motifs: motif_id and the columns of `enrichment`
    motifs: list[Motif]  # one per distinct enriched known motif: the matrix of its hits


def site_names(sites: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """Name sites by genome coordinates where known, else by window, 0-based and half-open, with their strand."""
    rows = sites["window"].to_numpy()
    first, last, strand = (sites[column].to_numpy() for column in ("start", "end", "strand"))
    genomic = "chrom" in table.columns and bool(table["chrom"].notna().all())
    where = table["chrom" if genomic else "name"].to_numpy()[rows]
    offset = table["start"].to_numpy(dtype=np.int64)[rows] if genomic else np.zeros(len(rows), dtype=np.int64)
    return [
        f"{name}:{a}-{b}({sign})"
        for name, a, b, sign in zip(where, first + offset, last + offset, strand, strict=True)
    ]


def attended(
    found: Subsequences,
    names: Sequence[str],
    targets: Sequence[Motif],
    motifs: Sequence[Motif] = (),
    *,
    threshold: float = 1e-4,
    alpha: float = 0.05,
    maximum: int = 30,
) -> Attended:
    """Scan attended subsequences and their matched background with known motifs and with the model's own.

    Parameters
    ----------
    found
        From `subsequences`.
    names
        Of the attended sites (`site_names`).
    targets
        Known motifs.
    motifs
        The model's own, trimmed.
    threshold
        FIMO's p-value threshold for known motifs; the model's own get ten times it.
    alpha
        q below which a known motif counts as enriched and becomes a motif of this route.
    maximum
        Most motifs of this route; of matrices that are alike the most enriched one stands for all.

    Returns
    -------
    Attended
        The background are the windows' random places and those at least attention together.
    """
    # Motifs wider than the windows cannot hit: leave them out of the tests as well.
    width = found.attended.shape[1]
    known = [target for target in targets if target.width <= width]
    own = [motif for motif in motifs if motif.width <= width]
    if not known and not own:
        raise ValueError(f"all {len(targets) + len(motifs)} motifs are wider than the {width} bp cut out")
    background = np.concatenate([found.random, found.least])
    composition = _composition(np.concatenate([found.attended, background]))

    def search(matrices: Sequence[Motif], codes: Codes, names: Sequence[str], p: float) -> pd.DataFrame:
        letters = [(name, decode(row)) for name, row in zip(names, codes, strict=True)]
        return scan(matrices, letters, background=composition, threshold=p)

    hits = search(known, found.attended, names, threshold) if known else pd.DataFrame(columns=list(COLUMNS))
    tests = []
    # Two families of tests. No site of 6 bp can reach 1e-4: the model's own motifs, often short, get a milder p.
    for matrices, column, p in ((known, "target_id", threshold), (own, "motif_id", 10 * threshold)):
        if not matrices:
            tests.append(pd.DataFrame(columns=[column, *TESTED]))
            continue
        counts = [
            _windows_hit(search(matrices, codes, [str(i) for i in range(len(codes))], p), matrices)
            for codes in (found.attended, background)
        ]
        table = enrichment(counts[0], len(found.attended), counts[1], len(background))
        table.insert(0, column, [motif.name for motif in matrices])
        tests.append(table)
    return Attended(hits, tests[0], tests[1], _of_hits(hits, tests[0], known, alpha, maximum))


def _composition(codes: Codes) -> Doubles:
    """Base frequencies of both strands, (4,)."""
    counts = np.bincount(codes.ravel(), minlength=5)[:4] + 1.0
    return (counts + counts[::-1]) / (2 * counts.sum())


def _windows_hit(hits: pd.DataFrame, motifs: Sequence[Motif]) -> Integers:
    """Number of windows in which each motif hits at least once, (motifs,)."""
    once = hits[["motif_id", "sequence_name"]].drop_duplicates()
    counts = once["motif_id"].value_counts()
    return np.array([int(counts.get(motif.name, 0)) for motif in motifs], dtype=np.int64)


def _of_hits(
    hits: pd.DataFrame, tests: pd.DataFrame, targets: Sequence[Motif], alpha: float, maximum: int
) -> list[Motif]:
    """Matrices of the hits of the most enriched known motifs, one for all that are alike."""
    by_name = {target.name: target for target in targets}
    chosen: list[Motif] = []
    for row in tests[tests["enrichment_q"] < alpha].sort_values("enrichment_p", kind="stable").itertuples():
        target = by_name[str(row.target_id)]
        if any(similarity([target, other])[0, 1] > 1 - CUT for other in chosen):
            continue
        chosen.append(target)
        if len(chosen) == maximum:
            break
    motifs = []
    for target in chosen:
        sites = hits.loc[hits["motif_id"] == target.name, "matched_sequence"]
        counts = np.zeros((target.width, 4), dtype=np.int64)
        for letters in sites:
            codes = encode(letters)
            counts[np.arange(len(codes))[codes < 4], codes[codes < 4]] += 1
        motifs.append(
            Motif(
                name=f"attention_{target.name}",
                ppm=frequencies(counts),
                nsites=float(len(sites)),
                source="attention",
                info={"hits_of": target.name},
            )
        )
    return motifs
