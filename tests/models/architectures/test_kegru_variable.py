"""Sequences of different lengths: padding cannot leak through, on either strand, in either GRU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from motiflens.models import build, train
from motiflens.models.architectures.base import reverse_complement
from motiflens.models.data.one_hot import one_hot
from motiflens.models.data.open_dataset import open_dataset
from motiflens.models.recipes import Recipe
from motiflens.models.strands import both_strands

LENGTHS = (5, 9, 12, 23, 40)


def padded(codes: np.ndarray, before: int, total: int) -> torch.Tensor:
    out = np.full((1, total), 4, dtype=np.uint8)
    out[0, before : before + len(codes)] = codes
    return torch.from_numpy(one_hot(out))


@pytest.mark.parametrize("reset_after", [False, True])
@pytest.mark.parametrize("join", ["concatenate", "product"])
def test_padding_does_not_leak(reset_after: bool, join: str) -> None:
    torch.manual_seed(0)
    model = build(
        "kegru", length=40, units=6, dimension=5, join=join, reset_after=reset_after, variable=True
    ).eval()
    rng = np.random.default_rng(0)
    sequences = [rng.integers(0, 4, n) for n in LENGTHS]
    alone = torch.cat([model(padded(codes, 0, len(codes))) for codes in sequences])
    plain = build("kegru", length=40, units=6, dimension=5, join=join, reset_after=reset_after).eval()
    plain.load_state_dict(model.state_dict())
    expected = torch.cat([plain(padded(codes, 0, len(codes))) for codes in sequences])
    torch.testing.assert_close(alone, expected, rtol=1e-5, atol=1e-6)
    for shift in (0, 1, 4):
        together = torch.cat([padded(codes, min(shift, 40 - len(codes)), 40) for codes in sequences])
        torch.testing.assert_close(model(together), expected, rtol=1e-5, atol=1e-6)
        strands = torch.cat([both_strands(model, padded(codes, 0, len(codes))) for codes in sequences])
        torch.testing.assert_close(both_strands(model, together), strands, rtol=1e-5, atol=1e-6)
    turned = reverse_complement(together)
    backwards = torch.cat([model(reverse_complement(padded(codes, 0, len(codes)))) for codes in sequences])
    torch.testing.assert_close(model(turned), backwards, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(plain(together), expected), "without the mask it leaks"


def test_variable_by_itself_on_sequences_of_different_lengths(tmp_path: Path) -> None:
    """`variable` data train a model that leaves padding out; it needed --set variable=true."""
    rng = np.random.default_rng(0)
    lines = [f">s{i}\n{''.join(rng.choice(list('ACGT'), 20 + i % 9))}\n" for i in range(60)]
    (tmp_path / "s.fa").write_text("".join(lines))
    dataset = open_dataset(tmp_path / "s.fa", variable=True)
    small = Recipe(epochs=1, hyperparameters={"units": 3, "dimension": 4})
    assert train("kegru", dataset, tmp_path / "run", recipe=small).model.hyperparameters["variable"] is True
    told = replace(small, hyperparameters={**small.hyperparameters, "variable": False})
    assert train("kegru", dataset, tmp_path / "told", recipe=told).model.hyperparameters["variable"] is False
    plain = open_dataset(tmp_path / "s.fa", length=20)
    assert not train("kegru", plain, tmp_path / "plain", recipe=small).model.hyperparameters.get("variable")


def test_padding_has_no_gradient() -> None:
    torch.manual_seed(0)
    model = build("kegru", length=40, units=6, dimension=5, variable=True)
    codes = np.random.default_rng(1).integers(0, 4, 12)
    model(padded(codes, 0, 40)).sum().backward()
    assert model.embedding.weight.grad[4**5].abs().max() == 0, "the token of unknown bases is not read"


def test_unknown_bases_within_stay_and_nothing_known_is_finite() -> None:
    model = build("kegru", length=20, units=3, dimension=4, variable=True).eval()
    codes = np.array([0, 1, 4, 4, 2, 3, 0, 1, 2, 3])
    a, b = model(padded(codes, 0, 10)), model(padded(codes, 3, 20))
    torch.testing.assert_close(a, b)
    assert torch.isfinite(model(torch.zeros(2, 4, 20))).all()
