"""match: TOMTOM's own output, an independent slow reference, and awkward input."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.motifs.engines import match_numba as kernels
from motiflens.analyses.motifs.engines.external import match_with
from motiflens.analyses.motifs.engines.match import COLUMNS, match, match_table, match_to_file
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import read_motifs

PAIR = ["Query_ID", "Target_ID"]


@pytest.mark.realdata
@pytest.mark.parametrize("distance", ["ed", "pearson"])
def test_equals_tomtom(shared: Path, tmp_path: Path, distance: str) -> None:
    folder = shared / "gold"
    wanted = pd.read_csv(folder / f"tomtom_{distance}.tsv.gz", sep="\t", comment="#")
    out = tmp_path / "m.tsv"
    queries = read_motifs(folder / "tomtom_queries.meme")
    targets = read_motifs(folder / "jaspar2026_vertebrates.meme.gz")
    assert match_to_file(queries, targets, out, distance=distance, threshold=1) == (40760, 40)
    found = pd.read_csv(out, sep="\t")
    assert tuple(found.columns) == COLUMNS
    both = wanted.merge(found, on=PAIR, suffixes=("", "_ours"), validate="one_to_one")
    assert len(both) == len(wanted) == len(found)
    np.testing.assert_allclose(both["p-value_ours"], both["p-value"], rtol=1e-5, atol=0)  # 6 printed digits
    np.testing.assert_allclose(both["E-value_ours"], both["E-value"], rtol=1e-5, atol=0)
    np.testing.assert_allclose(both["q-value_ours"], both["q-value"], rtol=0.01, atol=0)
    for column in ("Optimal_offset", "Overlap", "Orientation", "Query_consensus", "Target_consensus"):
        assert (both[column] == both[f"{column}_ours"]).all(), column
    best = [table.groupby("Query_ID", sort=False)["Target_ID"].first() for table in (wanted, found)]
    pd.testing.assert_series_equal(best[0], best[1])


def test_two_targets_have_q_of_benjamini_and_hochberg() -> None:
    """Of so few p-values no share of nulls is estimated: q was .037 where TOMTOM's is .22.

    The family is that of both strands, four p-values of which the table shows the better of each target.
    """
    query, *targets = jaspar(ids=["MA0139.2", "MA0138.3", "MA0095.4"])
    found = match_table([query], targets, threshold=1)
    p, q = found["p-value"].to_numpy(), found["q-value"].to_numpy()
    assert (q >= [min(2 * p[0], p[1]), p[1]]).all()
    assert (q <= np.minimum(4 * p, 1) * (1 + 1e-6)).all()
    turned = match_table([query], [target.reverse_complement() for target in targets], threshold=1)
    np.testing.assert_allclose(turned["q-value"], q, rtol=1e-6, atol=0)
    best = match_table([targets[0]], targets, threshold=1).iloc[0]
    assert best["q-value"] == pytest.approx(4 * best["p-value"], rel=1e-4)  # the least of four


def _slow_match(query: np.ndarray, targets: list[np.ndarray], distance: str) -> list[tuple[float, int, int, str]]:
    """(p, offset, overlap, strand) of each target, by plain loops and explicit densities."""

    def similarity(a: np.ndarray, b: np.ndarray) -> float:
        if distance == "ed":
            return -float(np.sqrt(((a - b) ** 2).sum()))
        a, b = a - a.mean(), b - b.mean()
        norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
        return float(a @ b) / norm if norm > 1e-14 else 0.0

    width = len(query)
    pool = [column for t in targets for column in t] + [column[::-1] for t in targets for column in t]
    raw = np.array([[similarity(q, column) for column in pool] for q in query])
    medians = np.sort(raw, axis=1)[:, (len(pool) - 1) // 2]
    low = np.floor((raw - medians[:, None]).min())
    scale = np.floor(100 / max((raw - medians[:, None]).max() - low, 1.0))
    zero = int(-low * scale)

    def step(i: int, column: np.ndarray) -> int:
        return int(np.floor((similarity(query[i], column) - medians[i] - low) * scale + 0.5))

    density: list[dict[int, float]] = []
    for i in range(width):
        counts: dict[int, float] = {}
        for column in pool:
            s = step(i, column) - zero
            counts[s] = counts.get(s, 0.0) + 1 / len(pool)
        density.append(counts)

    def at_least(first: int, last: int, score: int) -> float:
        sums = {0: 1.0}
        for i in range(first, last):
            new: dict[int, float] = {}
            for (s, p), (t, q) in product(sums.items(), density[i].items()):
                new[s + t] = new.get(s + t, 0.0) + p * q
            sums = new
        return sum(p for s, p in sums.items() if s >= score)

    found = []
    for target in targets:
        w, best = len(target), (2.0, 0, 0, "")
        for strand, columns in (("+", target), ("-", target[::-1, ::-1])):
            options = []
            for start in range(width - 1, -w, -1):
                first, last = max(0, start), min(width, start + w)
                score = sum(step(i, columns[i - start]) - zero for i in range(first, last))
                options.append((score, last - first, start))
            score, overlap, start = max(options)
            miss = 1.0
            for other in range(-w + 1, width):
                miss *= 1 - at_least(max(0, other), min(width, other + w), score)
            p = np.float32(1 - miss**2)
            if p < best[0] or (p == best[0] and overlap > best[2]):
                best = (float(p), -start, overlap, strand)
        found.append(best)
    return found


@pytest.mark.parametrize("distance", ["ed", "pearson"])
@pytest.mark.parametrize("width", [1, 3, 6, 9])
def test_equals_slow_reference(rng: np.random.Generator, distance: str, width: int) -> None:
    ppms = [rng.dirichlet(np.full(4, 0.7), w) for w in (1, 2, 4, 5, 6, 8)] + [np.full((3, 4), 0.25)]
    ppms.append(np.eye(4)[rng.integers(0, 4, 5)])
    targets = [Motif(f"t{i}", ppm, nsites=1e12) for i, ppm in enumerate(ppms)]  # no pseudocounts to speak of
    query = Motif("q", rng.dirichlet(np.full(4, 0.7), width), nsites=1e12)
    table = match_table([query], targets, distance=distance, threshold=1).set_index("Target_ID")
    for target, (p, offset, overlap, strand) in zip(targets, _slow_match(query.ppm, ppms, distance), strict=True):
        row = table.loc[target.name]
        np.testing.assert_allclose(row["p-value"], p, rtol=1e-4, atol=1e-6)
        assert row["E-value"] == pytest.approx(row["p-value"] * len(targets))
        if p < 0.999:  # beyond, strands tie by single-precision rounding
            assert (row["Optimal_offset"], row["Overlap"], row["Orientation"]) == (offset, overlap, strand)


def test_finds_itself_on_either_strand(rng: np.random.Generator) -> None:
    targets = jaspar()[::10]
    for query in (targets[3], targets[20], targets[50]):
        for asked, strand in ((query, "+"), (query.reverse_complement(), "-")):
            best = match_table([asked], targets).iloc[0]
            assert best["Target_ID"] == query.name
            assert (best["Optimal_offset"], best["Overlap"]) == (0, query.width)
            palindrome = np.abs(query.ppm - query.ppm[::-1, ::-1]).max() < 0.2
            assert palindrome or best["Orientation"] == strand


def test_strand_of_queries_and_targets(rng: np.random.Generator) -> None:
    """The other strand of every target: the same p, offsets as they are, orientations turned over."""
    queries = [Motif(f"q{i}", rng.dirichlet(np.full(4, 0.5), w)) for i, w in enumerate((5, 12, 30))]
    targets = jaspar()[:60]
    one = match_table(queries, targets, threshold=1).set_index(PAIR)
    other = (
        match_table(queries, [t.reverse_complement() for t in targets], threshold=1).set_index(PAIR).loc[one.index]
    )
    np.testing.assert_allclose(one["p-value"], other["p-value"], rtol=1e-6, atol=0)
    clear = one["p-value"] < 0.05
    assert clear.sum() > 3
    assert (one["Orientation"][clear] != other["Orientation"][clear]).all()
    assert (one["Optimal_offset"][clear] == other["Optimal_offset"][clear]).all()


def test_small_p_values_keep_their_precision() -> None:
    """A long motif that finds itself: p far below 1e-16."""
    targets = jaspar()
    query = next(motif for motif in targets if motif.name == "MA1929.2")
    best = match_table([query], targets, threshold=1e-6).iloc[0]
    assert best["Target_ID"] == "MA1929.2"
    assert 0 < best["p-value"] < 1e-20


def test_thresholds_and_threads(rng: np.random.Generator) -> None:
    targets = jaspar()[:200]
    queries = targets[:3]
    every = match_table(queries, targets, threshold=1, threads=1)
    assert len(every) == 600
    pd.testing.assert_frame_equal(every, match_table(queries, targets, threshold=1, threads=3))
    some = match_table(queries, targets, threshold=0.05)
    pd.testing.assert_frame_equal(some, every[every["q-value"] <= 0.05].reset_index(drop=True))
    by_e = match_table(queries, targets, threshold=10, evalue=True)
    pd.testing.assert_frame_equal(by_e, every[every["E-value"] <= 10].reset_index(drop=True))


def test_memelite_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    """memelite's arrays become TOMTOM's columns (the program itself compiles for a minute; see the benchmark)."""
    import memelite

    def answer(queries: list[np.ndarray], targets: list[np.ndarray]) -> tuple[np.ndarray, ...]:
        assert queries[0].shape == (4, 2)
        assert len(targets) == 2
        p, offsets, overlaps = np.array([[0.5, 1e-6]]), np.array([[1.0, -2.0]]), np.array([[1.0, 2.0]])
        return p, p * 0, offsets, overlaps, np.array([[0.0, 1.0]])

    monkeypatch.setattr(memelite, "tomtom", answer)
    query = Motif("q", np.eye(4)[[0, 1]])
    targets = [Motif("t0", np.eye(4)[[2, 2]]), Motif("t1", np.eye(4)[[0, 0, 2, 3]])]
    table = match_with("memelite", [query], targets, threshold=1)
    assert list(table.columns) == list(COLUMNS)
    assert table["Target_ID"].tolist() == ["t1", "t0"]
    assert table.iloc[0].tolist()[2:5] == [-2, 1e-6, 2e-6]
    assert table.iloc[0].tolist()[6:] == [2, "AC", "ACTT", "-"]
    assert len(match_with("memelite", [query], targets, threshold=1e-5, evalue=True)) == 1
    with pytest.raises(ValueError, match="ed only"):
        match_with("memelite", [query], targets, distance="pearson")
    with pytest.raises(ValueError, match="engine 'meme'"):
        match_with("meme", [query], targets)


def test_bad_options() -> None:
    motif = Motif("m", np.full((3, 4), 0.25))
    with pytest.raises(ValueError, match="0 queries"):
        match_table([], [motif])
    with pytest.raises(ValueError, match="0 targets"):
        match_table([motif], [])
    with pytest.raises(ValueError, match="distance 'kl'"):
        match_table([motif], [motif], distance="kl")
    for threshold in (-0.1, 1.5, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="threshold"):
            match_table([motif], [motif], threshold=threshold)
    with pytest.raises(ValueError, match="threads"):
        match_table([motif], [motif], threads=0)


def test_flat_motifs() -> None:
    """Columns without variance correlate with nothing; by ed they equal a target's flat stretch (MA0140.3)."""
    flat = Motif("flat", np.full((8, 4), 0.25))
    targets = jaspar()[:100]
    tables = {name: match_table([flat], targets, distance=name, threshold=1) for name in ("ed", "pearson")}
    for table in tables.values():
        assert np.isfinite(table[["p-value", "E-value", "q-value"]].to_numpy(dtype=float)).all()
    assert (tables["pearson"]["p-value"] == 1).all()
    assert tables["ed"].iloc[0]["Target_ID"] == "MA0140.3"


