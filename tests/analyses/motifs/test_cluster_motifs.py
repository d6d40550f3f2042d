"""How many are distinct: kernels by their own letters, known motifs by theirs."""

from __future__ import annotations

import numpy as np

from motiflens.analyses.motifs.cluster_motifs import cluster_motifs
from motiflens.analyses.motifs.motif import Motif
from motiflens.models.data.one_hot import encode


def word(letters: str, name: str) -> Motif:
    ppm = np.full((len(letters), 4), 0.02)
    ppm[np.arange(len(letters)), encode(letters)] = 0.94
    return Motif(name, ppm)


def test_every_matching_kernel_counts_at_distance_0() -> None:
    """TBiNet's Table 5: kernels that name one matrix are one motif only where their own letters are alike."""
    kernels = [
        word("TTTCACGTGAAA", "kernel_0"),
        word("TTTCACGTGAAA", "kernel_1"),  # the same letters
        word("GGTTTCACGTGC", "kernel_2"),  # the same motif, three letters off
        word("ACCATGGACAGC", "kernel_3"),
    ]
    trees = cluster_motifs([], kernels, [word("CACGTG", "MA1")] * 3).trees
    assert trees["matched"]["distinct"]["0"] == 4
    assert trees["matched"]["consensus"][0] == "TTTCACGTGAAA"
    counts = list(trees["matched"]["distinct"].values())
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < 4
    assert trees["matched"]["labels"] == [kernel.name for kernel in kernels]
    assert trees["targets"]["distinct"]["0"] == 1
    nothing = cluster_motifs([], [], []).trees
    assert nothing["matched"]["distinct"] == {"0": 0, "3": 0, "5": 0, "10": 0}
