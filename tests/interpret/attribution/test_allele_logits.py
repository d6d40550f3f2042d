"""Logits of windows before and after edits: equal to whole passes, whatever follows the stem."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from motiflens.interpret.attribution.allele_logits import AlleleLogits
from motiflens.interpret.attribution.edits import Edits
from motiflens.models import build


class InPlace(nn.Module):
    """What follows the stem works in place on the stem's output."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.dense = nn.Conv1d(4, 6, 5), nn.Linear(6 * 28, 2)

    def forward(self, x: Tensor) -> Tensor:
        h = functional.relu(self.conv(x), inplace=True)
        return self.dense(functional.max_pool1d(h, 2).flatten(1))


def windows(count: int, length: int) -> Tensor:
    codes = torch.randint(0, 4, (count, length), generator=torch.Generator().manual_seed(0))
    return torch.eye(4)[codes].transpose(1, 2).contiguous()


@pytest.mark.parametrize("shared", [False, True], ids=["an edit each", "several edits of a window"])
@pytest.mark.parametrize("name", ["in place", "deepsea", "deepbind", "danq"])
def test_equals_whole_passes(name: str, shared: bool) -> None:
    torch.manual_seed(0)
    small = {
        "deepsea": {"kernels": (8, 10, 12), "kernel_size": 4, "pool": 2, "dense": 16},
        "deepbind": {"kernel_size": 8},
        "danq": {"kernels": 8, "kernel_size": 8, "pool": 4, "units": 6, "dense": 12},
    }
    model = (
        InPlace().eval() if name == "in place" else build(name, length=60, outputs=2, **small.get(name, {})).eval()
    )
    x = windows(80, 60)
    rows = torch.arange(80) // (2 if shared else 1)
    starts = torch.randint(0, 57, (80,), generator=torch.Generator().manual_seed(1))
    letters = windows(80, 3).flip(0)
    engine = AlleleLogits(model, target=1, batch_size=32)
    before, after = engine(x, Edits(rows, starts, 3, lambda index, _: letters[index]), None)
    edited = x[rows].clone()
    for one, start in enumerate(starts.tolist()):
        edited[one, :, start : start + 3] = letters[one]
    with torch.no_grad():
        torch.testing.assert_close(before, model(x)[:, 1], rtol=0, atol=1e-5)
        torch.testing.assert_close(after, model(edited)[:, 1], rtol=0, atol=1e-5)
    part = engine.parts[0][0] if engine.parts else engine
    assert part.stem is not None