def test_match_warns_once_of_what_means_little() -> None:
    """A flat matrix "matches" MA0140.3 at q < .05: the command said so, Python did not."""
    flat = [Motif(f"flat{i}", np.full((8, 4), 0.25)) for i in range(7)]
    targets = jaspar()[:100]
    with pytest.warns(UserWarning, match="too little information") as caught:
        table = match([*flat, targets[0]], targets, threshold=1)
    assert [str(one.message) for one in caught] == [
        "7 of 8 queries hold too little information for a match to mean anything "
        "(flat0, flat1, flat2, flat3, flat4, …)"
    ]
    assert caught[0].filename == __file__, "it points at who calls"
    pd.testing.assert_frame_equal(table, match_table([*flat, targets[0]], targets, threshold=1))
    match(targets[:2], targets, threshold=1)  # nothing to warn of: a warning is an error here
    with pytest.warns(
        UserWarning, match="fewer than 50 targets: p-values, made from the targets' columns, are coa"
    ):
        match(targets[:2], targets[:49], threshold=1)


def test_null_queries_are_calibrated(rng: np.random.Generator) -> None:
    """Queries made of the targets' own columns in random order: p is uniform or conservative."""
    targets = jaspar()
    pool = np.concatenate([motif.ppm for motif in targets])
    queries = [
        Motif(f"q{i}", pool[rng.integers(0, len(pool), int(rng.integers(6, 16)))], nsites=1000.0)
        for i in range(20)
    ]
    p = match_table(queries, targets, threshold=1)["p-value"].to_numpy()
    for level in (0.01, 0.05, 0.2):
        assert (p <= level).mean() < 1.25 * level


class TestKernels:
    """The array functions by themselves."""

    def test_lower_median(self, rng: np.random.Generator) -> None:
        for n in (1, 2, 3, 10, 1001):
            for values in (rng.normal(size=n), np.round(rng.normal(size=n)), np.zeros(n)):
                both = np.stack((values, -values))
                medians, room = np.empty(2), (np.empty(n, dtype=np.int32), np.empty(n))
                counts = np.empty(kernels.MEDIAN_BINS, dtype=np.int64)
                kernels.lower_medians(both, both.min(axis=1), both.max(axis=1), medians, counts, *room)
                assert medians.tolist() == np.sort(both, axis=1)[:, (n - 1) // 2].tolist()

    def test_convolve(self, rng: np.random.Generator) -> None:
        for n, m in product((1, 2, 3, 4, 5, 17), (1, 3, 4, 6, 9)):
            left, right, out = rng.random(n), rng.random(m), np.full(n + m + 3, 7.0)
            kernels.convolve(left, right, out)
            np.testing.assert_allclose(out[: n + m - 1], np.convolve(left, right), rtol=1e-13, atol=0)
            assert (out[n + m - 1 :] == 7).all()
