"""Exported programs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.models.published.import_program.modules import CASES

Exported = tuple[nn.Module, Path]


def export(name: str, path: Path, how: str = "static") -> nn.Module:
    """Write the program of a case; return the module it was made of."""
    case = CASES[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = case.make().eval()
        for buffer in model.buffers():
            if buffer.is_floating_point():
                buffer.uniform_(0.5, 1.5)
    examples = tuple(torch.rand(2, *shape) for shape in case.shapes)
    shapes: Any = None if how == "static" else tuple({0: torch.export.Dim("windows")} for _ in examples)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(model, examples, dynamic_shapes=shapes)
        torch.export.save(program.run_decompositions() if how == "decomposed" else program, path)
    return model


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Exported]:
    """Module and file of a case, made once: (name, how) with static, open or decomposed."""
    folder = tmp_path_factory.mktemp("programs")
    made: dict[tuple[str, str], Exported] = {}

    def get(name: str, how: str = "static") -> Exported:
        if (name, how) not in made:
            path = folder / f"{name}_{how}.pt2"
            made[name, how] = export(name, path, how), path
        return made[name, how]

    return get


def logits(name: str, model: nn.Module, given: tuple[Tensor, ...]) -> list[Tensor]:
    """Heads of the module that was exported, each before its sigmoid or softmax (up to a constant)."""
    with torch.no_grad():
        heads = model(*given)
    listed = (
        list(heads.values()) if isinstance(heads, dict) else [heads] if isinstance(heads, Tensor) else list(heads)
    )
    if not CASES[name].probabilities:
        return listed
    return [head.logit() if head.shape[-1] == 1 else head.log() for head in listed]
