"""The layer behind attention sees the sequence from the first step on."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from motiflens.models.attended_gain import scale_attended
from motiflens.models.registry import build

SIZES: dict[str, Any] = {"length": 60, "kernels": 4, "kernel_size": 5, "pool": 4, "units": 3, "dense": 4}


@pytest.mark.parametrize(
    ("name", "options", "readers"),
    [
        ("tbinet", {}, ["lstm"]),
        ("danq", {}, []),
        ("deepgrn", {}, ["lstms.0"]),
        ("deepgrn", {"lstm_layers": 2}, ["lstms.0"]),
        ("deepgrn", {"attention": "pairwise"}, []),
        ("deepgrn", {"position": "after"}, ["feature"]),
        ("deepgrn", {"attention": "single1d"}, []),
        ("deepgrn", {"attention": "none"}, []),
        ("deepgrn", {"attention": "ensemble"}, ["members.0.lstms.0"]),
        ("deepbind", {"kernels": 4}, []),
    ],
)
def test_only_the_input_weights_of_readers_change(name: str, options: Any, readers: list[str]) -> None:
    sizes = SIZES if name != "deepbind" else {"length": 60}
    torch.manual_seed(0)
    model = build(name, **sizes, **options)
    before = {key: value.clone() for key, value in model.named_parameters()}
    scale_attended(model, 7.0)
    for key, value in model.named_parameters():
        read = any(key.startswith(f"{reader}.weight_ih") or key == f"{reader}.weight" for reader in readers)
        assert torch.equal(value, before[key] * (7.0 if read else 1.0)), key


def test_gain_undoes_what_flat_attention_divides_by() -> None:
    torch.manual_seed(0)
    model = build("tbinet", length=400, kernels=16, kernel_size=8, pool=4, units=8, dense=8).eval()
    x = torch.eye(4)[torch.randint(0, 4, (64, 400))].transpose(1, 2)
    flat = model(x).std()
    scale_attended(model, 98.0)  # positions
    assert model(x).std() > 20 * flat
