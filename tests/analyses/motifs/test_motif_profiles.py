"""Single motifs: places, strands and DNase by hand; their pictures, and the kernels below a logo."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from motiflens.analyses.figures.aligned_kernels import aligned_to
from motiflens.analyses.motifs.attended import Attended
from motiflens.analyses.motifs.find_motifs import find_motifs
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.analyses.motifs.motif_profiles import AROUND, motif_profiles
from motiflens.analyses.motifs.subsequences import Subsequences
from motiflens.analyses.motifs.write_folder import write_folder
from motiflens.analyses.report import build_report
from motiflens.models.data.one_hot import encode


def test_places_and_strands_by_hand() -> None:
    """Windows 5 and 9; the second's place was read on the reverse strand."""
    length, width = 400, 20
    table = pd.DataFrame({"window": [5, 9, 9], "start": [100, 200, 300], "strand": ["+", "-", "+"]})
    dnase = np.arange(2 * length, dtype=np.float32).reshape(2, length)
    empty = np.zeros((3, width), np.uint8)
    sites = Subsequences(
        attended=empty,
        matched=np.stack([empty, empty]),
        least=empty,
        table=table,
        profile=np.arange(8, dtype=np.float32).reshape(2, 4),
        positions=np.arange(4.0),
        dnase=dnase,
        windows=np.array([5, 9]),
        left_out={},
    )
    hits = pd.DataFrame(
        {
            "motif_id": ["A", "A", "A", "B"],
            "start": [3, 5, 1, 1],
            "stop": [10, 12, 8, 8],
            "strand": ["-", "+", "+", "+"],
            "p-value": [1e-5, 1e-6, 1e-5, 1e-5],
        }
    )
    made = Motif("attention_A", np.full((8, 4), 0.25), info={"hits_of": "A"})
    found = Attended(hits, pd.DataFrame(), pd.DataFrame(), np.array([0, 1, 2, 0]), (made,))
    (profile,) = motif_profiles(sites, found, {"A": "CTCF"})
    # hit 0: 102 to 110 of window 5; hit 1: letters 4 to 12 of the reversed 200 to 220 are 208 to 216 of window 9
    assert profile.places.tolist() == [106, 212]
    assert profile.label == "CTCF"
    np.testing.assert_array_equal(profile.attention, sites.profile)
    assert profile.dnase is not None
    np.testing.assert_array_equal(profile.dnase, dnase)
    assert profile.around is not None
    assert profile.around.shape == (3, 2 * AROUND + 1)
    middle = profile.around[:, AROUND]
    assert middle.tolist() == [612, 106, 704]  # by p: 212 and 304 of the second window, 106 of the first
    steps = profile.around[:, AROUND + 1] - middle
    assert steps.tolist() == [-1, -1, 1]  # + on a reversed place and - on a forward one run backwards
    assert np.isnan(profile.around[1, -1]).item()  # beyond the window's start


def test_kernels_below_a_logo() -> None:
    """A kernel of the target's other strand is turned, and stands where its letters are the target's."""
    word = "TTGACTCATAAC"

    def motif(letters: str, name: str) -> Motif:
        ppm = np.full((len(letters), 4), 0.02)
        ppm[np.arange(len(letters)), encode(letters)] = 0.94
        return Motif(name, ppm)

    target = motif(word, "T")
    forward = motif(word[3:9], "forward")
    reverse = motif(word[2:9], "reverse").reverse_complement()
    turned = len(word) - 9  # where it begins in the reversed target
    rows = pd.DataFrame(
        [("forward", "+", 3, 0.01), ("reverse", "-", turned, 0.02)],
        columns=["motif_id", "orientation", "offset", "target_q"],
    )
    placed = aligned_to(target, [forward, reverse], rows)
    assert [one.offset for one in placed] == [3, 2]
    for one in placed:
        at = slice(one.offset, one.offset + one.motif.width)
        np.testing.assert_array_equal(one.shown.ppm.argmax(axis=1), target.ppm[at].argmax(axis=1))


def test_pictures_are_written_and_shown(tmp_path: Path, planted: ModuleType) -> None:
    data = planted.dataset(np.random.default_rng(0))
    options = MotifOptions(routes=("kernels", "attention"), untrained=0)
    targets = jaspar(ids=[planted.FACTORS["CTCF"], "MA0138.3", "MA0095.3"])
    findings = find_motifs(planted.run(tmp_path), data, targets=targets, options=options)
    folder = write_folder(tmp_path / "out", findings)
    captions = json.loads((folder / "figures" / "captions.json").read_text())
    assert {"attention_MA0139.2", "kernels_MA0139.2"} <= set(captions)
    for name in captions:
        assert (folder / "figures" / f"{name}.svg").is_file()
        assert (folder / "figures" / f"{name}.png").stat().st_size > 10_000
    with np.load(folder / "motif_profiles.npz") as arrays:
        count = len(arrays["places/MA0139.2"])
        assert len(arrays["attention/MA0139.2"]) == len(arrays["dnase/MA0139.2"]) == count
        assert arrays["around/MA0139.2"].shape == (2 * AROUND + 1,)
    page = build_report([folder], folder / "report.html").read_text()
    assert page.count('src="data:image/png') >= len(captions)
    assert f"the {count:,} windows whose attended place holds it" in page
