"""What attended places hold: hits of known motifs, tested against other places of the same composition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.cluster_similarity import CUT, similarity
from motiflens.analyses.motifs.distinct_hits import distinct_hits
from motiflens.analyses.motifs.engines.scan import scan
from motiflens.analyses.motifs.engines.scan_layout import COLUMNS
from motiflens.analyses.motifs.enrichment import enrichment
from motiflens.analyses.motifs.first_layer_motifs import frequencies
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.subsequences import DRAWS, Subsequences
from motiflens.models.data.one_hot import decode, encode
from motiflens.models.data.shuffle import dinucleotide_shuffle
from motiflens.models.types import Booleans, Codes, Doubles, Integers

TESTED = (
    "sites",
    "loci",
    "windows",
    "matched_windows",
    "shuffled_windows",
    "least_windows",
    "enrichment",
    "enrichment_p",
    "enrichment_q",
    "enrichment_log10_q",
)


@dataclass(frozen=True)
class Attended:
    """Hits at attended places and what they are worth.

    Attributes
    ----------
    hits
        FIMO's columns: hits of the known motifs at attended places, overlapping ones of a window once.
    rows
        (hits,) the place of each: row of the sites' table.
    known
        One row a known motif, ``target_id`` and `TESTED`: ``sites`` (places of windows with a hit, overlapping
        hits once), ``loci`` (the same, places that several windows share once), ``windows`` (with a hit);
        ``matched_windows`` and ``shuffled_windows``, windows with a hit in the two backgrounds, per draw;
        ``least_windows``, windows with a hit at minimum attention (not tested: their composition is another).
    own
        The same for the model's own motifs, ``motif_id``.
    motifs
        One per distinct enriched known motif: the matrix of its loci.
    shuffled
        Known motifs that count as enriched when the attended places themselves are shuffled, for each repeat.
    """

    hits: pd.DataFrame
    known: pd.DataFrame
    own: pd.DataFrame
    rows: Integers
    motifs: tuple[Motif, ...] = ()
    shuffled: tuple[int, ...] = ()


def site_names(sites: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """Name sites by genome coordinates where known, else by window, 0-based and half-open, with their strand."""
    rows = sites["window"].to_numpy()
    first, last, strand = (sites[column].to_numpy() for column in ("start", "end", "strand"))
    genomic = _genomic(table)
    where = table["chrom" if genomic else "name"].to_numpy()[rows]
    offset = table["start"].to_numpy(dtype=np.int64)[rows] if genomic else np.zeros(len(rows), dtype=np.int64)
    return [
        f"{name}:{a}-{b}({sign})"
        for name, a, b, sign in zip(where, first + offset, last + offset, strand, strict=True)
    ]


def _genomic(table: pd.DataFrame) -> bool:
    return "chrom" in table.columns and bool(table["chrom"].notna().all())


def attended(
    sites: Subsequences,
    windows: pd.DataFrame,
    targets: Sequence[Motif],
    motifs: Sequence[Motif] = (),
    *,
    threshold: float = 1e-4,
    alpha: float = 0.05,
    maximum: int = 30,
    seed: int = 0,
) -> Attended:
    """Scan attended places and their backgrounds with known motifs and with the model's own.

    A motif is tested by the number of windows that hold it, against that of two backgrounds that holds it more
    often: other places of the same windows with as many G and C, and the attended places themselves with their
    dinucleotides shuffled. The first controls for what the windows are, the second for what attended places are
    made of.

    Parameters
    ----------
    sites
        From `subsequences`.
    windows
        The windows' table, of which the sites name rows.
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
    seed
        Of the shuffling.

    Raises
    ------
    ValueError
        If all motifs are wider than the places.
    """
    # Motifs wider than the places cannot hit: leave them out of the tests as well.
    width = sites.attended.shape[1]
    known = [target for target in targets if target.width <= width]
    own = [motif for motif in motifs if motif.width <= width]
    if not known and not own:
        raise ValueError(f"all {len(targets) + len(motifs)} motifs are wider than the {width} bp cut out")
    places = _Places.of(sites, windows, seed)
    hits = places.hits(known, threshold)
    # Two families of tests. No site of 6 bp can reach 1e-4: the model's own motifs, often short, get a milder p.
    tested = places.test(known, hits, threshold)
    own_tested = places.test(own, places.hits(own, 10 * threshold), 10 * threshold)
    tested.insert(0, "target_id", [motif.name for motif in known])
    own_tested.insert(0, "motif_id", [motif.name for motif in own])
    names = np.array(site_names(sites.table, windows), dtype=object)
    listed = hits[hits["site"]].reset_index(drop=True)
    rows = listed["row"].to_numpy(dtype=np.int64)
    listed["sequence_name"] = names[rows]
    return Attended(
        hits=listed[list(COLUMNS)],
        known=tested,
        own=own_tested,
        rows=rows,
        motifs=tuple(_of_hits(hits[hits["locus"]], tested, known, alpha, maximum)),
    )


def shuffled_control(
    sites: Subsequences,
    windows: pd.DataFrame,
    targets: Sequence[Motif],
    *,
    threshold: float = 1e-4,
    alpha: float = 0.05,
    repeats: int = 3,
    seed: int = 0,
) -> tuple[int, ...]:
    """Count the known motifs that are enriched when attended places are shuffled: what composition alone gives.

    Parameters
    ----------
    sites, windows, targets, threshold, alpha, seed
        See `attended`.
    repeats
        Shuffles of all attended places.
    """
    counts = []
    for repeat in range(repeats):
        letters = dinucleotide_shuffle(sites.attended, seed=1_000_003 * (repeat + 1) + seed)
        changed = replace(sites, attended=letters)
        known = attended(changed, windows, targets, threshold=threshold, alpha=alpha, maximum=0, seed=seed).known
        counts.append(int((known["enrichment_q"] < alpha).sum()))
    return tuple(counts)


@dataclass(frozen=True)
class _Places:
    """Attended places, their backgrounds, and where they lie."""

    attended: Codes
    matched: tuple[Codes, ...]
    shuffled: tuple[Codes, ...]
    least: Codes
    window: Integers  # n: number of each place's window
    group: Integers  # n: number of its chromosome, or of its window
    start: Integers  # n: on the chromosome, or in the window
    turned: Booleans  # n: the letters are of the reverse strand
    background: Doubles  # 4: base frequencies

    @classmethod
    def of(cls, sites: Subsequences, windows: pd.DataFrame, seed: int) -> _Places:
        rows = sites.table["window"].to_numpy()
        start = sites.table["start"].to_numpy(dtype=np.int64)
        group = rows
        if _genomic(windows):
            start = start + windows["start"].to_numpy(dtype=np.int64)[rows]
            group = np.unique(windows["chrom"].to_numpy(dtype=str), return_inverse=True)[1][rows]
        shuffled = tuple(dinucleotide_shuffle(sites.attended, seed=seed + draw) for draw in range(DRAWS))
        return cls(
            sites.attended,
            tuple(sites.matched),
            shuffled,
            sites.least,
            np.unique(rows, return_inverse=True)[1],
            group,
            start,
            (sites.table["strand"] == "-").to_numpy(dtype=bool),
            _composition(np.concatenate([sites.attended, *sites.matched])),
        )

    def hits(self, matrices: Sequence[Motif], threshold: float) -> pd.DataFrame:
        """FIMO's columns; of each hit its place's ``row``, and whether it counts as ``site`` and as ``locus``."""
        hits = self._scan(matrices, threshold, self.attended)
        if not len(hits):
            return hits.assign(site=np.zeros(0, dtype=bool), locus=np.zeros(0, dtype=bool))
        row = hits["row"].to_numpy()
        first, last = hits["start"].to_numpy() - 1, hits["stop"].to_numpy()
        width = self.attended.shape[1]
        start = self.start[row] + np.where(self.turned[row], width - last, first)
        end = start + last - first
        numbers = {motif.name: number for number, motif in enumerate(matrices)}
        motif = hits["motif_id"].map(numbers).to_numpy(dtype=np.int64)
        p = hits["p-value"].to_numpy(dtype=np.float64)
        for column, place in (("site", self.window), ("locus", self.group)):
            group = motif * (int(place.max(initial=0)) + 1) + place[row]
            hits[column] = distinct_hits(group, start, end, p)
        return hits

    def test(self, matrices: Sequence[Motif], hits: pd.DataFrame, threshold: float) -> pd.DataFrame:
        """One row a matrix: `TESTED`."""
        if not matrices:
            return pd.DataFrame(columns=list(TESTED))
        total = int(self.window.max()) + 1

        # All backgrounds in one call: most of a scan's time is spent on the matrices.
        sets = [*self.matched, *self.shuffled, self.least]
        others = self._scan(matrices, threshold, np.concatenate(sets))
        number, row = np.divmod(others["row"].to_numpy(dtype=np.int64), len(self.window))
        others["row"] = row
        counts = [self._windows(others[number == part], matrices) for part in range(len(sets))]
        matched, shuffled = np.sum(counts[:DRAWS], axis=0), np.sum(counts[DRAWS : 2 * DRAWS], axis=0)
        observed = self._windows(hits, matrices)
        table = enrichment(observed, total, np.maximum(matched, shuffled), DRAWS * total)
        return table.assign(
            sites=_count(hits.loc[hits["site"], "motif_id"], matrices),
            loci=_count(hits.loc[hits["locus"], "motif_id"], matrices),
            windows=observed,
            matched_windows=matched / DRAWS,
            shuffled_windows=shuffled / DRAWS,
            least_windows=counts[-1],
        )[list(TESTED)]

    def _scan(self, matrices: Sequence[Motif], threshold: float, codes: Codes) -> pd.DataFrame:
        """FIMO's columns, and each hit's ``row`` of the codes."""
        if not matrices:
            return pd.DataFrame(columns=[*COLUMNS, "row"])
        named = [(str(number), decode(row)) for number, row in enumerate(codes)]
        hits = scan(matrices, named, background=self.background, threshold=threshold).reset_index(drop=True)
        return hits.assign(row=hits["sequence_name"].astype(np.int64))

    def _windows(self, hits: pd.DataFrame, matrices: Sequence[Motif]) -> Integers:
        """Number of windows in which each motif hits at least once, (motifs,)."""
        window = self.window[hits["row"].to_numpy(dtype=np.int64)]
        once = pd.DataFrame({"motif": hits["motif_id"].to_numpy(), "window": window}).drop_duplicates()
        return _count(once["motif"], matrices)


def _count(names: pd.Series, motifs: Sequence[Motif]) -> Integers:  # type: ignore[type-arg]
    counts = names.value_counts()
    return np.array([int(counts.get(motif.name, 0)) for motif in motifs], dtype=np.int64)


def _composition(codes: Codes) -> Doubles:
    """Base frequencies of both strands, (4,)."""
    counts = np.bincount(codes.ravel(), minlength=5)[:4] + 1.0
    return (counts + counts[::-1]) / (2 * counts.sum())


def _of_hits(
    hits: pd.DataFrame, tests: pd.DataFrame, targets: Sequence[Motif], alpha: float, maximum: int
) -> list[Motif]:
    """Matrices of the loci of the most enriched known motifs, one for all that are alike."""
    by_name = {target.name: target for target in targets}
    chosen: list[Motif] = []
    for name in tests[tests["enrichment_q"] < alpha].sort_values("enrichment_p", kind="stable")["target_id"]:
        if len(chosen) == maximum:
            break
        target = by_name[str(name)]
        if not any(similarity([target, other])[0, 1] > 1 - CUT for other in chosen):
            chosen.append(target)
    motifs = []
    for target in chosen:
        letters = hits.loc[hits["motif_id"] == target.name, "matched_sequence"]
        counts = np.zeros((target.width, 4), dtype=np.int64)
        for word in letters:
            codes = encode(word)
            counts[np.arange(len(codes))[codes < 4], codes[codes < 4]] += 1
        motifs.append(
            Motif(
                name=f"attention_{target.name}",
                ppm=frequencies(counts),
                nsites=float(len(letters)),
                source="attention",
                info={"hits_of": target.name},
            )
        )
    return motifs
