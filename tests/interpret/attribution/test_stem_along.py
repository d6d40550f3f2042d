"""What windows of a genome share is computed once, and equals what each gives by itself."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.allele_logits import AlleleLogits
from motiflens.interpret.attribution.edits import Edits
from motiflens.interpret.attribution.stem import Stem, find_stem
from motiflens.models import build

LENGTH = 60


def genome(channels: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    bases = torch.eye(4)[torch.randint(0, 4, (400,), generator=generator)].T
    return torch.cat([bases, torch.rand(channels - 4, 400, generator=generator)])


def stem_of(name: str, channels: int = 4) -> Stem:
    torch.manual_seed(0)
    sizes = {
        "deepsea": {"kernels": (8, 10, 12), "kernel_size": 4, "pool": 2, "dense": 16},
        "cnn_zeng": {"kernels": 6, "kernel_size": 8},
    }
    model = build(name, length=LENGTH, channels=channels, **sizes[name]).eval()
    stem = find_stem(model, genome(channels)[None, :, :LENGTH].contiguous(), None)
    assert stem is not None
    return stem


@pytest.mark.parametrize("channels", [4, 6])
@pytest.mark.parametrize("name", ["deepsea", "cnn_zeng"])
@pytest.mark.parametrize(
    "starts",
    [[0, 4, 8, 40], [3, 3, 5, 64, 200, 201, 320], [10, 100, 200], [50, 20, 24, 28]],
    ids=["near", "mixed", "apart", "unordered"],
)
def test_equals_each_by_itself(name: str, starts: list[int], channels: int) -> None:
    stem, bases = stem_of(name, channels), genome(channels)
    x = torch.stack([bases[:, start : start + LENGTH] for start in starts])
    with torch.no_grad():
        found = stem.outputs_along(x, torch.tensor(starts))
        torch.testing.assert_close(found, stem.outputs(x), rtol=0, atol=1e-6)


def test_windows_that_do_not_agree_are_computed_each() -> None:
    stem, bases = stem_of("cnn_zeng"), genome()
    x = torch.stack([bases[:, start : start + LENGTH] for start in (0, 8)])
    x[1, :, 10] = torch.tensor([0.0, 0, 0, 0])
    with torch.no_grad():
        torch.testing.assert_close(stem.outputs_along(x, torch.tensor([0, 8])), stem.outputs(x), rtol=0, atol=1e-6)


def test_padding_is_each_windows_own() -> None:
    stem = Stem(
        (find_stem(nn.Sequential(nn.Conv1d(4, 3, 5, padding=2), nn.Flatten()), genome()[None], None)).steps
    )  # type: ignore[union-attr]
    x = torch.stack([genome()[:, start : start + LENGTH] for start in (0, 8)])
    with torch.no_grad():
        torch.testing.assert_close(stem.outputs_along(x, torch.tensor([0, 8])), stem.outputs(x), rtol=0, atol=1e-6)


def test_shared_windows_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """80 windows that lie a base apart cost a tenth of their bases."""
    torch.manual_seed(0)
    model = build("cnn_zeng", length=LENGTH, kernels=6, kernel_size=8).eval()
    starts = torch.arange(80).flip(0)
    x = torch.stack([genome()[:, start : start + LENGTH] for start in starts])
    rows, at = torch.arange(80), torch.full((80,), 30)
    edits = Edits(rows, at, 1, lambda index, there: there.roll(1, dims=1))
    engine = AlleleLogits(model, target=0, batch_size=16)
    engine(x, edits, None, starts)
    positions = []
    run = Stem._run
    monkeypatch.setattr(Stem, "_run", lambda self, h: positions.append(h.shape[0] * h.shape[2]) or run(self, h))
    before, after = engine(x, edits, None, starts)
    changed = x.clone()
    changed[:, :, 30] = changed[:, :, 30].roll(1, dims=1)
    with torch.no_grad():
        torch.testing.assert_close(before, model(x)[:, 0], rtol=0, atol=1e-6)
        torch.testing.assert_close(after, model(changed)[:, 0], rtol=0, atol=1e-6)
    assert sum(positions) == 5 * (LENGTH + 15) + 80 * 15  # stretches, and what an edit reaches
