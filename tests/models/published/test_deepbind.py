"""DeepBind's parameter files against an independent, slow score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from motiflens.models import import_published, load
from motiflens.models.architectures.deepbind import DeepBind
from motiflens.models.data.one_hot import encode, one_hot
from motiflens.models.published.importer import import_run


def _write(
    path: Path, rng: np.random.Generator, *, strands: int, average: int, hidden: int
) -> dict[str, np.ndarray]:
    detectors, width = 5, 7
    features = detectors * (1 + average)
    arrays = {
        "detectors": rng.normal(size=(detectors, width, 4)),
        "thresholds": rng.normal(size=detectors) - 1,
        "weights1": rng.normal(size=(features, hidden or 1)),
        "biases1": rng.normal(size=hidden or 1),
    }
    if hidden:
        arrays |= {"weights2": rng.normal(size=hidden), "biases2": rng.normal(size=1)}
    lines = [
        "# deepbind 0.1",
        f"reverse_complement = {strands}",
        f"num_detectors = {detectors}",
        f"detector_len = {width}",
        f"has_avg_pooling = {average}",
        f"num_hidden = {hidden}",
    ]
    lines += [f"{name} = {','.join(repr(float(v)) for v in array.ravel())}" for name, array in arrays.items()]
    path.write_text("\n".join(lines) + "\n")
    return arrays


def _score(text: str, arrays: dict[str, np.ndarray], *, strands: int, average: int, hidden: int) -> float:
    """Base by base, with 0.25 for each base where it is unknown and beyond the ends."""
    scores = []
    for strand in [text, text[::-1].translate(str.maketrans("ACGT", "TGCA"))][: 1 + strands]:
        width = arrays["detectors"].shape[1]
        padded = "N" * (width - 1) + strand + "N" * (width - 1)
        features = []
        for detector, threshold in zip(arrays["detectors"], arrays["thresholds"], strict=True):
            responses = []
            for start in range(len(padded) - width + 1):
                total = threshold
                for j in range(width):
                    base = padded[start + j]
                    total += detector[j].mean() if base == "N" else detector[j]["ACGT".index(base)]
                responses.append(max(0.0, total))
            features.append(max(responses))
            if average:
                features.append(sum(responses) / len(responses))
        out = np.array(features) @ arrays["weights1"] + arrays["biases1"]
        if hidden:
            out = np.maximum(out, 0) @ arrays["weights2"] + arrays["biases2"]
        scores.append(out.item())
    return max(scores)


@pytest.mark.parametrize("hidden", [0, 3])
@pytest.mark.parametrize("average", [0, 1])
@pytest.mark.parametrize("strands", [0, 1])
def test_scores(tmp_path: Path, rng: np.random.Generator, strands: int, average: int, hidden: int) -> None:
    path = tmp_path / "D00001.001.txt"
    arrays = _write(path, rng, strands=strands, average=average, hidden=hidden)
    model = import_published(path)
    assert isinstance(model, DeepBind)
    assert not model.training
    assert model.siamese == bool(strands)
    for length in (1, 6, 7, 20, 101):
        text = "".join(rng.choice(list("ACGTN"), p=[0.23, 0.23, 0.23, 0.23, 0.08], size=length))
        x = torch.from_numpy(one_hot(encode(text)[None])).float()
        expected = _score(text, arrays, strands=strands, average=average, hidden=hidden)
        assert model(x).item() == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_run_of_an_import(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "D00001.001.txt"
    _write(path, rng, strands=1, average=1, hidden=3)
    found = import_run(path, tmp_path / "run", length=40)
    assert found.tasks == ("D00001.001",)
    assert found.channels == ("A", "C", "G", "T")
    x = torch.rand(2, 4, 40)
    assert torch.equal(load(tmp_path / "run")(x), found.model(x))
    assert found.model.length == 40


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# deepbind 0.1", "# homer", "no published model"),
        ("num_hidden = 3\n", "", "num_hidden is missing"),
        ("thresholds = ", "tresholds = ", "line 8: 'tresholds' is no known key"),
        ("thresholds = ", "thresholds = 1,", r"thresholds has 6 numbers, expected 5 = 5"),
        ("\ndetectors = ", "\ndetectors = 1,2,", r"detectors has 142 numbers, expected 5 × 7 × 4 = 140"),
        ("biases2 = ", "biases2 = x", "biases2 holds something other than numbers"),
        ("biases2 = ", "biases2 = nan,", "biases2 has 2 numbers"),
        ("num_detectors = 5", "num_detectors = five", "num_detectors is 'five', not a whole number"),
        ("num_detectors = 5", "num_detectors = 0", "must be positive"),
        ("num_hidden = 3", "num_hidden = 3\nnum_hidden = 3", "num_hidden is there twice"),
    ],
)
def test_damaged_files(tmp_path: Path, rng: np.random.Generator, old: str, new: str, message: str) -> None:
    path = tmp_path / "model.txt"
    _write(path, rng, strands=1, average=0, hidden=3)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        import_published(path)


def test_truncated_files(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "model.txt"
    _write(path, rng, strands=1, average=0, hidden=3)
    lines = path.read_text().splitlines()
    for n in range(1, len(lines)):
        path.write_text("\n".join(lines[:n]))
        missing = lines[n].split(" =")[0]
        with pytest.raises(ValueError, match=f"incomplete: {missing} is missing"):
            import_published(path)
