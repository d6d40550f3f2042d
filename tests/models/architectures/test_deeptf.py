"""DeepTF against a forward pass written out in loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from motiflens.models import build
from motiflens.models.types import Doubles

LENGTH, N, POOL = 23, 2, 4


def sigmoid(x: Doubles) -> Doubles:
    return np.asarray(1 / (1 + np.exp(-x)))


def lstm(x: Doubles, inputs: Doubles, hidden: Doubles, bias: Doubles) -> Doubles:
    """The state after the last step of (T, D); gates i, f, g, o."""
    state = cell = np.zeros(hidden.shape[1])
    for step in x:
        i, f, g, o = np.split(inputs @ step + hidden @ state + bias, 4)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        state = sigmoid(o) * np.tanh(cell)
    return np.asarray(state)


def slow(weights: dict[str, Doubles], bases: str) -> Doubles:
    """Logits of one window, from its letters."""
    places = len(bases) - N + 1
    words = np.zeros((4**N, places))
    for at in range(places):
        word = bases[at : at + N]
        if "N" not in word:
            words[int("".join(str("ACGT".index(base)) for base in word), 4), at] = 1
    rows = []
    for number in range(2):
        kernels, bias = weights[f"convolutions.{number}.weight"], weights[f"convolutions.{number}.bias"]
        half = kernels.shape[2] // 2
        padded = np.pad(words, ((0, 0), (half, half)))
        for kernel, add in zip(kernels, bias, strict=True):
            seen = [(kernel * padded[:, at : at + kernel.shape[1]]).sum() + add for at in range(places)]
            rows.append([max(0.0, *seen[at : at + POOL]) for at in range(0, places - POOL + 1, POOL)])
    pooled = np.array(rows).T  # T, D
    ends = []
    for name, steps in (("", pooled), ("_reverse", pooled[::-1])):
        parts = [weights[f"lstm.{kind}_l0{name}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        ends.append(lstm(steps, parts[0], parts[1], parts[2] + parts[3]))
    dense = np.maximum(weights["dense.weight"] @ np.concatenate(ends) + weights["dense.bias"], 0)
    return np.asarray(weights["output.weight"] @ dense + weights["output.bias"])


def test_equals_a_slow_forward(rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"n": N, "kernels": 3, "kernel_sizes": (3, 5), "pool": POOL, "units": 4, "dense": 5}
    model = build("deeptf", length=LENGTH, outputs=2, **sizes).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    weights = {name: value.double().numpy() for name, value in model.state_dict().items()}
    for _ in range(3):
        bases = "".join(rng.choice(list("ACGTN"), LENGTH, p=[0.24] * 4 + [0.04]))
        x = torch.tensor([[[float(base == letter) for base in bases] for letter in "ACGT"]])
        with torch.no_grad():
            np.testing.assert_allclose(model(x)[0].double().numpy(), slow(weights, bases), rtol=1e-4, atol=1e-5)
