"""What attended places hold: counts by hand, and no discovery where only the composition differs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.motifs.attended import attended, shuffled_control, site_names
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.subsequences import DRAWS, Subsequences
from motiflens.models.data.one_hot import encode, reverse_complement
from motiflens.models.types import Codes, Integers

WIDTH = 20


def known(word: str, name: str) -> Motif:
    ppm = np.full((len(word), 4), 0.01)
    ppm[np.arange(len(word)), encode(word)] = 0.97
    return Motif(name, ppm, alt=name)


def subsequences(
    codes: Codes, window: Integers, start: Integers, strand: list[str], other: Codes | None = None
) -> Subsequences:
    """Places of windows, (windows, L) codes; the background is `other` (places, WIDTH), or poly-A."""
    cut = codes[window[:, None], start[:, None] + np.arange(WIDTH)]
    turned = np.array(strand) == "-"
    cut[turned] = reverse_complement(cut[turned])
    background = np.zeros_like(cut) if other is None else other
    table = pd.DataFrame({"window": window, "start": start, "end": start + WIDTH, "strand": strand})
    nothing = np.zeros((0, 0), dtype=np.float32)
    return Subsequences(
        attended=cut,
        matched=np.stack([background] * DRAWS),
        least=np.zeros_like(cut),
        table=table,
        profile=nothing,
        positions=np.zeros(0),
        dnase=None,
        windows=np.unique(window),
        left_out={},
    )


def test_sites_loci_and_windows_by_hand() -> None:
    """Window 0 and 1 lie 10 bp apart on one chromosome and share a palindrome; window 2 has two sites."""
    genome = np.zeros(200, np.uint8)
    word = encode("CCACGTGG")  # its own reverse complement
    for at in (30, 110, 140):
        genome[at : at + 8] = word
    codes = np.stack([genome[0:90], genome[10:100], genome[100:190]])
    windows = pd.DataFrame({"chrom": "chr1", "start": [0, 10, 100], "name": ["a", "b", "c"]})
    window, start = np.array([0, 1, 2, 2]), np.array([25, 14, 5, 33])
    sites = subsequences(codes, window, start, ["+", "-", "+", "-"])
    found = attended(sites, windows, [known("CCACGTGG", "E")], alpha=1.1)
    row = found.known.iloc[0]
    assert (row["sites"], row["loci"], row["windows"]) == (4, 3, 3)
    assert len(found.hits) == 4
    assert found.hits["sequence_name"].tolist()[0] == "chr1:25-45(+)"
    assert found.motifs[0].nsites == 3
    no_genome = windows.assign(chrom=None)
    assert attended(sites, no_genome, [known("CCACGTGG", "E")]).known.iloc[0]["loci"] == 4


def test_background_counts_by_hand() -> None:
    """Each background has a column of its own, and the greater of two is tested."""
    rng = np.random.default_rng(0)
    codes = np.zeros((60, 40), np.uint8)
    codes[:, 10:18] = encode("TGACTCAT")
    window = np.arange(60)
    other = np.zeros((60, WIDTH), np.uint8)
    other[:7, 3:11] = encode("TGACTCAT")
    sites = subsequences(codes, window, np.full(60, 5), ["+"] * 60, other)
    least = np.zeros((60, WIDTH), np.uint8)
    least[:11, 3:11] = encode("TGACTCAT")
    sites = Subsequences(**{**vars(sites), "least": least})
    windows = pd.DataFrame({"name": [str(i) for i in range(60)]})
    row = attended(sites, windows, [known("TGACTCAT", "A")]).known.iloc[0]
    assert (row["windows"], row["matched_windows"], row["least_windows"]) == (60, 7, 11)
    assert row["shuffled_windows"] < 7
    np.testing.assert_allclose(row["enrichment"], (60.5 / 61) / ((DRAWS * 7 + 0.5) / (DRAWS * 60 + 1)), rtol=1e-12)
    same = Subsequences(**{**vars(sites), "matched": np.stack([sites.attended] * DRAWS)})
    assert attended(same, windows, [known("TGACTCAT", "A")]).known.iloc[0]["enrichment_p"] > 0.4
    flat = rng.integers(0, 4, (60, WIDTH)).astype(np.uint8)
    wide = Subsequences(**{**vars(sites), "attended": flat})
    with pytest.raises(ValueError, match="wider than the 20 bp"):
        attended(wide, windows, [known("A" * 30, "wide")])


def gradient(rng: np.random.Generator, count: int = 400) -> Codes:
    """Windows that are rich in G and C in their middle and poor at their ends; nothing else is in them."""
    share = 0.25 + 0.35 * np.exp(-(((np.arange(200) - 100) / 35.0) ** 2))
    strong = rng.random((count, 200)) < share
    return np.where(strong, rng.integers(1, 3, (count, 200)), 3 * rng.integers(0, 2, (count, 200))).astype(
        np.uint8
    )


def places_of(codes: Codes, rng: np.random.Generator) -> Subsequences:
    """Attend to the middle, about; compare with other places of the windows, whatever their composition."""
    window = np.arange(len(codes))
    start = rng.integers(80, 101, len(codes))
    away = codes[window[:, None], rng.integers(0, 41, len(codes))[:, None] + np.arange(WIDTH)]
    return subsequences(codes, window, start, ["+"] * len(codes), away)


def test_composition_alone_enriches_nothing() -> None:
    targets, windows = jaspar()[::4], pd.DataFrame({"name": [str(i) for i in range(400)]})
    discoveries = []
    for repeat in range(2):
        rng = np.random.default_rng(repeat)
        sites = places_of(gradient(rng), rng)
        found = attended(sites, windows, targets, seed=repeat).known
        discoveries.append(int((found["enrichment_q"] < 0.05).sum()))
        assert found["matched_windows"].sum() < 0.7 * found["windows"].sum()  # what was tested against before
    assert discoveries == [0, 0]
    assert shuffled_control(sites, windows, targets, repeats=1) == (0,)


def test_a_planted_motif_is_found_in_spite_of_the_composition() -> None:
    rng = np.random.default_rng(9)
    codes = gradient(rng)
    codes[::5, 96:104] = encode("TGACTCAT")
    sites = places_of(codes, rng)
    targets, windows = jaspar()[::4], pd.DataFrame({"name": [str(i) for i in range(400)]})
    table = attended(sites, windows, targets).known
    best = table.sort_values("enrichment_p")["target_id"].iloc[0]
    assert next(target for target in targets if target.name == best).family.startswith(
        ("Fos", "Jun", "B-ATF", "Maf")
    )
    assert shuffled_control(sites, windows, targets, repeats=1) == (0,)


def test_sites_are_named_by_the_genome_where_it_is_known_and_by_the_window_otherwise() -> None:
    sites = pd.DataFrame({"window": [1, 0], "start": [5, 30], "end": [25, 50], "strand": ["+", "-"]})
    windows = pd.DataFrame({"name": ["a", "b"], "chrom": ["chr1", "chr2"], "start": [100, 2_000]})
    assert site_names(sites, windows) == ["chr2:2005-2025(+)", "chr1:130-150(-)"]
    assert site_names(sites, windows[["name"]]) == ["b:5-25(+)", "a:30-50(-)"]
    unknown = windows.assign(chrom=[None, "chr2"])
    assert site_names(sites, unknown) == ["b:5-25(+)", "a:30-50(-)"]
