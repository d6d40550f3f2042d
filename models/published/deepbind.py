"""Import DeepBind's published parameter files (text, ``# deepbind 0.1``)."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from motiflens.models.architectures.deepbind import DeepBind
from motiflens.models.published.load_state import load_state
from motiflens.models.published.published import BASES, Published

SIZES = ("reverse_complement", "num_detectors", "detector_len", "has_avg_pooling", "num_hidden")
ARRAYS = ("detectors", "thresholds", "weights1", "biases1")
HIDDEN = ("weights2", "biases2")
LENGTH = 101  # any length works; this is that of the ChIP-seq peaks of the paper


def import_deepbind(path: Path, *, length: int | None = None) -> Published:
    """Read a DeepBind parameter file.

    Parameters
    ----------
    path
        Text: ``# deepbind 0.1`` and then ``key = value`` lines; arrays are comma-separated numbers.
    length
        Nominal window length in bp (default 101); the model takes any.

    Raises
    ------
    ValueError
        If a key is missing or unknown, or an array has not as many numbers as the sizes say.

    Notes
    -----
    What is computed, after the paper (Alipanahi et al. 2015, Supplementary Notes): the window is padded by
    detector_len − 1 positions on either side; there and in unknown bases each base is 0.25. Response of a detector
    = max(0, Σ detector ⊙ window + threshold); its features are the maximum over positions or, with
    has_avg_pooling, maximum and mean, detector by detector. Score = features · weights1 + biases1 or, with
    num_hidden, max(0, features · weights1 + biases1) · weights2 + biases2; with reverse_complement, the larger
    score of the two strands. Detectors lie detector × position × base A, C, G, T, weights feature × unit. The
    paper subtracts a threshold; the files hold its negative, to be added. No parameter file and no output of the
    published executable was at hand to check these conventions against.
    """
    values = _parse(path)
    sizes = {name: _size(values, name, path) for name in SIZES}
    detectors, width, hidden = sizes["num_detectors"], sizes["detector_len"], sizes["num_hidden"]
    if not detectors or not width:
        raise ValueError(f"{path}: num_detectors and detector_len must be positive")
    features = detectors * (2 if sizes["has_avg_pooling"] else 1)
    kernel = _array(values, "detectors", path, detectors, width, 4)
    threshold = _array(values, "thresholds", path, detectors)
    # 0.25 in unknown bases and beyond the ends = zeros there, with centred kernels and a shifted threshold.
    mean = kernel.mean(dim=2, keepdim=True)
    state = {
        "convolution.weight": (kernel - mean).transpose(1, 2),
        "convolution.bias": threshold + mean.sum(dim=(1, 2)),
    }
    inputs, layer = features, "1"
    if hidden:
        state["hidden.weight"] = _array(values, "weights1", path, features, hidden).T
        state["hidden.bias"] = _array(values, "biases1", path, hidden)
        inputs, layer = hidden, "2"
    state["output.weight"] = _array(values, f"weights{layer}", path, inputs, 1).T
    state["output.bias"] = _array(values, f"biases{layer}", path, 1)
    model = DeepBind(
        length=length or LENGTH,
        kernels=detectors,
        kernel_size=width,
        hidden=hidden,
        average=bool(sizes["has_avg_pooling"]),
        strands="both" if sizes["reverse_complement"] else "forward",
    )
    load_state(model, {name: tensor.float() for name, tensor in state.items()}, path)
    return Published(model.eval(), BASES, (), (path.stem,))


def _parse(path: Path) -> dict[str, str]:
    values: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no DeepBind parameter file: it is not text") from error
    if not lines or not lines[0].lower().startswith("# deepbind"):
        raise ValueError(f"{path} is no DeepBind parameter file: the first line '# deepbind 0.1' is missing")
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals or key not in SIZES + ARRAYS + HIDDEN:
            raise ValueError(f"{path}, line {number}: {key[:40]!r} is no known key")
        if key in values:
            raise ValueError(f"{path}, line {number}: {key} is there twice")
        values[key] = value
    return values


def _size(values: dict[str, str], name: str, path: Path) -> int:
    if name not in values:
        raise ValueError(f"{path} is incomplete: {name} is missing")
    if not values[name].isdigit():
        raise ValueError(f"{path}: {name} is {values[name][:40]!r}, not a whole number")
    return int(values[name])


def _array(values: dict[str, str], name: str, path: Path, *shape: int) -> Tensor:
    if name not in values:
        raise ValueError(f"{path} is incomplete: {name} is missing")
    try:
        numbers = [float(text) for text in values[name].split(",") if text.strip()]
    except ValueError as error:
        raise ValueError(f"{path}: {name} holds something other than numbers ({error})") from error
    if len(numbers) != math.prod(shape):
        sizes = " × ".join(map(str, shape))
        raise ValueError(f"{path}: {name} has {len(numbers)} numbers, expected {sizes} = {math.prod(shape)}")
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"{path}: {name} holds numbers that are not finite")
    return torch.tensor(numbers, dtype=torch.float64).reshape(shape)
