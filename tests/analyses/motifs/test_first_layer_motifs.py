"""Route 1 against a slow count of the same subsequences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from motiflens.analyses.motifs.first_layer_motifs import (
    KernelSites,
    first_layer_motifs,
    frequencies,
    kernel_motifs,
    kernel_sites,
)
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data.one_hot import encode, one_hot, reverse_complement
from motiflens.models.data.windows import ArrayWindows
from motiflens.models.registry import build, rebuild


class Tiny(SequenceModel):
    """A convolution and no more."""

    def __init__(self, kernels: Tensor, bias: Tensor | None = None, *, length: int, stride: int = 1) -> None:
        super().__init__(length=length, channels=kernels.shape[1], outputs=1, meta=0, hyperparameters={})
        self.convolution = nn.Conv1d(
            kernels.shape[1], len(kernels), kernels.shape[2], bias=bias is not None, stride=stride
        )
        self.convolution.weight.data.copy_(kernels)
        if bias is not None:
            assert self.convolution.bias is not None
            self.convolution.bias.data.copy_(bias)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        return self.convolution(x).amax(dim=(1, 2))[:, None]


class Bare(SequenceModel):
    """A model without a convolution."""

    name = "bare"

    def __init__(self) -> None:
        super().__init__(length=20, channels=4, outputs=1, meta=0, hyperparameters={})
        self.linear = nn.Linear(80, 1)

    def strand(self, x: Tensor, meta: Tensor | None = None) -> Tensor:
        return self.linear(x.flatten(1))


def slow(codes: np.ndarray, weight: np.ndarray, bias: np.ndarray, half: bool) -> tuple[np.ndarray, np.ndarray]:
    """Counts and sites, one window and kernel at a time, in float64."""
    x = one_hot(codes).astype(np.float64)
    count, _, width = weight.shape
    counts, sites = np.zeros((count, width, 4), int), np.zeros(count, int)
    for k in range(count):
        best = []
        for n in range(len(x)):
            scores = [(weight[k] * x[n, :, p : p + width]).sum() + bias[k] for p in range(x.shape[2] - width + 1)]
            best.append((max(scores), int(np.argmax(scores))))
        floor = max(0.0, max(value for value, _ in best) / 2) if half else 0.0
        for n, (value, at) in enumerate(best):
            if value > floor:
                sites[k] += 1
                counts[k] += x[n, :, at : at + width].T.astype(int)
    return counts, sites


@pytest.mark.parametrize("threshold", ["zero", "half"])
def test_equals_a_slow_count(rng: np.random.Generator, threshold: str) -> None:
    codes = rng.integers(0, 5, (37, 30)).astype(np.uint8)
    weight = rng.normal(size=(6, 4, 7))
    bias = rng.normal(size=6) - 4
    model = Tiny(torch.tensor(weight), torch.tensor(bias), length=30).double()
    windows = ArrayWindows(codes, np.zeros(37, np.float32))
    found = kernel_sites(
        model.convolution,
        lambda: iter([(codes[:20], windows.signals(np.arange(20))), (codes[20:], windows.signals(np.arange(17)))]),
        kernel_threshold=threshold,  # type: ignore[arg-type]
    )
    counts, sites = slow(codes, weight, bias, threshold == "half")
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_array_equal(found.sites, sites)
    assert 0 < sites.sum() < 6 * 37
    assert found.positions.sum() == sites.sum()
    motifs = first_layer_motifs(model, windows, kernel_threshold=threshold, batch_size=5)  # type: ignore[arg-type]
    for motif in motifs:
        k = int(motif.info["channel"])
        np.testing.assert_allclose(motif.ppm, frequencies(counts[k]), rtol=0, atol=1e-12)
        assert motif.nsites == sites[k]


def test_finds_a_planted_word_on_both_strands(rng: np.random.Generator) -> None:
    word = encode("GATTACA")
    codes = rng.integers(0, 4, (200, 60)).astype(np.uint8)
    for row in range(200):
        at = rng.integers(0, 53)
        codes[row, at : at + 7] = word if row % 2 else reverse_complement(word)
    weight = torch.tensor(one_hot(word) - 0.9)[None]
    windows = ArrayWindows(codes, np.ones(200, np.float32))
    model = Tiny(weight, torch.tensor([-0.1]), length=60)
    (forward,) = first_layer_motifs(model, windows)
    (both,) = first_layer_motifs(model, windows, both_strands=True)
    assert forward.nsites is not None
    assert 200 <= both.nsites < 210
    assert 100 <= forward.nsites < 110
    np.testing.assert_array_equal(both.ppm.argmax(axis=1), word)
    assert both.ppm.max(axis=1).min() == 1


def test_stride_dilation_and_signals(rng: np.random.Generator) -> None:
    codes = rng.integers(0, 4, (10, 24)).astype(np.uint8)
    signal = np.zeros((10, 24), np.float32)
    signal[:, 12] = 50.0  # makes the window that starts at 12 the best
    windows = ArrayWindows(codes, np.zeros(10, np.float32), signals={"dnase": signal})
    weight = torch.zeros(1, 5, 3)
    weight[0, 4, 0] = 1.0
    model = Tiny(weight, length=24, stride=4)
    (motif,) = first_layer_motifs(model, windows)
    np.testing.assert_allclose(
        motif.ppm, frequencies(one_hot(codes[:, 12:15]).sum(axis=0).T.astype(int)), rtol=0, atol=1e-12
    )
    model.convolution.dilation = (2,)
    (motif,) = first_layer_motifs(model, windows)
    np.testing.assert_allclose(
        motif.ppm, frequencies(one_hot(codes[:, 12:17:2]).sum(axis=0).T.astype(int)), rtol=0, atol=1e-12
    )


def test_signals_are_scaled_as_the_model_scales_them(rng: np.random.Generator) -> None:
    model = build("factornet", length=50, channels=5, kernels=6, kernel_size=8, units=2, dense=4, log_signals=True)
    codes = rng.integers(0, 4, (30, 50)).astype(np.uint8)
    track = (100 * rng.random((30, 50))).astype(np.float32)
    made, plain = (
        first_layer_motifs(one, ArrayWindows(codes, np.zeros(30, np.float32), signals={"dnase": signal}))
        for one, signal in (
            (model, track),
            (rebuilt(model, log_signals=False), np.log1p(track)),
        )
    )
    assert [motif.nsites for motif in made] == [motif.nsites for motif in plain]
    for a, b in zip(made, plain, strict=True):
        np.testing.assert_array_equal(a.ppm, b.ppm)


def rebuilt(model: SequenceModel, **changes: object) -> SequenceModel:
    """The same weights with other hyperparameters."""
    twin = rebuild({**model.config, "hyperparameters": {**model.config["hyperparameters"], **changes}})
    twin.load_state_dict(model.state_dict())
    return twin


def test_leaves_the_model_as_it_was(rng: np.random.Generator) -> None:
    model = Tiny(torch.tensor(rng.normal(size=(2, 4, 5))).float(), length=20).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first_layer_motifs(model, ArrayWindows(rng.integers(0, 4, (9, 20)).astype(np.uint8), np.zeros(9, np.float32)))
    assert model.training
    assert model.convolution.weight.grad is None
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        (ArrayWindows(np.zeros((3, 4), np.uint8), np.zeros(3)), "shorter than the kernels' 5 bp"),
        (ArrayWindows(np.full((3, 9), 4, np.uint8), np.zeros(3)), "no sequences with a known base"),
        (ArrayWindows(np.full((3, 9), 1, np.uint8), np.zeros(3)), "none of the 1 kernels is activated"),
    ],
)
def test_bad_windows(windows: ArrayWindows, message: str) -> None:
    model = Tiny(torch.full((1, 4, 5), -1.0), length=9)
    with pytest.raises(ValueError, match=message):
        first_layer_motifs(model, windows)


def test_one_window_gives_one_site() -> None:
    model = Tiny(torch.ones(1, 4, 3), length=9)
    (motif,) = first_layer_motifs(model, ArrayWindows(encode("ACGTACGTA")[None], np.zeros(1)))
    assert motif.nsites == 1


def test_a_model_without_convolution_is_named() -> None:
    with pytest.raises(ValueError, match="bare has no first convolution"):
        first_layer_motifs(Bare(), ArrayWindows(np.zeros((3, 20), np.uint8), np.zeros(3)))


@pytest.mark.parametrize(("kernels", "digits"), [(1000, 3), (1001, 4)])
def test_names_of_kernels_sort_as_their_numbers(kernels: int, digits: int) -> None:
    sites = KernelSites(
        counts=np.ones((kernels, 2, 4), dtype=np.int64),
        sites=np.ones(kernels, dtype=np.int64),
        maximum=np.ones(kernels, dtype=np.float32),
        positions=np.ones((kernels, 1), dtype=np.int64),
    )
    names = [motif.name for motif in kernel_motifs(sites, windows=1, both_strands=False)]
    assert names[1] == f"kernel_{'1'.zfill(digits)}"
    assert names == sorted(names)
